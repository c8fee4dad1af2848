"""Tables of customers: organisations and people of all segments, who serves them, and what was said."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.tables import Table, labels
from segments.classification import Classified
from segments.policies import ANYBODY, PERSON, STAFF_OR_SYSTEM, SYSTEM, Rows, any_of, own_rows


class Segment(enum.Enum):
    """The four kinds of customer; each is served through its own view."""

    MILITARY = "MILITARY"
    GOVERNMENT = "GOVERNMENT"
    ENTERPRISE = "ENTERPRISE"
    CONSUMER = "CONSUMER"


class CustomerKind(enum.Enum):
    """An organisation 单位 or a natural person 个人."""

    ORGANISATION = "ORGANISATION"
    PERSON = "PERSON"


class CustomerStatus(enum.Enum):
    """Where the relation stands."""

    PROSPECT = "PROSPECT"
    ACTIVE = "ACTIVE"
    DORMANT = "DORMANT"
    CLOSED = "CLOSED"


class TeamRole(enum.Enum):
    """What an employee does for an account; one account manager 客户经理 at a time, others as needed."""

    ACCOUNT_MANAGER = "ACCOUNT_MANAGER"
    SALES = "SALES"
    TECHNICAL = "TECHNICAL"
    SERVICE = "SERVICE"


class InteractionKind(enum.Enum):
    """How people met: 走访 visit, 电话 call, 会议 meeting, 座谈会 forum, 消息 message."""

    VISIT = "VISIT"
    CALL = "CALL"
    MEETING = "MEETING"
    FORUM = "FORUM"
    MESSAGE = "MESSAGE"


SEGMENT = labels(Segment, "segment")


class Region(Table):
    """A province or city by its GB/T 2260 code (six digits; a province ends in 0000, a city in 00)."""

    __tablename__ = "region"
    __rows__ = Rows(ANYBODY, SYSTEM, classified=False)
    __table_args__ = (UniqueConstraint("code"),)

    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("region.id"))
    parent: Mapped[Region | None] = relationship(lazy="raise", remote_side="Region.id", back_populates="cities")
    cities: Mapped[list[Region]] = relationship(lazy="raise", back_populates="parent")


class Employee(Table):
    """Somebody of the enterprise whom customers meet. Customers may see names and work numbers, nothing private."""

    __tablename__ = "employee"
    __rows__ = Rows(any_of(SYSTEM, f"{PERSON} is not null"), STAFF_OR_SYSTEM, classified=False)

    name: Mapped[str]
    name_en: Mapped[str | None]
    title: Mapped[str]
    department: Mapped[str]
    phone: Mapped[str]
    email: Mapped[str]


class Customer(Classified, Table):
    """An organisation or a person. Its segment moves only through `move_segment`, which keeps a record."""

    __tablename__ = "customer"
    __rows__ = own_rows("id")
    __table_args__ = (
        Index("ix_customer_order", "name", "id"),
        Index("ix_customer_segment", "segment", "name", "id"),
        Index("ix_customer_parent", "parent_id", "name", "id"),
    )

    kind: Mapped[CustomerKind] = mapped_column(labels(CustomerKind, "kind"))
    segment: Mapped[Segment] = mapped_column(SEGMENT)
    status: Mapped[CustomerStatus] = mapped_column(labels(CustomerStatus, "status"))
    name: Mapped[str]
    name_en: Mapped[str | None]
    unified_code: Mapped[str | None]  # 统一社会信用代码, 18 characters
    key_account: Mapped[bool]
    region_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("region.id"))
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("customer.id"))
    contact_days_max: Mapped[int | None]  # the agreed cadence: at most so many days between contacts
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    region: Mapped[Region | None] = relationship(lazy="raise")
    parent: Mapped[Customer | None] = relationship(lazy="raise", remote_side="Customer.id", back_populates="branches")
    branches: Mapped[list[Customer]] = relationship(lazy="raise", back_populates="parent")
    contacts: Mapped[list[Contact]] = relationship(lazy="raise", back_populates="customer")
    team: Mapped[list[TeamMember]] = relationship(lazy="raise", back_populates="customer")
    interactions: Mapped[list[Interaction]] = relationship(lazy="raise", back_populates="customer")
    segment_moves: Mapped[list[SegmentMove]] = relationship(lazy="raise", back_populates="customer")
    external_ids: Mapped[list[ExternalId]] = relationship(lazy="raise", back_populates="customer")


class Contact(Classified, Table):
    """A person at a customer's. Valid from a day until the day before `valid_until`."""

    __tablename__ = "contact"
    __rows__ = own_rows()
    __table_args__ = (Index("ix_contact_customer", "customer_id", "name", "id"),)

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    name: Mapped[str]
    title: Mapped[str]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    valid_from: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]
    customer: Mapped[Customer | None] = relationship(lazy="raise", back_populates="contacts")


class TeamMember(Classified, Table):
    """An employee serving an account 专属服务团队, from a day until the day before `valid_until`."""

    __tablename__ = "team_member"
    __rows__ = own_rows()
    __table_args__ = (
        CheckConstraint("valid_until is null or valid_until >= valid_from", "period"),
        Index("ix_team_member_customer", "customer_id", "valid_from", "id"),
        Index("ix_team_member_employee", "employee_id", "valid_from", "id"),
        # With the row's guard: a key without it would refuse a manager because of one whom the writer may not see.
        Index(
            "uq_team_member_manager",
            "customer_id",
            "classification",
            "compartments",
            unique=True,
            postgresql_where=text("role = 'ACCOUNT_MANAGER' and valid_until is null"),
        ),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    employee_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("employee.id"))
    role: Mapped[TeamRole] = mapped_column(labels(TeamRole, "role"))
    valid_from: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]
    customer: Mapped[Customer | None] = relationship(lazy="raise", back_populates="team")
    employee: Mapped[Employee | None] = relationship(lazy="raise")


class Interaction(Classified, Table):
    """A visit, call, meeting, forum or message with a customer, and what is to follow from it."""

    __tablename__ = "interaction"
    __rows__ = own_rows()
    __table_args__ = (
        Index("ix_interaction_customer", "customer_id", text("at desc"), "id"),
        Index("ix_interaction_order", text("at desc"), "id"),
        Index(
            "ix_interaction_open",
            "customer_id",
            "follow_up_on",
            postgresql_where=text("follow_up is not null and followed_up_at is null"),
        ),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    kind: Mapped[InteractionKind] = mapped_column(labels(InteractionKind, "kind"))
    at: Mapped[dt.datetime]
    subject: Mapped[str]
    summary: Mapped[str]  # staff's own words, never shown to the customer
    recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    follow_up: Mapped[str | None]
    follow_up_on: Mapped[dt.date | None]
    followed_up_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    customer: Mapped[Customer | None] = relationship(lazy="raise", back_populates="interactions")
    recorded_by: Mapped[Employee | None] = relationship(lazy="raise")
    participants: Mapped[list[Participant]] = relationship(lazy="raise", back_populates="interaction")


class Participant(Classified, Table):
    """Somebody who took part: a contact of the customer's or an employee, exactly one of them."""

    __tablename__ = "participant"
    __rows__ = own_rows()
    __table_args__ = (
        CheckConstraint("num_nonnulls(contact_id, employee_id) = 1", "one_party"),
        Index("ix_participant_interaction", "interaction_id", "id"),
    )

    interaction_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interaction.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    contact_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contact.id"))
    employee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    interaction: Mapped[Interaction | None] = relationship(lazy="raise", back_populates="participants")
    contact: Mapped[Contact | None] = relationship(lazy="raise")
    employee: Mapped[Employee | None] = relationship(lazy="raise")


class SegmentMove(Classified, Table):
    """The record of a customer's move from one segment to another: who, when, why."""

    __tablename__ = "segment_move"
    __rows__ = Rows(STAFF_OR_SYSTEM, append_only=True)
    __table_args__ = (Index("ix_segment_move_customer", "customer_id", text("at desc"), "id"),)

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    from_segment: Mapped[Segment] = mapped_column(labels(Segment, "from_segment"))
    to_segment: Mapped[Segment] = mapped_column(labels(Segment, "to_segment"))
    reason: Mapped[str]
    moved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    at: Mapped[dt.datetime]
    customer: Mapped[Customer | None] = relationship(lazy="raise", back_populates="segment_moves")
    moved_by: Mapped[Employee | None] = relationship(lazy="raise")


class SourceSystem(Table):
    """A system that facts came from, such as a department's old database or an imported file."""

    __tablename__ = "source_system"
    __rows__ = Rows(STAFF_OR_SYSTEM, classified=False)
    __table_args__ = (UniqueConstraint("code"),)

    code: Mapped[str]
    name: Mapped[str]


class ExternalId(Classified, Table):
    """What another system calls a customer."""

    __tablename__ = "external_id"
    __rows__ = Rows(STAFF_OR_SYSTEM)
    __table_args__ = (
        UniqueConstraint("source_system_id", "value"),
        Index("ix_external_id_customer", "customer_id", "id"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    source_system_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("source_system.id"))
    value: Mapped[str]
    customer: Mapped[Customer | None] = relationship(lazy="raise", back_populates="external_ids")
    source_system: Mapped[SourceSystem | None] = relationship(lazy="raise")
