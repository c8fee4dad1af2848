"""The record of a unit through time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.programmes.fleet import change_configuration, record_equipment_state
from domain.programmes.tables import ConfigurationItem, Equipment, EquipmentState, EquipmentStatus
from foundation.refusals import Refusal
from segments.outbox import OutboxEvent
from tests.domain.customers.accounts import NOW, new_id
from tests.domain.programmes.units import delivered_unit

HOUR = dt.timedelta(hours=1)


async def record(session: AsyncSession, unit: Equipment, **changes: Any) -> None:
    given: dict[str, Any] = {
        "equipment_id": unit.id,
        "version": unit.version,
        "status": EquipmentStatus.IN_REPAIR,
        "at": NOW - HOUR,
        "reason": "云台故障",
    }
    await record_equipment_state(session, NOW, new_id, **(given | changes))
    await session.refresh(unit)


async def states(session: AsyncSession, unit: Equipment) -> list[tuple[object, ...]]:
    found = sa.select(EquipmentState).where(EquipmentState.equipment_id == unit.id).order_by(EquipmentState.valid_from)
    return [(each.status, each.valid_from, each.valid_until) for each in await session.scalars(found)]


async def test_a_state_ends_where_the_next_begins(session: AsyncSession) -> None:
    unit = await delivered_unit(session)
    await record(session, unit, operating_hours=12)
    await record(session, unit, status=EquipmentStatus.READY, at=NOW, reason="修复", location="成都")
    assert await states(session, unit) == [
        (EquipmentStatus.IN_REPAIR, NOW - HOUR, NOW),
        (EquipmentStatus.READY, NOW, None),
    ]
    assert (unit.status, unit.location, unit.operating_hours, unit.version) == (EquipmentStatus.READY, "成都", 12, 3)
    events = await session.scalars(sa.select(OutboxEvent.kind).where(OutboxEvent.subject_id == unit.id))
    assert list(events) == ["equipment.changed"] * 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 9}, "CHANGED_MEANWHILE"),
        ({"at": NOW + HOUR}, "IN_FUTURE"),
        ({"at": NOW - 3 * HOUR}, "BEFORE_START"),
        ({"operating_hours": 3}, "COUNTER_FALLS"),
        ({"reason": ""}, "EMPTY"),
        ({"equipment_id": new_id()}, "NOT_FOUND"),
    ],
)
async def test_refuses_a_state(session: AsyncSession, changes: dict[str, Any], code: str) -> None:
    unit = await delivered_unit(session)
    await record(session, unit, at=NOW - 2 * HOUR, operating_hours=10)
    with pytest.raises(Refusal) as refused:
        await record(session, unit, **changes)
    assert refused.value.code == code


async def test_a_retired_unit_stays_retired(session: AsyncSession) -> None:
    unit = await delivered_unit(session)
    await record(session, unit, status=EquipmentStatus.RETIRED)
    with pytest.raises(Refusal) as refused:
        await record(session, unit, status=EquipmentStatus.READY, at=NOW)
    assert refused.value.code == "RETIRED"


async def test_a_part_stands_in_its_slot_until_the_next(session: AsyncSession) -> None:
    unit = await delivered_unit(session)
    for number, at in (("GPS-1", NOW - HOUR), ("BDS-2", NOW)):
        await change_configuration(
            session,
            NOW,
            new_id,
            equipment_id=unit.id,
            version=unit.version,
            slot="导航",
            part_number=number,
            revision="A",
            at=at,
        )
        await session.refresh(unit)
    found = sa.select(ConfigurationItem).where(ConfigurationItem.equipment_id == unit.id)
    items = {(each.part_number, each.valid_from, each.valid_until) for each in await session.scalars(found)}
    assert items == {("GPS-1", NOW - HOUR, NOW), ("BDS-2", NOW, None)}
