"""Changing a customer's profile and segment."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.profiles import move_segment, update_customer
from domain.customers.tables import CustomerKind, CustomerStatus, Segment, SegmentMove, TeamRole
from domain.customers.teams import Place, assign_account_team
from foundation.refusals import Refusal
from segments.outbox import OutboxEvent
from tests.domain.customers.accounts import DAY, NOW, customer, employee, new_id, staff, stored


async def test_changes_what_is_given_and_keeps_the_rest(session: AsyncSession) -> None:
    known = customer(name_en="Minjiang", contact_days_max=30)
    await stored(session, known)
    await update_customer(session, NOW, new_id, customer_id=known.id, version=1, name="新名", contact_days_max=None)
    await session.refresh(known)
    assert (known.name, known.name_en, known.contact_days_max, known.version) == ("新名", "Minjiang", None, 2)
    assert known.status is CustomerStatus.ACTIVE
    assert (
        await session.scalar(sa.select(OutboxEvent.kind).where(OutboxEvent.subject_id == known.id))
        == "customer.updated"
    )


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"version": 7}, "CHANGED_MEANWHILE", ("version",)),
        ({"name": ""}, "EMPTY", ("name",)),
        ({"contact_days_max": 0}, "OUT_OF_RANGE", ("contact_days_max",)),
        ({"region_id": new_id()}, "NOT_FOUND", ("region",)),
        ({"key_account": True}, "KEY_ACCOUNT_WITHOUT_MANAGER", ("key_account",)),
        ({"customer_id": new_id()}, "NOT_FOUND", ("customer",)),
    ],
)
async def test_refuses_a_change(
    session: AsyncSession, changes: dict[str, Any], code: str, path: tuple[str, ...]
) -> None:
    known = customer()
    await stored(session, known)
    with pytest.raises(Refusal) as refused:
        await update_customer(session, NOW, new_id, **({"customer_id": known.id, "version": 1} | changes))
    assert (refused.value.code, refused.value.path) == (code, path)


async def test_an_account_with_a_manager_can_become_a_key_account(session: AsyncSession) -> None:
    known, serving = customer(), employee()
    await stored(session, known, serving)
    places = [Place(serving.id, TeamRole.ACCOUNT_MANAGER)]
    await assign_account_team(session, NOW, new_id, customer_id=known.id, valid_from=DAY, places=places)
    await update_customer(session, NOW, new_id, customer_id=known.id, version=2, key_account=True)
    await session.refresh(known)
    assert known.key_account


async def test_a_move_between_segments_leaves_a_record(session: AsyncSession) -> None:
    known, serving = customer(), employee()
    await stored(session, known, serving)
    await move_segment(
        session, staff(serving), NOW, new_id, customer_id=known.id, to_segment=Segment.GOVERNMENT, reason="改制"
    )
    await session.refresh(known)
    move = await session.scalar(sa.select(SegmentMove).where(SegmentMove.customer_id == known.id))
    assert known.segment is Segment.GOVERNMENT
    assert move is not None
    assert (move.from_segment, move.to_segment, move.reason) == (Segment.ENTERPRISE, Segment.GOVERNMENT, "改制")
    assert (move.moved_by_id, move.at) == (serving.id, NOW)


@pytest.mark.parametrize(
    ("kind", "to_segment", "reason", "code"),
    [
        (CustomerKind.ORGANISATION, Segment.ENTERPRISE, "无", "ALREADY_IN_SEGMENT"),
        (CustomerKind.ORGANISATION, Segment.MILITARY, "  ", "EMPTY"),
        (CustomerKind.PERSON, Segment.MILITARY, "入伍", "SEGMENT_OF_ORGANISATIONS"),
    ],
)
async def test_refuses_a_move(
    session: AsyncSession, kind: CustomerKind, to_segment: Segment, reason: str, code: str
) -> None:
    known = customer(kind=kind)
    await stored(session, known)
    with pytest.raises(Refusal) as refused:
        await move_segment(session, staff(), NOW, new_id, customer_id=known.id, to_segment=to_segment, reason=reason)
    assert refused.value.code == code
