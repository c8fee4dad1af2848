"""Logging an interaction."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.interactions import complete_follow_up, log_interaction
from domain.customers.tables import Customer, Interaction, InteractionKind, Participant
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.outbox import OutboxEvent
from tests.domain.customers.accounts import NOW, contact, customer, employee, new_id, staff, stored


async def log(session: AsyncSession, of: Customer, **changes: Any) -> Interaction:
    given: dict[str, Any] = {
        "customer_id": of.id,
        "kind": InteractionKind.VISIT,
        "at": NOW - dt.timedelta(hours=1),
        "subject": " 交付进度 ",
        "summary": "客户关注交付时间。",
    }
    key = await log_interaction(session, staff(), NOW, new_id, **(given | changes))
    found = await session.get(Interaction, key)
    assert found is not None
    return found


async def test_keeps_what_was_said_and_who_was_there_and_tells_of_it(session: AsyncSession) -> None:
    known, serving = customer(), employee()
    there = contact(known)
    await stored(session, known, serving, there)
    logged = await log(session, known, contact_ids=[there.id], employee_ids=[serving.id, serving.id])
    assert logged.subject == "交付进度"
    assert logged.classification is Classification.INTERNAL
    parties = list(await session.scalars(sa.select(Participant).where(Participant.interaction_id == logged.id)))
    assert {(each.contact_id, each.employee_id) for each in parties} == {(there.id, None), (None, serving.id)}
    assert {each.customer_id for each in parties} == {known.id}
    event = await session.scalar(sa.select(OutboxEvent).where(OutboxEvent.subject_id == logged.id))
    assert event is not None
    assert (event.kind, event.customer_id, event.classification) == (
        "interaction.logged",
        known.id,
        Classification.INTERNAL,
    )


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"subject": " "}, "EMPTY", ("subject",)),
        ({"subject": "长" * 201}, "TOO_LONG", ("subject",)),
        ({"at": NOW + dt.timedelta(seconds=1)}, "IN_FUTURE", ("at",)),
        ({"at": dt.datetime(2026, 1, 1)}, "TIME_WITHOUT_ZONE", ("at",)),  # noqa: DTZ001 - what is refused
        ({"follow_up_on": NOW.date()}, "EMPTY", ("follow_up",)),
        ({"follow_up": "回访", "follow_up_on": dt.date(2020, 1, 1)}, "BEFORE_START", ("follow_up_on",)),
        ({"customer_id": new_id()}, "NOT_FOUND", ("customer",)),
        ({"contact_ids": [new_id()]}, "NOT_FOUND", ("contacts",)),
        ({"employee_ids": [new_id()]}, "NOT_FOUND", ("employees",)),
        ({"employee_ids": [new_id() for _ in range(51)]}, "TOO_MANY", ("contacts",)),
        ({"classification": Classification.TOP_SECRET}, "ABOVE_CLEARANCE", ("classification",)),
        ({"classification": Classification.PUBLIC}, "BELOW_SUBJECT", ("classification",)),
        ({"compartments": ["K-7"]}, "OUTSIDE_COMPARTMENTS", ("compartments",)),
    ],
)
async def test_refuses(session: AsyncSession, changes: dict[str, Any], code: str, path: tuple[str, ...]) -> None:
    known = customer()
    await stored(session, known)
    with pytest.raises(Refusal) as refused:
        await log(session, known, **changes)
    assert (refused.value.code, refused.value.path) == (code, path)


async def test_another_customers_contact_is_no_contact(session: AsyncSession) -> None:
    known, other = customer(), customer(name="别家")
    there = contact(other)
    await stored(session, known, other, there)
    with pytest.raises(Refusal) as refused:
        await log(session, known, contact_ids=[there.id])
    assert refused.value.path == ("contacts",)


async def test_a_follow_up_is_completed_once(session: AsyncSession) -> None:
    known = customer()
    await stored(session, known)
    logged = await log(session, known, follow_up="送样机", follow_up_on=NOW.date())
    await complete_follow_up(session, NOW, new_id, interaction_id=logged.id)
    assert logged.followed_up_at == NOW
    with pytest.raises(Refusal) as again:
        await complete_follow_up(session, NOW, new_id, interaction_id=logged.id)
    assert again.value.code == "ALREADY_FOLLOWED_UP"
    plain = await log(session, known)
    with pytest.raises(Refusal) as nothing:
        await complete_follow_up(session, NOW, new_id, interaction_id=plain.id)
    assert nothing.value.code == "NOTHING_TO_FOLLOW_UP"
