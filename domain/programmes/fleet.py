"""The rules of a unit's record: its state and its configuration through time. Nothing that was is overwritten."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, not_in_future, text_of
from domain.programmes.tables import ConfigurationItem, Equipment, EquipmentState, EquipmentStatus
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.outbox import append, event_about

TEXT_CHARACTERS_MAX = 500
PART_CHARACTERS_MAX = 100


async def record_equipment_state(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    equipment_id: UUID,
    version: int,
    status: EquipmentStatus,
    at: dt.datetime,
    reason: str,
    location: str | None = None,
    operating_hours: int | None = None,
) -> UUID:
    """Record the state a unit came into at an instant; the state before ends there. Hours of use never fall."""
    unit = await seen(session, equipment_id, version)
    moment = not_in_future(at, now, "at")
    hours = unit.operating_hours if operating_hours is None else operating_hours
    if hours < unit.operating_hours:
        raise Refusal("COUNTER_FALLS", ("operating_hours",), least=unit.operating_hours)
    if unit.status is EquipmentStatus.RETIRED:
        raise Refusal("RETIRED", ("equipment",))
    open_state = await session.scalar(
        sa.select(EquipmentState).where(EquipmentState.equipment_id == unit.id, EquipmentState.valid_until.is_(None))
    )
    if open_state is not None:
        if moment <= open_state.valid_from:
            raise Refusal("BEFORE_START", ("at",))
        open_state.valid_until = moment
        await session.flush()  # one open state a unit: the old one ends before the new one begins
    place = unit.location if location is None else text_of(location, "location", TEXT_CHARACTERS_MAX)
    session.add(
        EquipmentState(
            id=new_id(),
            equipment_id=unit.id,
            programme_id=unit.programme_id,
            customer_id=unit.customer_id,
            status=status,
            location=place,
            operating_hours=hours,
            reason=text_of(reason, "reason", TEXT_CHARACTERS_MAX),
            valid_from=moment,
            valid_until=None,
            classification=unit.classification,
            compartments=unit.compartments,
        )
    )
    unit.status, unit.location, unit.operating_hours = status, place, hours
    return await changed(session, unit, now, new_id)


async def change_configuration(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    equipment_id: UUID,
    version: int,
    slot: str,
    part_number: str,
    revision: str,
    at: dt.datetime,
) -> UUID:
    """Put a part into a slot of a unit at an instant; what stood there before ends there."""
    unit = await seen(session, equipment_id, version)
    moment = not_in_future(at, now, "at")
    name = text_of(slot, "slot", PART_CHARACTERS_MAX)
    standing = await session.scalar(
        sa.select(ConfigurationItem).where(
            ConfigurationItem.equipment_id == unit.id,
            ConfigurationItem.slot == name,
            ConfigurationItem.valid_until.is_(None),
        )
    )
    if standing is not None:
        if moment <= standing.valid_from:
            raise Refusal("BEFORE_START", ("at",))
        standing.valid_until = moment
    session.add(
        ConfigurationItem(
            id=new_id(),
            equipment_id=unit.id,
            customer_id=unit.customer_id,
            slot=name,
            part_number=text_of(part_number, "part_number", PART_CHARACTERS_MAX),
            revision=text_of(revision, "revision", PART_CHARACTERS_MAX),
            valid_from=moment,
            valid_until=None,
            classification=unit.classification,
            compartments=unit.compartments,
        )
    )
    return await changed(session, unit, now, new_id)


async def seen(session: AsyncSession, equipment_id: UUID, version: int) -> Equipment:
    """The unit, locked, if it is still as the caller has seen it."""
    unit = await existing(session, Equipment, equipment_id, "equipment", lock=True)
    if unit.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=unit.version)
    return unit


async def changed(session: AsyncSession, unit: Equipment, now: dt.datetime, new_id: Ids) -> UUID:
    """Count the change and tell of it."""
    unit.version += 1
    unit.updated_at = now
    event = event_about(
        unit, "equipment.changed", now, new_id, subject_id=unit.id, customer_id=unit.customer_id, payload={}
    )
    await append(session, event)
    return unit.id
