"""What orders and points say of each other is compared, and every kind of difference is found."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Segment
from domain.orders.tables import OrderStatus
from domain.points.earning import claw_back_for_order, earn_for_order
from domain.points.ledger import earn
from domain.points.reconciling import DifferenceKind, reconcile_orders
from domain.points.rule_tables import EarnKind
from tests.domain.points.shops import IDS, NOW, customer, order, programme, rule

DAY = dt.timedelta(days=1)


async def test_every_difference_is_found(session: AsyncSession) -> None:
    key = await programme(session)
    await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100, order_amount_min=100)
    member = await customer(session)

    async def differences() -> list[tuple[DifferenceKind, str, int, int]]:
        found = await reconcile_orders(session, key, NOW - DAY, NOW + DAY)
        return [(each.kind, each.number, each.expected, each.found) for each in found]

    paid = await order(session, member, 5_000)
    cancelled = await order(session, member, 700)
    # Of these nobody expects anything.
    await order(session, member, 99)
    await order(session, member, 5_000, status=OrderStatus.PLACED)
    await order(session, member, 5_000, at=NOW - DAY / 2)
    await order(session, await customer(session, Segment.GOVERNMENT), 5_000)
    assert await differences() == [
        (DifferenceKind.UNDECIDED, str(each), amount, 0) for each, amount in sorted([(paid, 5_000), (cancelled, 700)])
    ]
    for each in (paid, cancelled):
        await earn_for_order(session, NOW, each)
    assert await differences() == []
    await session.execute(sa.text("update \"order\" set status = 'CANCELLED' where id = :id").bindparams(id=cancelled))
    assert await differences() == [(DifferenceKind.UNPAID, str(cancelled), 0, 7)]
    await claw_back_for_order(session, NOW, cancelled, IDS(), 700)
    assert await differences() == []


async def test_an_entry_for_another_order_is_not_the_orders(session: AsyncSession) -> None:
    """The ledger's entry must be the one that was decided: points that came otherwise do not stand in for it."""
    key = await programme(session)
    await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100)
    member = await customer(session)
    bought = await order(session, member, 5_000)
    await earn(session, programme_id=key, customer_id=member, key="by hand", amount=50, subject_id=bought)
    [found] = await reconcile_orders(session, key, NOW - DAY, NOW + DAY)
    assert (found.kind, found.order_id) == (DifferenceKind.UNDECIDED, bought)
