"""The rules of a programme's progress: from phase to phase, and from milestone to milestone."""

from __future__ import annotations

import datetime as dt
import enum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing
from domain.programmes.tables import Milestone, PhaseSpan, Programme, ProgrammePhase
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.outbox import OutboxEvent, append, event_about

PHASES = tuple(ProgrammePhase)


class PhaseState(enum.Enum):
    """Where a programme stands with a phase: it is over, it is the present one, or it is to come."""

    DONE = "DONE"
    NOW = "NOW"
    PLANNED = "PLANNED"


async def advance_phase(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    programme_id: UUID,
    version: int,
    phase: ProgrammePhase,
    on: dt.date,
) -> UUID:
    """Take a programme into its next phase on a day that has come.

    Phases are passed in order, none is skipped, and each milestone of the phase that ends has been reached.
    """
    programme = await existing(session, Programme, programme_id, "programme", lock=True)
    if programme.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=programme.version)
    if PHASES.index(phase) != PHASES.index(programme.phase) + 1:
        raise Refusal("NOT_THE_NEXT_PHASE", ("phase",))
    if on > now.date() + dt.timedelta(days=1):
        raise Refusal("IN_FUTURE", ("on",))
    unreached = sa.exists().where(
        Milestone.programme_id == programme_id, Milestone.phase == programme.phase, Milestone.actual_on.is_(None)
    )
    if await session.scalar(sa.select(unreached)):
        raise Refusal("MILESTONES_UNREACHED", ("phase",))
    await turn_span(session, programme, phase, on)
    programme.phase = phase
    programme.version += 1
    programme.updated_at = now
    await append(session, programme_event(programme, "programme.phase_advanced", now, new_id))
    return programme.id


async def turn_span(session: AsyncSession, programme: Programme, phase: ProgrammePhase, on: dt.date) -> None:
    """Close the span of the phase that ends and open the next one's, where the programme has planned them."""
    spans = {
        span.phase: span
        for span in await session.scalars(sa.select(PhaseSpan).where(PhaseSpan.programme_id == programme.id))
    }
    ending = spans.get(programme.phase)
    if ending is not None:
        if ending.actual_from is not None and on < ending.actual_from:
            raise Refusal("BEFORE_START", ("on",))
        ending.actual_until = on
    if phase in spans:
        spans[phase].actual_from = on


async def reach_milestone(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, milestone_id: UUID, on: dt.date
) -> UUID:
    """Note the day on which a milestone was reached; it is reached once. Returns the milestone's key."""
    milestone = await existing(session, Milestone, milestone_id, "milestone", lock=True)
    if milestone.actual_on is not None:
        raise Refusal("ALREADY_REACHED", ("milestone",), on=milestone.actual_on.isoformat())
    if on > now.date() + dt.timedelta(days=1):
        raise Refusal("IN_FUTURE", ("on",))
    programme = await existing(session, Programme, milestone.programme_id, "milestone", lock=True)
    milestone.actual_on = on
    programme.version += 1
    programme.updated_at = now
    await append(session, programme_event(programme, "programme.milestone_reached", now, new_id))
    return milestone.id


def programme_event(programme: Programme, kind: str, now: dt.datetime, new_id: Ids) -> OutboxEvent:
    """An event about a programme, guarded like the programme."""
    return event_about(
        programme,
        kind,
        now,
        new_id,
        subject_id=programme.id,
        customer_id=programme.customer_id,
        payload={"phase": programme.phase.value},
    )
