"""Tables of stores: places with hours, what is open when, and appointments in slots that are made from the hours."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.customers.tables import Customer, Employee, Region
from domain.shop.tables import Product, StockLocation
from foundation.tables import Table, labels
from segments.audiences import CONSUMER, ENTERPRISE
from segments.policies import OWNER, STAFF_OR_SYSTEM, Rows, all_of, any_of, owned, seen_by

GUESTS = seen_by(CONSUMER, ENTERPRISE)
# What guests may look at; staff write it.
SHOWN = Rows(any_of(STAFF_OR_SYSTEM, GUESTS), classified=False)


class StoreDay(enum.Enum):
    """A day of the week, or a public holiday, on which its own hours hold instead."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"
    HOLIDAY = "HOLIDAY"


class AppointmentSubject(enum.Enum):
    """What somebody comes for: to try a product, to be advised, or to have something looked at."""

    EXPERIENCE = "EXPERIENCE"
    ADVICE = "ADVICE"
    SERVICE = "SERVICE"


class AppointmentStatus(enum.Enum):
    """What became of an appointment."""

    BOOKED = "BOOKED"
    CANCELLED = "CANCELLED"
    ATTENDED = "ATTENDED"
    MISSED = "MISSED"


class Store(Table):
    """A place where goods can be seen, tried and bought. Coordinates are WGS 84 in millionths of a degree.

    Slots are `slot_minutes` long and take `slot_capacity` guests each; they can be booked `book_days_max` days ahead and
    cancelled until `cancel_hours_min` hours before. Whatever is sold lies at `location`.
    """

    __tablename__ = "store"
    __rows__ = SHOWN
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("location_id"),
        CheckConstraint("latitude_microdegrees between -90000000 and 90000000", "latitude"),
        CheckConstraint("longitude_microdegrees between -180000000 and 180000000", "longitude"),
        CheckConstraint("slot_minutes between 5 and 480 and slot_capacity between 1 and 1000", "slots"),
        CheckConstraint("cancel_hours_min >= 0 and book_days_max between 1 and 90", "booking"),
        Index("ix_store_region", "region_id", "code", "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    region_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("region.id"))
    location_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stock_location.id"))
    address: Mapped[str]
    address_en: Mapped[str | None]
    phone: Mapped[str]
    latitude_microdegrees: Mapped[int]
    longitude_microdegrees: Mapped[int]
    time_zone: Mapped[str]
    slot_minutes: Mapped[int]
    slot_capacity: Mapped[int]
    cancel_hours_min: Mapped[int]
    book_days_max: Mapped[int]
    opened_until: Mapped[dt.date | None]  # the last day that openings and slots have been made for
    version: Mapped[int] = mapped_column(default=1)
    region: Mapped[Region] = relationship(lazy="raise")
    location: Mapped[StockLocation] = relationship(lazy="raise")
    hours: Mapped[list[StoreHours]] = relationship(lazy="raise", back_populates="store")
    special_days: Mapped[list[StoreSpecialDay]] = relationship(lazy="raise", back_populates="store")
    openings: Mapped[list[StoreOpening]] = relationship(lazy="raise", back_populates="store")
    slots: Mapped[list[AppointmentSlot]] = relationship(lazy="raise", back_populates="store")
    employees: Mapped[list[StoreEmployee]] = relationship(lazy="raise", back_populates="store")
    appointments: Mapped[list[Appointment]] = relationship(lazy="raise", back_populates="store")


class StoreHours(Table):
    """A span of a weekday, or of public holidays, in which a store is open, in minutes of the local day.

    A day may have several, and one without any is closed.
    """

    __tablename__ = "store_hours"
    __rows__ = SHOWN
    __table_args__ = (
        CheckConstraint("0 <= opens_minute and opens_minute < closes_minute and closes_minute <= 1440", "span"),
        Index("ix_store_hours_store", "store_id", "position", "id"),
    )

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("store.id"))
    position: Mapped[int]  # from Monday on, and by when it opens
    day: Mapped[StoreDay] = mapped_column(labels(StoreDay, "day"))
    opens_minute: Mapped[int]
    closes_minute: Mapped[int]
    store: Mapped[Store | None] = relationship(lazy="raise", back_populates="hours")


class StoreSpecialDay(Table):
    """A date on which a store is closed, or open from one minute of the day to another, whatever else its hours say."""

    __tablename__ = "store_special_day"
    __rows__ = SHOWN
    __table_args__ = (
        UniqueConstraint("store_id", "day"),
        CheckConstraint(
            "(opens_minute is null and closes_minute is null) or coalesce(0 <= opens_minute "
            "and opens_minute < closes_minute and closes_minute <= 1440, false)",
            "span",
        ),
    )

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("store.id"))
    day: Mapped[dt.date]
    opens_minute: Mapped[int | None]
    closes_minute: Mapped[int | None]
    reason: Mapped[str]
    reason_en: Mapped[str | None]
    store: Mapped[Store | None] = relationship(lazy="raise", back_populates="special_days")


class StoreOpening(Table):
    """A span in which a store is open, with all that a calendar says; made from the hours for the days to come."""

    __tablename__ = "store_opening"
    __rows__ = SHOWN
    __table_args__ = (
        UniqueConstraint("store_id", "opens_at"),
        CheckConstraint("closes_at > opens_at", "span"),
    )

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("store.id"))
    day: Mapped[dt.date]
    opens_at: Mapped[dt.datetime]
    closes_at: Mapped[dt.datetime]
    holiday: Mapped[bool]
    store: Mapped[Store | None] = relationship(lazy="raise", back_populates="openings")


class StoreEmployee(Table):
    """Somebody who works at a store."""

    __tablename__ = "store_employee"
    __rows__ = Rows(STAFF_OR_SYSTEM, classified=False)
    __table_args__ = (UniqueConstraint("store_id", "employee_id"), Index("ix_store_employee_employee", "employee_id"))

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("store.id"))
    employee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("employee.id"))
    store: Mapped[Store | None] = relationship(lazy="raise", back_populates="employees")
    employee: Mapped[Employee | None] = relationship(lazy="raise")


class AppointmentSlot(Table):
    """A span for which guests can be expected. `taken` is counted by the database with each appointment.

    One that is `retired` fits the store's hours or the length of its slots no more: who is expected there still is, and
    nobody joins them, also when somebody cancels.
    """

    __tablename__ = "appointment_slot"
    __rows__ = Rows(any_of(OWNER, STAFF_OR_SYSTEM, GUESTS), any_of(OWNER, STAFF_OR_SYSTEM), classified=False)
    __table_args__ = (
        UniqueConstraint("store_id", "starts_at"),
        CheckConstraint("ends_at > starts_at", "span"),
        CheckConstraint("taken between 0 and capacity", "taken"),
        Index("ix_appointment_slot_day", "store_id", "day", "starts_at"),
    )

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("store.id"))
    day: Mapped[dt.date]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    retired: Mapped[bool] = mapped_column(default=False)
    store: Mapped[Store | None] = relationship(lazy="raise", back_populates="slots")


class Appointment(Table):
    """A guest is expected at a store, once in a slot. `starts_at` and `ends_at` are the slot's.

    A trigger counts the slot's places, so that no more guests are expected than it takes, whoever writes at the same time.
    """

    __tablename__ = "appointment"
    __rows__ = Rows(
        any_of(STAFF_OR_SYSTEM, all_of(GUESTS, owned())),
        any_of(STAFF_OR_SYSTEM, all_of(GUESTS, owned())),
        classified=False,
        owner="customer_id",
    )
    __table_args__ = (
        CheckConstraint("(subject = 'EXPERIENCE') = (product_id is not null)", "product"),
        CheckConstraint("(status = 'BOOKED') = (ended_at is null)", "ended"),
        Index(
            "uq_appointment_slot", "slot_id", "customer_id", unique=True, postgresql_where=text("status <> 'CANCELLED'")
        ),
        Index("ix_appointment_order", text("starts_at desc"), "id"),
        Index("ix_appointment_customer", "customer_id", text("starts_at desc"), "id"),
        Index("ix_appointment_store", "store_id", text("starts_at desc"), "id"),
    )

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("store.id"))
    slot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("appointment_slot.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("product.id"))
    number: Mapped[str]
    subject: Mapped[AppointmentSubject] = mapped_column(labels(AppointmentSubject, "subject"))
    note: Mapped[str | None]
    status: Mapped[AppointmentStatus] = mapped_column(labels(AppointmentStatus, "status"))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    booked_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    store: Mapped[Store | None] = relationship(lazy="raise", back_populates="appointments")
    slot: Mapped[AppointmentSlot | None] = relationship(lazy="raise")
    customer: Mapped[Customer | None] = relationship(lazy="raise")
    product: Mapped[Product | None] = relationship(lazy="raise")
