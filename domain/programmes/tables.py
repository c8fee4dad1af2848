"""Tables of programmes: phases and milestones, and equipment with its state and configuration through time."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.customers.tables import Customer, Employee, Region
from foundation.tables import Table, labels
from segments.audiences import DIVISION
from segments.classification import Classified
from segments.policies import own_rows, seen_by


class ProgrammePhase(enum.Enum):
    """The life of a programme 全寿命周期: 预研, 研制, 生产, 交付, 维护保障, 退役."""

    PRE_RESEARCH = "PRE_RESEARCH"
    DEVELOPMENT = "DEVELOPMENT"
    PRODUCTION = "PRODUCTION"
    DELIVERY = "DELIVERY"
    SUPPORT = "SUPPORT"
    RETIRED = "RETIRED"


class EquipmentStatus(enum.Enum):
    """The state of a unit: 完好 ready, 在修 in repair, 升级中 upgrading, 停用 out of service, 退役 retired."""

    READY = "READY"
    IN_REPAIR = "IN_REPAIR"
    UPGRADING = "UPGRADING"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    RETIRED = "RETIRED"


class Programme(Classified, Table):
    """An equipment programme 装备型号, from pre-research to retirement. `customer` is the military customer it serves."""

    __tablename__ = "programme"
    __rows__ = own_rows("customer_id", seen_by(DIVISION))
    __table_args__ = (
        UniqueConstraint("code"),
        Index("ix_programme_order", "code", "id"),
        Index("ix_programme_customer", "customer_id", "code", "id"),
        Index("ix_programme_phase", "phase", "code", "id"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    chief_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    domain: Mapped[str]  # 领域, such as 无人机 or 通信
    summary: Mapped[str]
    phase: Mapped[ProgrammePhase] = mapped_column(labels(ProgrammePhase, "phase"))
    started_on: Mapped[dt.date]
    cost_amount: Mapped[int | None]
    cost_currency: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[dt.datetime]
    customer: Mapped[Customer | None] = relationship(lazy="raise")
    chief: Mapped[Employee | None] = relationship(lazy="raise")
    milestones: Mapped[list[Milestone]] = relationship(lazy="raise", back_populates="programme")
    phases: Mapped[list[PhaseSpan]] = relationship(lazy="raise", back_populates="programme")
    equipment: Mapped[list[Equipment]] = relationship(lazy="raise", back_populates="programme")


class PhaseSpan(Classified, Table):
    """One phase of a programme as planned and as it came; actual days are empty until they have come."""

    __tablename__ = "phase_span"
    __rows__ = own_rows()
    __table_args__ = (Index("ix_phase_span_programme", "programme_id", "planned_from", "id"),)

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    phase: Mapped[ProgrammePhase] = mapped_column(labels(ProgrammePhase, "phase"))
    planned_from: Mapped[dt.date]
    planned_until: Mapped[dt.date]
    actual_from: Mapped[dt.date | None]
    actual_until: Mapped[dt.date | None]
    programme: Mapped[Programme | None] = relationship(lazy="raise", back_populates="phases")


class Milestone(Classified, Table):
    """A point of a programme that was planned for a day; slippage is the days it came, or is, late."""

    __tablename__ = "milestone"
    __rows__ = own_rows()
    __table_args__ = (
        Index("ix_milestone_order", "planned_on", "id"),
        Index("ix_milestone_programme", "programme_id", "planned_on", "id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    name: Mapped[str]
    name_en: Mapped[str | None]
    phase: Mapped[ProgrammePhase] = mapped_column(labels(ProgrammePhase, "phase"))
    planned_on: Mapped[dt.date]
    actual_on: Mapped[dt.date | None]
    programme: Mapped[Programme | None] = relationship(lazy="raise", back_populates="milestones")


class Equipment(Classified, Table):
    """One delivered unit 装备, by serial number. Its state now is here; every state it had is in `EquipmentState`."""

    __tablename__ = "equipment"
    __rows__ = own_rows()
    __table_args__ = (
        UniqueConstraint("serial_number"),
        Index("ix_equipment_order", "serial_number", "id"),
        Index("ix_equipment_programme", "programme_id", "serial_number", "id"),
        Index("ix_equipment_customer", "customer_id", "serial_number", "id"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    region_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("region.id"))
    serial_number: Mapped[str]
    model: Mapped[str]
    location: Mapped[str]
    status: Mapped[EquipmentStatus] = mapped_column(labels(EquipmentStatus, "status"))
    delivered_on: Mapped[dt.date]
    operating_hours: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[dt.datetime]
    programme: Mapped[Programme | None] = relationship(lazy="raise", back_populates="equipment")
    customer: Mapped[Customer | None] = relationship(lazy="raise")
    region: Mapped[Region | None] = relationship(lazy="raise")
    states: Mapped[list[EquipmentState]] = relationship(lazy="raise", back_populates="equipment")
    configuration: Mapped[list[ConfigurationItem]] = relationship(lazy="raise", back_populates="equipment")


class EquipmentState(Classified, Table):
    """The state of a unit from an instant until another (open while current). Never edited but to close it."""

    __tablename__ = "equipment_state"
    __rows__ = own_rows()
    __table_args__ = (
        CheckConstraint("valid_until is null or valid_until > valid_from", "period"),
        Index("ix_equipment_state_equipment", "equipment_id", text("valid_from desc"), "id"),
        Index("ix_equipment_state_order", text("valid_from desc"), "id"),
        Index("ix_equipment_state_customer", "customer_id", text("valid_from desc"), "id"),
        # With the row's guard, so that it tells nothing of a state that the writer may not see.
        Index(
            "uq_equipment_state_open",
            "equipment_id",
            "classification",
            "compartments",
            unique=True,
            postgresql_where=text("valid_until is null"),
        ),
    )

    equipment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("equipment.id"))
    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programme.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    status: Mapped[EquipmentStatus] = mapped_column(labels(EquipmentStatus, "status"))
    location: Mapped[str]
    operating_hours: Mapped[int]
    reason: Mapped[str]
    valid_from: Mapped[dt.datetime]
    valid_until: Mapped[dt.datetime | None]
    equipment: Mapped[Equipment | None] = relationship(lazy="raise", back_populates="states")


class ConfigurationItem(Classified, Table):
    """What stood in a slot of a unit 技术状态 from an instant until another; the open ones are the baseline now."""

    __tablename__ = "configuration_item"
    __rows__ = own_rows()
    __table_args__ = (
        CheckConstraint("valid_until is null or valid_until > valid_from", "period"),
        Index("ix_configuration_item_equipment", "equipment_id", "slot", text("valid_from desc"), "id"),
    )

    equipment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("equipment.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customer.id"))
    slot: Mapped[str]
    part_number: Mapped[str]
    revision: Mapped[str]
    valid_from: Mapped[dt.datetime]
    valid_until: Mapped[dt.datetime | None]
    equipment: Mapped[Equipment | None] = relationship(lazy="raise", back_populates="configuration")
