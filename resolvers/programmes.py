"""How programmes are answered: which are listed, their slippage, and fleets as of an instant."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.programmes import fleet as unit_rules
from domain.programmes import phases
from domain.programmes.phases import PhaseState
from domain.programmes.tables import Equipment, EquipmentState, EquipmentStatus, Milestone, Programme, ProgrammePhase
from resolvers.customers import localised, today
from resolvers.planner.declare import NOW
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def slippage_days(milestone: sa.FromClause) -> sa.ColumnElement[Any]:
    """Days a milestone came late, or is late today; 0 when it is not."""
    late = sa.func.coalesce(milestone.c.actual_on, today()) - milestone.c.planned_on
    days = sa.type_coerce(late, sa.Integer())
    # Not greatest(): it ignores nulls, and reads worse.
    return sa.case((days < 0, 0), else_=days)


def phase_state(span: sa.FromClause) -> sa.ColumnElement[Any]:
    """Over, present, or to come."""
    return sa.case(
        (span.c.actual_until.is_not(None), literal(PhaseState.DONE.value)),
        (span.c.actual_from.is_not(None), literal(PhaseState.NOW.value)),
        else_=literal(PhaseState.PLANNED.value),
    )


def phase_starts_on(span: sa.FromClause) -> sa.ColumnElement[Any]:
    """The day a phase began, or can begin at the earliest: as planned, and not before today."""
    return sa.func.coalesce(span.c.actual_from, sa.func.greatest(span.c.planned_from, today()))


def phase_ends_on(span: sa.FromClause) -> sa.ColumnElement[Any]:
    """The day a phase ended, or can end at the earliest: as planned, and not before today."""
    return sa.func.coalesce(span.c.actual_until, sa.func.greatest(span.c.planned_until, today()))


def phase_slippage_days(span: sa.FromClause) -> sa.ColumnElement[Any]:
    """Days a phase ended late, or is late today; 0 when it is not."""
    days = sa.type_coerce(sa.func.coalesce(span.c.actual_until, today()) - span.c.planned_until, sa.Integer())
    return sa.case((days < 0, 0), else_=days)


def programme_slippage_days(programme: sa.FromClause) -> sa.ColumnElement[Any]:
    """The most days that a milestone of a programme is late today; 0 when none that is still to come is late."""
    milestone = Milestone.__table__.alias()
    days = sa.type_coerce(today() - sa.func.min(milestone.c.planned_on), sa.Integer())
    most = sa.select(sa.case((days > 0, days), else_=0)).where(
        milestone.c.programme_id == programme.c.id, milestone.c.actual_on.is_(None)
    )
    return most.correlate(programme).scalar_subquery()


def reached_or_not(milestone: sa.FromClause, *, reached: Bound = None) -> sa.ColumnElement[bool]:
    """Milestones that were reached, that were not, or all."""
    return sa.true() if reached is None else milestone.c.actual_on.is_not(None) == reached


def milestones(milestone: sa.FromClause, *, reached: Bound = None, late: Bound = None) -> sa.ColumnElement[bool]:
    """Milestones of all programmes, by whether they were reached, and whether they are late today."""
    conditions = [reached_or_not(milestone, reached=reached)]
    if late is not None:
        is_late = sa.and_(milestone.c.actual_on.is_(None), milestone.c.planned_on < today())
        conditions.append(is_late == late)
    return sa.and_(*conditions)


def programmes(programme: sa.FromClause, *, phase: Bound = None, domain: Bound = None) -> sa.ColumnElement[bool]:
    """Programmes in a phase, of a domain 领域."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if phase is not None:
        conditions.append(programme.c.phase == phase)
    if domain is not None:
        conditions.append(programme.c.domain == domain)
    return sa.and_(*conditions)


def equipment(
    unit: sa.FromClause, *, programme: Bound = None, status: Bound = None, serial_number: Bound = None
) -> sa.ColumnElement[bool]:
    """Units of a programme, by status, or by the beginning of a serial number."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if programme is not None:
        conditions.append(unit.c.programme_id == programme)
    if status is not None:
        conditions.append(unit.c.status == status)
    if serial_number is not None:
        conditions.append(sa.func.starts_with(unit.c.serial_number, serial_number))
    return sa.and_(*conditions)


def in_force(source: sa.FromClause, *, at: Bound = None) -> sa.ColumnElement[bool]:
    """What held at an instant; now unless told."""
    moment = NOW if at is None else at
    return sa.and_(source.c.valid_from <= moment, sa.or_(source.c.valid_until.is_(None), source.c.valid_until > moment))


def states(state: sa.FromClause, *, at: Bound = None) -> sa.ColumnElement[bool]:
    """Every state a unit was in, or the one at an instant."""
    return sa.true() if at is None else in_force(state, at=at)


def fleet(
    state: sa.FromClause,
    *,
    at: Bound = None,
    programmes: Bound = None,
    statuses: Bound = None,
    serial_number: Bound = None,
) -> sa.ColumnElement[bool]:
    """The state of every unit at an instant: of some programmes, in some states, by the beginning of a serial number."""
    conditions = [in_force(state, at=at)]
    if programmes is not None:
        conditions.append(state.c.programme_id == sa.any_(sa.type_coerce(programmes, sa.ARRAY(sa.Uuid()))))
    if statuses is not None:
        conditions.append(state.c.status == sa.any_(sa.type_coerce(statuses, sa.ARRAY(sa.Text()))))
    if serial_number is not None:
        unit = Equipment.__table__.alias()
        named = sa.select(unit.c.id).where(sa.func.starts_with(unit.c.serial_number, serial_number))
        conditions.append(state.c.equipment_id.in_(named))
    return sa.and_(*conditions)


def fleet_counts(**filter: Bound) -> sa.Select[*tuple[Any, ...]]:
    """How many units were in each status at an instant."""
    state = EquipmentState.__table__.alias("held")
    counts: sa.Select[*tuple[Any, ...]] = (
        sa.select(state.c.status, sa.func.count().label("units"))
        .where(fleet(state, **filter))
        .group_by(state.c.status)
        .order_by(state.c.status)
    )
    return counts


def fleet_by_programme(**filter: Bound) -> sa.Select[*tuple[Any, ...]]:
    """How many units of each programme there were at an instant."""
    state, programme = EquipmentState.__table__.alias("held"), Programme.__table__.alias("of")
    counts: sa.Select[*tuple[Any, ...]] = (
        sa.select(state.c.programme_id, sa.func.count().label("units"))
        .join(programme, programme.c.id == state.c.programme_id)
        .where(fleet(state, **filter))
        .group_by(state.c.programme_id, programme.c.code)
        .order_by(programme.c.code)
    )
    return counts


def ever(_: sa.FromClause) -> sa.ColumnElement[bool]:
    """All there was, in force or not."""
    return sa.true()


def changed_of(unit: sa.FromClause, *, programme: Bound = None) -> sa.ColumnElement[bool]:
    """Units of one programme, or of any."""
    return sa.true() if programme is None else unit.c.programme_id == programme


async def advance_phase(act: Act, *, programme: UUID, version: int, phase: ProgrammePhase, on: dt.date) -> UUID:
    """See `domain.programmes.phases`."""
    return await phases.advance_phase(
        act.session, act.now, act.new_id, programme_id=programme, version=version, phase=phase, on=on
    )


async def reach_milestone(act: Act, *, milestone: UUID, on: dt.date) -> UUID:
    """See `domain.programmes.phases`."""
    return await phases.reach_milestone(act.session, act.now, act.new_id, milestone_id=milestone, on=on)


async def record_equipment_state(
    act: Act,
    *,
    equipment: UUID,
    version: int,
    status: EquipmentStatus,
    at: dt.datetime,
    reason: str,
    location: str | None = None,
    operating_hours: int | None = None,
) -> UUID:
    """See `domain.programmes.fleet`."""
    return await unit_rules.record_equipment_state(
        act.session,
        act.now,
        act.new_id,
        equipment_id=equipment,
        version=version,
        status=status,
        at=at,
        reason=reason,
        location=location,
        operating_hours=operating_hours,
    )


async def change_configuration(
    act: Act, *, equipment: UUID, version: int, slot: str, part_number: str, revision: str, at: dt.datetime
) -> UUID:
    """See `domain.programmes.fleet`."""
    return await unit_rules.change_configuration(
        act.session,
        act.now,
        act.new_id,
        equipment_id=equipment,
        version=version,
        slot=slot,
        part_number=part_number,
        revision=revision,
        at=at,
    )
