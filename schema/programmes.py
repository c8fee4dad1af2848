"""Programmes 装备型号 and equipment 装备 as clients see them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import strawberry

from domain.programmes import tables
from domain.programmes.phases import PhaseState
from domain.programmes.tables import EquipmentStatus, ProgrammePhase
from resolvers import programmes as answers
from resolvers.planner.declare import by_id, id_of, listing, optional, related, row, selected, sql, value
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from resolvers.planner.subscriptions import subscription
from schema.classification import Classification
from schema.customers import Customer, Employee, Region
from schema.money import Money
from segments.audiences import DIVISION, MILITARY, STAFF
from segments.marks import For, Needs, Of, publish_enum

publish_enum(ProgrammePhase, MILITARY, DIVISION, STAFF)
publish_enum(PhaseState, MILITARY, STAFF)
publish_enum(EquipmentStatus, MILITARY, STAFF)


@For(MILITARY, STAFF)
@row(tables.PhaseSpan, order=("planned_from",))
class PhaseSpan(Node):
    """A phase as planned and as it came. 阶段。"""

    phase: ProgrammePhase
    planned_from: dt.date
    planned_until: dt.date
    actual_from: dt.date | None
    actual_until: dt.date | None
    state: PhaseState = sql(answers.phase_state)
    starts_on: dt.date = sql(answers.phase_starts_on)
    ends_on: dt.date = sql(answers.phase_ends_on)
    slippage_days: int = sql(answers.phase_slippage_days)


@For(MILITARY, STAFF)
@row(tables.Milestone, order=("planned_on",))
class Milestone(Node):
    """A point planned for a day. 里程碑。"""

    name: str = sql(answers.name)
    phase: ProgrammePhase
    planned_on: dt.date
    actual_on: dt.date | None
    slippage_days: int = sql(answers.slippage_days)
    programme: Programme | None


@For(MILITARY, STAFF)
@row(tables.ConfigurationItem, order=("slot", "valid_from"))
class ConfigurationItem(Node):
    """What stood in a slot of a unit, and when. 技术状态项。"""

    slot: str
    part_number: str
    revision: str
    valid_from: dt.datetime
    valid_until: dt.datetime | None


@For(MILITARY, STAFF)
@row(tables.EquipmentState, order=("-valid_from",))
class EquipmentState(Node):
    """The state of a unit from an instant until another. 装备状态。"""

    status: EquipmentStatus
    location: str
    operating_hours: int
    reason: str
    valid_from: dt.datetime
    valid_until: dt.datetime | None
    classification: Classification
    equipment: Equipment | None


@For(MILITARY, STAFF)
@row(tables.Equipment, order=("serial_number",))
class Equipment(Node):
    """One delivered unit. 装备。"""

    serial_number: str
    model: str
    location: str
    status: EquipmentStatus
    delivered_on: dt.date
    operating_hours: int
    region: Region | None
    programme: Programme | None
    customer: Customer | None
    states: Connection[EquipmentState] = related(answers.states, at=optional(dt.datetime))
    configuration: Connection[ConfigurationItem] = related(answers.in_force, at=optional(dt.datetime))
    configuration_history: Connection[ConfigurationItem] = related(answers.ever, "configuration")
    classification: Classification
    compartments: list[str]
    version: Annotated[int, For(STAFF)]
    updated_at: dt.datetime


@For(MILITARY, DIVISION, STAFF)
@Needs("programmes:origin", by=(DIVISION,))
@row(tables.Programme, order=("code",))
class Programme(Node):
    """An equipment programme, from pre-research to retirement. 装备型号。"""

    code: str
    name: str = sql(answers.name)
    domain: str
    summary: Annotated[str, For(MILITARY, STAFF)]
    phase: ProgrammePhase
    started_on: Annotated[dt.date, For(MILITARY, STAFF)]
    customer: Annotated[Customer | None, For(MILITARY, STAFF)]
    chief: Annotated[Employee | None, For(MILITARY, STAFF)]
    phases: Annotated[list[PhaseSpan], For(MILITARY, STAFF)]
    milestones: Annotated[Connection[Milestone], For(MILITARY, STAFF)] = related(
        answers.reached_or_not, reached=optional(bool)
    )
    slippage_days: Annotated[int, For(MILITARY, STAFF)] = sql(answers.programme_slippage_days)
    equipment: Annotated[Connection[Equipment], For(MILITARY, STAFF)]
    cost: Annotated[Money | None, For(STAFF), Needs("programmes:cost")]
    classification: Classification
    compartments: Annotated[list[str], For(MILITARY, STAFF)]
    version: Annotated[int, For(STAFF)]
    updated_at: Annotated[dt.datetime, For(MILITARY, STAFF)]


@For(MILITARY, STAFF)
@strawberry.input
class ProgrammeFilter:
    """Which programmes to list. 型号筛选条件。"""

    phase: ProgrammePhase | None = None
    domain: str | None = None


@For(MILITARY, STAFF)
@strawberry.input
class EquipmentFilter:
    """Which units to list. 装备筛选条件。"""

    programme: Annotated[strawberry.ID | None, Of("Programme")] = None
    status: EquipmentStatus | None = None
    serial_number: str | None = None


@For(MILITARY, STAFF)
@value
class FleetCount:
    """How many units are in a status. 各状态装备数量。"""

    status: EquipmentStatus
    units: int


@For(MILITARY, STAFF)
@value
class ProgrammeFleet:
    """How many units a programme has. 各型号装备数量。"""

    programme: Programme | None
    units: int


# Which units, and as of when; now unless told.
FLEET: dict[str, Any] = {
    "at": optional(dt.datetime),
    "programmes": Annotated[list[strawberry.ID] | None, Of("Programme")],
    "statuses": optional(list[EquipmentStatus]),
    "serial_number": optional(str),
}


@strawberry.type
class ProgrammesQuery:
    """Root fields of programmes."""

    programme: Annotated[Programme | None, For(MILITARY, STAFF)] = by_id()
    programmes: Annotated[Connection[Programme], For(MILITARY, STAFF)] = listing(
        answers.programmes, filter=optional(ProgrammeFilter)
    )
    equipment: Annotated[Connection[Equipment], For(MILITARY, STAFF)] = listing(
        answers.equipment, filter=optional(EquipmentFilter)
    )
    milestones: Annotated[Connection[Milestone], For(MILITARY, STAFF)] = listing(
        answers.milestones, reached=optional(bool), late=optional(bool)
    )
    fleet: Annotated[Connection[EquipmentState], For(MILITARY, STAFF)] = listing(answers.fleet, **FLEET)
    fleet_counts: Annotated[list[FleetCount], For(MILITARY, STAFF)] = selected(answers.fleet_counts, **FLEET)
    fleet_by_programme: Annotated[list[ProgrammeFleet], For(MILITARY, STAFF)] = selected(
        answers.fleet_by_programme, **FLEET
    )


@For(STAFF)
@strawberry.input
class AdvancePhaseInput:
    """Which phase a programme enters, and on which day. 推进型号阶段。"""

    programme: Annotated[strawberry.ID, Of("Programme")]
    version: int
    phase: ProgrammePhase
    on: dt.date


@For(STAFF)
@strawberry.type
class AdvancePhasePayload:
    """The programme as it is now, or why it stays. 推进结果。"""

    programme: Programme | None
    errors: list[UserError]


@For(STAFF)
@strawberry.input
class ReachMilestoneInput:
    """Which milestone was reached, and on which day. 里程碑达成。"""

    milestone: Annotated[strawberry.ID, Of("Milestone")]
    on: dt.date


@For(STAFF)
@strawberry.type
class ReachMilestonePayload:
    """The milestone as it is now, or why nothing was noted. 达成结果。"""

    milestone: Milestone | None
    errors: list[UserError]


@For(STAFF)
@strawberry.input
class RecordEquipmentStateInput:
    """The state a unit came into, where, when and why. 登记装备状态。"""

    equipment: Annotated[strawberry.ID, Of("Equipment")]
    version: int
    status: EquipmentStatus
    at: dt.datetime
    reason: str
    location: str | None = strawberry.UNSET
    operating_hours: int | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class ChangeConfigurationInput:
    """What part now stands in a slot of a unit. 变更技术状态。"""

    equipment: Annotated[strawberry.ID, Of("Equipment")]
    version: int
    slot: str
    part_number: str
    revision: str
    at: dt.datetime


@For(STAFF)
@strawberry.type
class EquipmentPayload:
    """The unit as it is now, or why its record stays. 变更结果。"""

    equipment: Equipment | None
    errors: list[UserError]


@strawberry.type
class ProgrammesMutation:
    """Changes of programmes and equipment."""

    advance_phase: Annotated[AdvancePhasePayload, For(STAFF), Needs("programmes:write")] = mutation(
        answers.advance_phase, AdvancePhaseInput, AdvancePhasePayload
    )
    reach_milestone: Annotated[ReachMilestonePayload, For(STAFF), Needs("programmes:write")] = mutation(
        answers.reach_milestone, ReachMilestoneInput, ReachMilestonePayload
    )
    record_equipment_state: Annotated[EquipmentPayload, For(STAFF), Needs("equipment:write")] = mutation(
        answers.record_equipment_state, RecordEquipmentStateInput, EquipmentPayload
    )
    change_configuration: Annotated[EquipmentPayload, For(STAFF), Needs("equipment:write")] = mutation(
        answers.change_configuration, ChangeConfigurationInput, EquipmentPayload
    )


@strawberry.type
class ProgrammesSubscription:
    """Subscriptions of programmes."""

    equipment_changed: Annotated[Equipment, For(MILITARY, STAFF)] = subscription(
        "equipment.changed", where=answers.changed_of, programme=optional(id_of("Programme"))
    )
