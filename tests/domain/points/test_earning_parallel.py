"""Orders that are paid at the same moment: none earns twice, and no budget or month is overdrawn."""

from __future__ import annotations

import asyncio
from uuid import UUID

import sqlalchemy as sa

from domain.points.earning import earn_for_order
from domain.points.rule_tables import EarnBudget, EarnKind, OrderEarning
from domain.points.verifying import verify
from foundation.database import Database
from foundation.session import transaction
from segments.viewer import Viewer
from tests.domain.points.shops import NOW, customer, order, programme, rule

SYSTEM = Viewer.system().row_settings()
BUDGET, BONUS, ORDERS = 505, 30, 24


async def test_orders_at_once_share_a_budget_to_the_point(own_database: Database) -> None:
    async with transaction(own_database, SYSTEM) as session:
        key = await programme(session)
        await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100)
        campaign = await rule(
            session, key, EarnKind.BONUS, "campaign", points=BONUS, budget_points=BUDGET, month_points_max=100
        )
        members = [await customer(session) for _ in range(6)]
        orders = [await order(session, members[number % 6], 1_000) for number in range(ORDERS)]

    async def pay(order_id: UUID) -> list[UUID]:
        async with transaction(own_database, SYSTEM) as session:
            return await earn_for_order(session, NOW, order_id)

    # Each is told to be paid twice, at once.
    answers = await asyncio.gather(*(pay(each) for each in orders for _ in range(2)))
    assert answers[::2] == answers[1::2]
    async with transaction(own_database, SYSTEM) as session:
        used = await session.scalar(sa.select(sa.func.sum(EarnBudget.used)).where(EarnBudget.version_id == campaign))
        points = list(await session.scalars(sa.select(OrderEarning.points)))
        # Six members would take 600 within their months.
        assert used == BUDGET == sum(points) - 10 * ORDERS
        assert len(points) == ORDERS
        by_member = sa.select(sa.func.sum(OrderEarning.points)).group_by(OrderEarning.customer_id)
        assert max(await session.scalars(by_member)) <= 40 + 100
        assert await verify(session) == []
