"""Stores 线下体验店 and appointments there as guests and staff see them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.orders.tables import OrderStatus
from domain.stores import tables
from domain.stores.tables import AppointmentStatus, AppointmentSubject, StoreDay
from resolvers.planner.declare import by_id, by_key, listing, optional, related, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from resolvers.stores import keeping
from resolvers.stores import reading as answers
from schema.customers import Customer, Employee, Region
from schema.shop import Product, StockLocation
from segments.audiences import CONSUMER, ENTERPRISE, STAFF
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.orders import Order

GUESTS = (CONSUMER, ENTERPRISE)
SERVE = Needs("stores:serve", by=(STAFF,))
MANAGE = Needs("stores:manage")
BOOK = Needs("appointments:book", by=GUESTS)

publish_enum(StoreDay, *GUESTS, STAFF)
publish_enum(AppointmentSubject, *GUESTS, STAFF)
publish_enum(AppointmentStatus, *GUESTS, STAFF)


@For(*GUESTS, STAFF)
@row(tables.StoreHours, order=("position",))
class StoreHours(Node):
    """A span of a weekday, or of public holidays, in which a store is open. 营业时间。"""

    day: StoreDay
    opens: str = sql(answers.opens)
    closes: str = sql(answers.closes)


@For(*GUESTS, STAFF)
@row(tables.StoreSpecialDay, order=("day",))
class StoreSpecialDay(Node):
    """A date on which a store is closed, or open otherwise than usual. 特殊营业日。"""

    day: dt.date
    opens: str | None = sql(answers.opens)
    closes: str | None = sql(answers.closes)
    reason: str = sql(answers.reason)


@For(*GUESTS, STAFF)
@row(tables.StoreOpening, order=("opens_at",))
class StoreOpening(Node):
    """A span in which a store is open, with public holidays and special days taken in. 开门时段。"""

    day: dt.date
    opens_at: dt.datetime
    closes_at: dt.datetime
    holiday: bool


@For(*GUESTS, STAFF)
@row(tables.AppointmentSlot, order=("starts_at",))
class AppointmentSlot(Node):
    """A span for which guests can book. 预约时段。"""

    day: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    places_left: int = sql(answers.places_left)
    bookable: bool = sql(answers.can_be_booked)
    capacity: Annotated[int, For(STAFF)]
    taken: Annotated[int, For(STAFF)]
    retired: Annotated[bool, For(STAFF)]
    store: Store | None


@For(STAFF)
@row(tables.StoreEmployee)
class StoreEmployee(Node):
    """Somebody who works at a store. 门店店员。"""

    employee: Employee | None
    store: Store | None


@For(*GUESTS, STAFF)
@row(tables.Store, order=("code",))
class Store(Node):
    """A place where goods can be seen, tried and bought. 线下体验店。"""

    code: str
    name: str = sql(answers.name)
    name_zh: Annotated[str, For(STAFF)] = sql(answers.chinese_name)
    name_en: Annotated[str | None, For(STAFF)]
    region: Region
    address: str = sql(answers.address)
    address_zh: Annotated[str, For(STAFF)] = sql(answers.chinese_address)
    address_en: Annotated[str | None, For(STAFF)]
    phone: str
    latitude: Decimal = sql(answers.latitude)
    longitude: Decimal = sql(answers.longitude)
    distance_metres: int | None = sql(answers.distance_metres, latitude=Decimal, longitude=Decimal)
    time_zone: str
    open_now: bool = sql(answers.open_now)
    open_until: dt.datetime | None = sql(answers.open_until)
    hours: list[StoreHours]
    special_days: Connection[StoreSpecialDay] = related(answers.special_days, since=optional(dt.date))
    openings: Connection[StoreOpening] = related(answers.openings, since=optional(dt.date), until=optional(dt.date))
    slots: Connection[AppointmentSlot] = related(answers.slots, day=optional(dt.date), bookable=optional(bool))
    slot_minutes: int
    slot_capacity: Annotated[int, For(STAFF)]
    cancel_hours_min: int
    book_days_max: int
    location: Annotated[StockLocation, For(STAFF)]
    expected_today: Annotated[int, For(STAFF)] = sql(answers.expected_today)
    employees: Annotated[list[StoreEmployee], For(STAFF)]
    sales: Annotated[Connection[Annotated[Order, strawberry.lazy("schema.orders")]], For(STAFF)] = related(
        answers.sales, status=optional(OrderStatus)
    )
    open_sales: Annotated[Connection[Annotated[Order, strawberry.lazy("schema.orders")]], For(STAFF)] = related(
        answers.open_sales, relation="sales"
    )
    works_here: Annotated[bool, For(STAFF)] = sql(answers.works_there)
    appointments: Annotated[Connection[Appointment], For(STAFF)] = related(answers.of_day, day=optional(dt.date))
    version: Annotated[int, For(STAFF)]


@For(*GUESTS, STAFF)
@SERVE
@row(tables.Appointment, order=("-starts_at",))
class Appointment(Node):
    """A guest is expected at a store. 到店预约。"""

    number: str
    subject: AppointmentSubject
    note: str | None
    status: AppointmentStatus
    starts_at: dt.datetime
    ends_at: dt.datetime
    booked_at: dt.datetime
    ended_at: dt.datetime | None
    cancellable: bool = sql(answers.cancellable)
    store: Store | None
    slot: AppointmentSlot | None
    product: Product | None
    customer: Annotated[Customer | None, For(STAFF)]


@For(*GUESTS, STAFF)
@strawberry.input
class StoreFilter:
    """Which stores to list. 门店筛选条件。

    `latitude`, `longitude` and `kilometres` together ask for the stores around a point.
    """

    text: str | None = None
    region: Annotated[strawberry.ID | None, Of("Region")] = None
    open_now: bool | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    kilometres: int | None = None
    mine: Annotated[bool | None, For(STAFF)] = None


@For(*GUESTS, STAFF)
@strawberry.input
class AppointmentFilter:
    """Which appointments to list. 预约筛选条件。"""

    store: Annotated[strawberry.ID | None, Of("Store")] = None
    status: AppointmentStatus | None = None
    upcoming: bool | None = None
    starts_from: dt.datetime | None = None
    starts_before: dt.datetime | None = None


@strawberry.type
class StoresQuery:
    """Root fields of stores."""

    store: Annotated[Store | None, For(*GUESTS, STAFF)] = by_key(code=str)
    stores: Annotated[Connection[Store], For(*GUESTS, STAFF)] = listing(answers.stores, filter=optional(StoreFilter))
    appointment_slot: Annotated[AppointmentSlot | None, For(*GUESTS, STAFF)] = by_id()
    appointment: Annotated[Appointment | None, For(*GUESTS, STAFF)] = by_id()
    appointments: Annotated[Connection[Appointment], For(*GUESTS, STAFF)] = listing(
        answers.appointments, filter=optional(AppointmentFilter)
    )


@For(*GUESTS)
@strawberry.input
class BookAppointmentInput:
    """Which slot, and what for; who comes to try a product names it. 预约到店。"""

    slot: Annotated[strawberry.ID, Of("AppointmentSlot")]
    subject: AppointmentSubject
    product: Annotated[strawberry.ID | None, Of("Product")] = strawberry.UNSET
    note: str | None = strawberry.UNSET


@For(*GUESTS, STAFF)
@strawberry.input
class CancelAppointmentInput:
    """Which appointment is not wanted any more. 取消预约。"""

    appointment: Annotated[strawberry.ID, Of("Appointment")]


@For(STAFF)
@strawberry.input
class SettleAppointmentInput:
    """Whether a guest came. 登记到店情况。"""

    appointment: Annotated[strawberry.ID, Of("Appointment")]
    attended: bool


@For(*GUESTS, STAFF)
@strawberry.type
class AppointmentPayload:
    """The appointment as it is now, or why nothing was changed. 预约结果。"""

    appointment: Appointment | None
    errors: list[UserError]


@For(STAFF)
@strawberry.input
class RegisterStoreInput:
    """A new store. Coordinates are degrees of WGS 84 with six decimals at most; code and time zone stay. 登记门店。"""

    code: str
    name: str
    name_en: str | None = strawberry.UNSET
    region: Annotated[strawberry.ID, Of("Region")]
    address: str
    address_en: str | None = strawberry.UNSET
    phone: str
    latitude: Decimal
    longitude: Decimal
    time_zone: str
    slot_minutes: int
    slot_capacity: int
    cancel_hours_min: int
    book_days_max: int


@For(STAFF)
@strawberry.input
class ChangeStoreInput:
    """What changes of a store, as its editor has seen it; what is left out stays. 修改门店资料。

    Whoever is booked stays booked at the time they were told, whatever the length of slots is then.
    """

    store: Annotated[strawberry.ID, Of("Store")]
    version: int
    name: str | None = strawberry.UNSET
    name_en: str | None = strawberry.UNSET
    region: Annotated[strawberry.ID | None, Of("Region")] = strawberry.UNSET
    address: str | None = strawberry.UNSET
    address_en: str | None = strawberry.UNSET
    phone: str | None = strawberry.UNSET
    latitude: Decimal | None = strawberry.UNSET
    longitude: Decimal | None = strawberry.UNSET
    slot_minutes: int | None = strawberry.UNSET
    slot_capacity: int | None = strawberry.UNSET
    cancel_hours_min: int | None = strawberry.UNSET
    book_days_max: int | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class StoreEmployeeInput:
    """Who works at which store, or does no more. 门店店员。"""

    store: Annotated[strawberry.ID, Of("Store")]
    employee: Annotated[strawberry.ID, Of("Employee")]


@For(STAFF)
@strawberry.input
class StoreHoursInput:
    """A span from one time of the day to another, such as 09:30 to 24:00; without times it is closed then. 营业时间。"""

    day: StoreDay
    opens: str | None = strawberry.UNSET
    closes: str | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class SetStoreHoursInput:
    """All hours of a store's week, and of public holidays where they differ. 设置营业时间。"""

    store: Annotated[strawberry.ID, Of("Store")]
    version: int
    hours: list[StoreHoursInput]


@For(STAFF)
@strawberry.input
class SetStoreSpecialDayInput:
    """A date on which other hours hold; without times the store is closed. 设置特殊营业日。"""

    store: Annotated[strawberry.ID, Of("Store")]
    version: int
    day: dt.date
    opens: str | None = strawberry.UNSET
    closes: str | None = strawberry.UNSET
    reason: str
    reason_en: str | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class ClearStoreSpecialDayInput:
    """A date on which the usual hours hold again. 取消特殊营业日。"""

    store: Annotated[strawberry.ID, Of("Store")]
    version: int
    day: dt.date


@For(STAFF)
@strawberry.type
class StorePayload:
    """The store as it is now, or why nothing was changed. 门店修改结果。"""

    store: Store | None
    errors: list[UserError]


@strawberry.type
class StoresMutation:
    """Changes of stores and appointments."""

    book_appointment: Annotated[AppointmentPayload, For(*GUESTS), BOOK] = mutation(
        keeping.book_appointment, BookAppointmentInput, AppointmentPayload
    )
    cancel_appointment: Annotated[AppointmentPayload, For(*GUESTS, STAFF), BOOK, SERVE] = mutation(
        keeping.cancel_appointment, CancelAppointmentInput, AppointmentPayload
    )
    settle_appointment: Annotated[AppointmentPayload, For(STAFF), SERVE] = mutation(
        keeping.settle_appointment, SettleAppointmentInput, AppointmentPayload
    )
    register_store: Annotated[StorePayload, For(STAFF), MANAGE] = mutation(
        keeping.register_store, RegisterStoreInput, StorePayload, idempotent=True
    )
    change_store: Annotated[StorePayload, For(STAFF), MANAGE] = mutation(
        keeping.change_store, ChangeStoreInput, StorePayload
    )
    assign_store_employee: Annotated[StorePayload, For(STAFF), MANAGE] = mutation(
        keeping.assign_store_employee, StoreEmployeeInput, StorePayload
    )
    remove_store_employee: Annotated[StorePayload, For(STAFF), MANAGE] = mutation(
        keeping.remove_store_employee, StoreEmployeeInput, StorePayload
    )
    set_store_hours: Annotated[StorePayload, For(STAFF), MANAGE] = mutation(
        keeping.set_store_hours, SetStoreHoursInput, StorePayload
    )
    set_store_special_day: Annotated[StorePayload, For(STAFF), MANAGE] = mutation(
        keeping.set_store_special_day, SetStoreSpecialDayInput, StorePayload
    )
    clear_store_special_day: Annotated[StorePayload, For(STAFF), MANAGE] = mutation(
        keeping.clear_store_special_day, ClearStoreSpecialDayInput, StorePayload
    )
