"""The demonstration's points pools: companies whose people spend them up to a cap, and a gift between two members."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.tables import Person
from domain.points import ledger
from domain.points.balances import balance
from domain.points.programmes import open_pool, set_spender, settle_due
from domain.points.tables import PointsMember

# Of each company: who may spend, by e-mail, how much in a month, and what they have spent this month.
SPENDERS = (
    ("gu.mingyuan@quadrant.example", 20_000, (1_200, 350)),
    ("he.yian@quadrant.example", 3_000, (480,)),
    ("qin.muzhi@quadrant.example", 10_000, (900,)),
)
GIVER, RECEIVER, GIFT = "zhou.muye@quadrant.example", "shen.zhixia@quadrant.example", 88
STEPS_MAX = 100


async def make_pools(session: AsyncSession, programme_id: UUID) -> None:
    """Pools with their spenders, and what has moved this month. What a member has not earned they do not spend."""
    for _ in range(STEPS_MAX):
        if not await settle_due(session):
            break
    people = {person.email: person for person in await session.scalars(sa.select(Person))}
    for email, month_max, amounts in SPENDERS:
        person = people[email]
        assert person.customer_id is not None
        await open_pool(session, programme_id, person.customer_id)
        await set_spender(session, programme_id, person.customer_id, person.id, month_max)
        of_pool: dict[str, Any] = {"programme_id": programme_id, "customer_id": person.customer_id}
        for number, amount in enumerate(amounts):
            if await available(session, programme_id, person.customer_id) >= amount:
                await ledger.spend(
                    session, key=f"demo {email} {number}", amount=amount, spender_id=person.id, **of_pool
                )
    giver, receiver = people[GIVER].customer_id, people[RECEIVER].customer_id
    assert giver is not None
    assert receiver is not None
    members = await session.scalar(
        sa.select(sa.func.count()).where(
            PointsMember.programme_id == programme_id, PointsMember.customer_id.in_((giver, receiver))
        )
    )
    if members == 2 and await available(session, programme_id, giver) >= GIFT:
        await ledger.send(
            session, programme_id=programme_id, customer_id=giver, key="demo gift", to_customer_id=receiver, amount=GIFT
        )


async def available(session: AsyncSession, programme_id: UUID, customer_id: UUID) -> int:
    """What a member has available."""
    return (await balance(session, programme_id, customer_id)).available
