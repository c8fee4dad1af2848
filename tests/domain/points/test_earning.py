"""Orders earn once, by the rules and the tier of their instant; refunds take back what was stored, never what a new rule says."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Segment
from domain.points.balances import Balance, balance
from domain.points.earning import claw_back_for_order, earn_for_order
from domain.points.history import earn_history
from domain.points.rule_tables import EarnBudget, EarnKind, EarnMonth, EarnSimulation, OrderEarning
from domain.points.rules import end_version
from domain.points.simulating import simulate_version
from domain.points.tables import PointsTransfer
from domain.points.tier_tables import QualifyingEntry
from domain.points.verifying import verify
from foundation.refusals import Refusal
from tests.domain.points.shops import IDS, NOW, customer, order, programme, rule, rule_of, store, version

DAY = dt.timedelta(days=1)


async def earned(session: AsyncSession, order_id: UUID) -> int:
    await earn_for_order(session, NOW, order_id)
    return await session.scalar(sa.select(OrderEarning.points).where(OrderEarning.order_id == order_id)) or 0


async def transfer(session: AsyncSession, order_id: UUID) -> PointsTransfer:
    [key] = await earn_for_order(session, NOW, order_id)
    found = await session.scalar(sa.select(PointsTransfer).where(PointsTransfer.id == key))
    assert found is not None
    return found


async def refusal(session: AsyncSession, awaitable: Any) -> tuple[str, tuple[str | int, ...]]:
    with pytest.raises(Refusal) as refused:
        async with session.begin_nested():
            await awaitable
    return refused.value.code, refused.value.path


async def test_an_order_earns_once_and_tells_how(session: AsyncSession) -> None:
    key = await programme(session)
    basic = await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100)
    double = await rule(session, key, EarnKind.MULTIPLIER, "double", factor_percent=200)
    bonus = await rule(session, key, EarnKind.BONUS, "welcome", points=50, order_amount_min=10_000)
    member = await customer(session)
    bought = await order(session, member, 12_050, 99)
    first = await earn_for_order(session, NOW, bought)
    assert await earn_for_order(session, NOW, bought) == first
    entry = await transfer(session, bought)
    # 121.49 yuan: 121 points once, exact ones twice and then rounded, and the bonus.
    assert (entry.amount, entry.subject_id, entry.rule_id) == (242 + 50, bought, basic)
    assert entry.breakdown == {
        "basis": 12_149,
        "parts": [
            {"rule": "standard", "version": str(basic), "points": 121},
            {"rule": "double", "version": str(double), "points": 121},
            {"rule": "welcome", "version": str(bonus), "points": 50},
        ],
    }
    assert await balance(session, key, member) == Balance(0, 292, 0, 0)
    assert await verify(session) == []


async def test_the_rules_of_the_orders_instant_count(session: AsyncSession) -> None:
    key = await programme(session)
    old = await rule(session, key, EarnKind.BASIC, "standard", NOW - 30 * DAY, points=1, amount=100)
    await version(session, await rule_of(session, old), NOW - 10 * DAY, points=5, amount=100)
    campaign = await rule(session, key, EarnKind.BONUS, "campaign", NOW - 20 * DAY, points=100)
    await end_version(session, NOW - 15 * DAY, version_id=campaign, version=2)
    member = await customer(session)
    days = {31: 0, 25: 10, 18: 110, 12: 10, 5: 50}
    for ago, points in days.items():
        assert await earned(session, await order(session, member, 1000, at=NOW - ago * DAY)) == points, ago
    at_the_change = await order(session, member, 1000, at=NOW - 10 * DAY)
    assert await earned(session, at_the_change) == 50


async def test_a_rule_of_a_store_holds_at_its_till_alone(session: AsyncSession) -> None:
    """Earned one by one, taken in as a history or simulated, and the rule asks for a store that there is."""
    key = await programme(session)
    here, there = await store(session, "CD01"), await store(session, "XA01")
    await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100)
    local = await rule(session, key, EarnKind.BONUS, "local", points=30, stores=[here, here])
    member = await customer(session)
    bought = [await order(session, member, 1000, store_id=place) for place in (here, there, None, here)]
    assert [await earned(session, each) for each in bought[:3]] == [40, 10, 10]
    await earn_history(session, key, NOW)
    assert await session.scalar(sa.select(OrderEarning.points).where(OrderEarning.order_id == bought[3])) == 40
    done = await simulate_version(session, NOW, IDS, version_id=local, period_from=NOW - DAY, period_until=NOW + DAY)
    assert (await session.get_one(EarnSimulation, done)).budget_used == 60
    unknown = version(session, await rule_of(session, local), NOW + DAY, points=1, stores=[IDS()])
    assert await refusal(session, unknown) == ("NOT_FOUND", ("stores",))


async def test_who_is_no_member_earns_nothing(session: AsyncSession) -> None:
    key = await programme(session)
    await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100)
    for segment in (Segment.MILITARY, Segment.GOVERNMENT):
        assert await earn_for_order(session, NOW, await order(session, await customer(session, segment), 1000)) == []
    assert await earn_for_order(session, NOW, await order(session, await customer(session), 1000, currency="EUR")) == []
    assert await earned(session, await order(session, await customer(session, Segment.ENTERPRISE), 1000)) == 10


async def test_budgets_and_months_are_kept_to_the_point(session: AsyncSession) -> None:
    key = await programme(session)
    await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100, month_points_max=700)
    campaign = await rule(session, key, EarnKind.BONUS, "campaign", points=90, budget_points=200, month_points_max=100)
    one, other, third = [await customer(session) for _ in range(3)]
    # The month's bound of the campaign, then its budget, then the month's bound of the whole.
    got = [await earned(session, await order(session, who, 1000)) for who in (one, one, other, third)]
    assert got == [100, 20, 100, 20]
    assert await earned(session, await order(session, one, 100_000)) == 580
    assert await earned(session, await order(session, one, 1000)) == 0
    used = sa.select(sa.func.sum(EarnBudget.used)).where(EarnBudget.version_id == campaign)
    assert await session.scalar(used) == 200
    months = sa.select(sa.func.sum(EarnMonth.points)).where(EarnMonth.customer_id == one)
    assert await session.scalar(months) == 100 + 700
    # In the next month there is room again, but for the budget.
    later = await order(session, one, 1000, at=NOW + 40 * DAY)
    assert await earned(session, later) == 10


async def test_parts_that_are_refunded_take_back_what_was_stored(session: AsyncSession) -> None:
    key = await programme(session)
    old = await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=7)
    member = await customer(session)
    bought = await order(session, member, 700)
    assert await earned(session, bought) == 100
    await version(session, await rule_of(session, old), NOW + DAY, points=1000, amount=1)
    refunds = [IDS() for _ in range(3)]
    for refund, part in zip(refunds, (233, 233, 234), strict=True):
        first = await claw_back_for_order(session, NOW, bought, refund, part)
        assert await claw_back_for_order(session, NOW, bought, refund, part) == first
    assert await balance(session, key, member) == Balance(0, 0, 0, 0)
    qualified = sa.select(sa.func.sum(QualifyingEntry.points), sa.func.sum(QualifyingEntry.amount))
    assert (await session.execute(qualified)).one() == (0, 0)
    assert await refusal(session, claw_back_for_order(session, NOW, bought, IDS(), 1)) == (
        "REFUND_EXCEEDED",
        ("amount",),
    )
    assert await claw_back_for_order(session, NOW, await order(session, member, 100), IDS(), 100) == []
    assert await verify(session) == []


async def test_an_order_of_no_whole_point_is_decided_too(session: AsyncSession) -> None:
    key = await programme(session)
    await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100)
    member = await customer(session)
    bought = await order(session, member, 99)
    assert await earn_for_order(session, NOW, bought) == []
    decided = await session.scalar(sa.select(OrderEarning).where(OrderEarning.order_id == bought))
    assert decided is not None
    assert (decided.points, decided.basis, decided.transfer_id) == (0, 99, None)
    assert await claw_back_for_order(session, NOW, bought, IDS(), 99) == []
    assert await refusal(session, claw_back_for_order(session, NOW, bought, IDS(), 1)) == (
        "REFUND_EXCEEDED",
        ("amount",),
    )


async def test_a_history_earns_as_its_orders_would_have(session: AsyncSession) -> None:
    """Budget, month and tier included, whatever the batches."""
    totals = []
    for _ in range(2):
        key = await programme(session, worth_currency="JPY" if totals else "CNY")
        await rule(session, key, EarnKind.BASIC, "standard", NOW - 99 * DAY, points=1, amount=10, month_points_max=250)
        await rule(session, key, EarnKind.BONUS, "campaign", NOW - 99 * DAY, points=15, budget_points=100)
        members = [await customer(session) for _ in range(4)]
        currency = "JPY" if totals else "CNY"
        orders = [
            await order(session, members[number % 4], 100 * number, at=NOW - (90 - number) * DAY, currency=currency)
            for number in range(1, 25)
        ]
        if totals:
            done = await earn_history(session, key, NOW)
            assert (done.orders, done.earned) == (24, 24)
        else:
            for each in orders:
                await earn_for_order(session, NOW, each)
        points = (
            sa.select(OrderEarning.points).where(OrderEarning.programme_id == key).order_by(OrderEarning.ordered_at)
        )
        totals.append(list(await session.scalars(points)))
    assert totals[0] == totals[1]
    assert sum(totals[0]) > 0
    assert await verify(session) == []
