"""The progress of a programme."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.programmes.phases import advance_phase, reach_milestone
from domain.programmes.tables import PhaseSpan, Programme, ProgrammePhase
from foundation.refusals import Refusal
from segments.outbox import OutboxEvent
from tests.domain.customers.accounts import DAY, NOW, new_id
from tests.domain.programmes.units import planned_milestone, started_programme


async def advance(
    session: AsyncSession,
    programme: Programme,
    phase: ProgrammePhase = ProgrammePhase.DEVELOPMENT,
    on: dt.date = DAY,
    version: int = 1,
) -> None:
    await advance_phase(session, NOW, new_id, programme_id=programme.id, version=version, phase=phase, on=on)
    await session.refresh(programme)


async def test_the_next_phase_begins_the_day_this_one_ends(session: AsyncSession) -> None:
    programme = await started_programme(session)
    await advance(session, programme)
    spans = {
        span.phase: (span.actual_from, span.actual_until)
        for span in await session.scalars(sa.select(PhaseSpan).where(PhaseSpan.programme_id == programme.id))
    }
    assert programme.phase is ProgrammePhase.DEVELOPMENT
    assert spans == {ProgrammePhase.PRE_RESEARCH: (DAY, DAY), ProgrammePhase.DEVELOPMENT: (DAY, None)}
    event = await session.scalar(sa.select(OutboxEvent).where(OutboxEvent.subject_id == programme.id))
    assert event is not None
    assert (event.kind, event.compartments) == ("programme.phase_advanced", ["K-7"])


async def test_refuses_to_skip_to_go_back_or_to_come_too_early(session: AsyncSession) -> None:
    programme = await started_programme(session)
    for change, code in (
        ({"phase": ProgrammePhase.PRODUCTION}, "NOT_THE_NEXT_PHASE"),
        ({"phase": ProgrammePhase.PRE_RESEARCH}, "NOT_THE_NEXT_PHASE"),
        ({"on": DAY + dt.timedelta(days=2)}, "IN_FUTURE"),
        ({"on": DAY - dt.timedelta(days=1)}, "BEFORE_START"),
        ({"version": 3}, "CHANGED_MEANWHILE"),
    ):
        with pytest.raises(Refusal) as refused:
            await advance(session, programme, **change)
        assert refused.value.code == code


async def test_a_phase_ends_when_its_milestones_are_reached(session: AsyncSession) -> None:
    programme = await started_programme(session)
    milestone = await planned_milestone(session, programme)
    with pytest.raises(Refusal) as refused:
        await advance(session, programme)
    assert refused.value.code == "MILESTONES_UNREACHED"
    await reach_milestone(session, NOW, new_id, milestone_id=milestone.id, on=DAY)
    await advance(session, programme, version=2)
    with pytest.raises(Refusal) as again:
        await reach_milestone(session, NOW, new_id, milestone_id=milestone.id, on=DAY)
    assert again.value.code == "ALREADY_REACHED"
