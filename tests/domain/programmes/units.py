"""A programme and a unit for tests of their rules."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Segment
from domain.programmes.tables import Equipment, EquipmentStatus, Milestone, PhaseSpan, Programme, ProgrammePhase
from segments.classification import Classification
from tests.domain.customers.accounts import DAY, NOW, customer, new_id, stored

GUARDED = {"classification": Classification.SECRET, "compartments": ["K-7"]}


async def started_programme(session: AsyncSession) -> Programme:
    """A programme in pre-research with a planned span for it and for development."""
    served = customer(segment=Segment.MILITARY)
    programme = Programme(
        id=new_id(),
        customer_id=served.id,
        code=f"XH-{new_id()}",
        name="某型无人机",
        domain="无人机",
        summary="",
        phase=ProgrammePhase.PRE_RESEARCH,
        started_on=DAY,
        updated_at=NOW,
        **GUARDED,
    )
    spans = [
        PhaseSpan(
            id=new_id(),
            programme_id=programme.id,
            customer_id=served.id,
            phase=phase,
            planned_from=DAY,
            planned_until=DAY + dt.timedelta(days=90),
            actual_from=DAY if phase is ProgrammePhase.PRE_RESEARCH else None,
            **GUARDED,
        )
        for phase in (ProgrammePhase.PRE_RESEARCH, ProgrammePhase.DEVELOPMENT)
    ]
    await stored(session, served, programme, *spans)
    return programme


async def planned_milestone(session: AsyncSession, programme: Programme) -> Milestone:
    """A milestone of the phase the programme is in."""
    milestone = Milestone(
        id=new_id(),
        programme_id=programme.id,
        customer_id=programme.customer_id,
        name="方案评审",
        phase=programme.phase,
        planned_on=DAY,
        actual_on=None,
        **GUARDED,
    )
    await stored(session, milestone)
    return milestone


async def delivered_unit(session: AsyncSession) -> Equipment:
    """A unit that is ready and has no history yet."""
    programme = await started_programme(session)
    unit = Equipment(
        id=new_id(),
        programme_id=programme.id,
        customer_id=programme.customer_id,
        serial_number=f"SN-{new_id()}",
        model="M1",
        location="绵阳",
        status=EquipmentStatus.READY,
        delivered_on=DAY,
        operating_hours=0,
        updated_at=NOW,
        **GUARDED,
    )
    await stored(session, unit)
    return unit
