"""How programmes are answered: which are listed, their slippage, and fleets as of an instant."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.programmes import fleet as unit_rules
from domain.programmes import phases
from domain.programmes.tables import EquipmentState, EquipmentStatus, ProgrammePhase
from resolvers.customers import localised, today
from resolvers.planner.declare import NOW
from resolvers.planner.mutations import Act

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


def fleet(state: sa.FromClause, *, at: Bound = None, programme: Bound = None) -> sa.ColumnElement[bool]:
    """The state of every unit at an instant, of one programme or of all."""
    held = in_force(state, at=at)
    return held if programme is None else sa.and_(held, state.c.programme_id == programme)


def fleet_counts(*, at: Bound = None, programme: Bound = None) -> sa.Select[*tuple[Any, ...]]:
    """How many units were in each status at an instant."""
    state = EquipmentState.__table__.alias("held")
    counts: sa.Select[*tuple[Any, ...]] = (
        sa.select(state.c.status, sa.func.count().label("units"))
        .where(fleet(state, at=at, programme=programme))
        .group_by(state.c.status)
        .order_by(state.c.status)
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
