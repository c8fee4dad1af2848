"""Whoever moves a member's points locks the member first: what meets waits for each other's end, and for nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Segment
from domain.orders.tables import Order, OrderStatus
from domain.points import ledger
from domain.points.earning import claw_back_for_order, earn_for_order, lock_order
from domain.points.history import earn_history
from domain.points.rule_tables import EarnBudget, EarnKind, OrderEarning
from domain.points.tier_tables import TierMeasure
from domain.points.tiers import Level, review_tiers, set_tiers
from domain.points.verifying import verify
from foundation.database import Database, connect
from foundation.session import transaction
from segments.audiences import ENTERPRISE
from segments.viewer import Viewer
from tests.crossing import crossing
from tests.domain.points.shops import IDS, NOW, customer, order, programme, rule
from tests.people import person

SYSTEM = Viewer.system().row_settings()
LADDER = (Level("plain", "普通", 0), Level("silver", "银卡", 1000))


@dataclass
class Bought:
    """A member who has earned on one order and spent a part of it, and has paid two more."""

    programme: UUID
    member: UUID
    earned: UUID
    spend: UUID
    orders: Sequence[UUID]
    budget: UUID

    async def restore(self, session: AsyncSession) -> None:
        await lock_order(session, self.earned)
        whose = {"programme_id": self.programme, "customer_id": self.member}
        await ledger.restore(session, **whose, key=str(IDS()), spend_id=self.spend, amount=1)  # type: ignore[arg-type]

    async def claw_back(self, session: AsyncSession) -> None:
        await claw_back_for_order(session, NOW, self.earned, IDS(), 100)

    async def earn(self, session: AsyncSession, which: int = 0) -> None:
        await earn_for_order(session, NOW, self.orders[which])


async def bought(session: AsyncSession, *, tiered: bool) -> Bought:
    key = await programme(session)
    await rule(session, key, EarnKind.BASIC, "standard", points=1, amount=100)
    budget = await rule(session, key, EarnKind.BONUS, "month", points=5, month_points_max=1_000, budget_points=1_600)
    if tiered:
        await tiers(session, key)
    member = await customer(session)
    earned, *orders = [await order(session, member, 10_000) for _ in range(3)]
    await earn_for_order(session, NOW, earned)
    [spend] = await ledger.spend(session, programme_id=key, customer_id=member, key=str(IDS()), amount=50)
    return Bought(key, member, earned, spend, orders, budget)


async def tiers(session: AsyncSession, key: UUID) -> None:
    terms = {"measure": TierMeasure.POINTS, "window_months": 12, "keeps_months": 6, "levels": LADDER}
    await set_tiers(session, NOW, IDS, programme_id=key, version=0, **terms)  # type: ignore[arg-type]


@pytest.mark.parametrize("tiered", [True, False])
async def test_points_come_back_while_another_order_earns(own_database: Database, *, tiered: bool) -> None:
    async with transaction(own_database, SYSTEM) as session:
        case = await bought(session, tiered=tiered)
    # As an order that was paid in points comes back, or is paid in points and earns: the members' accounts are locked first.
    assert await crossing(own_database, SYSTEM, case.restore, case.earn, case.claw_back)
    assert await crossing(own_database, SYSTEM, case.restore, lambda other: case.earn(other, 1), case.earn)
    async with transaction(own_database, SYSTEM) as session:
        assert await verify(session) == []


async def test_the_review_of_tiers_passes_by_whom_somebody_holds(own_database: Database) -> None:
    async with transaction(own_database, SYSTEM) as session:
        case = await bought(session, tiered=True)
    reviewed: list[int] = []
    owner = await connect(own_database.addresses.owner)
    await owner.execute("select set_config('q.audience', 'system', false)")
    await owner.execute("update tier_standing set review_at = '-infinity' where programme_id = $1", case.programme)
    await owner.close()

    async def review(session: AsyncSession) -> None:
        reviewed.append(await review_tiers(session, NOW, 10))

    assert not await crossing(own_database, SYSTEM, case.restore, review, case.claw_back)
    async with transaction(own_database, SYSTEM) as session:
        await review(session)
    assert reviewed == [0, 1]


async def test_a_company_s_order_takes_several_stripes_while_a_spender_needs_all(own_database: Database) -> None:
    async with transaction(own_database, SYSTEM) as session:
        case = await bought(session, tiered=True)
        company = await customer(session, Segment.ENTERPRISE)
        people = [person(f"{IDS()}@example.com", ENTERPRISE, customer_id=company) for _ in range(2)]
        session.add_all(people)
        await session.flush()
        buyer, other = [each.id for each in people]
        whose = {"programme_id": case.programme, "customer_id": company}
        await ledger.earn(session, **whose, key="first", amount=50)  # type: ignore[arg-type]
        await session.execute(sa.select(sa.func.points_open_pool(case.programme, company)))
        for someone in (buyer, other):
            await session.execute(
                sa.select(
                    sa.func.points_set_spender(case.programme, company, someone, sa.literal(1_000, sa.BigInteger()))
                )
            )
        bought_by_it = await order(session, company, 10_000)
        await earn_for_order(session, NOW, bought_by_it)
        [spend] = await ledger.spend(session, **whose, key="spent", amount=20, spender_id=buyer)  # type: ignore[arg-type]

    async def come_back(session: AsyncSession) -> None:
        await lock_order(session, bought_by_it)
        await ledger.restore(session, **whose, key="back", spend_id=spend, amount=10)  # type: ignore[arg-type]

    async def spend_all(session: AsyncSession) -> None:
        await ledger.spend(session, **whose, key="all", amount=130, spender_id=other)  # type: ignore[arg-type]

    async def claw_back(session: AsyncSession) -> None:
        await claw_back_for_order(session, NOW, bought_by_it, IDS(), 100)

    assert await crossing(own_database, SYSTEM, come_back, spend_all, claw_back)
    async with transaction(own_database, SYSTEM) as session:
        assert await verify(session) == []


async def test_what_was_counted_in_vain_is_given_back_without_waiting(own_database: Database) -> None:
    async with transaction(own_database, SYSTEM) as session:
        case = await bought(session, tiered=False)
        others = await customer(session)
    used = sa.select(sa.func.sum(EarnBudget.used)).where(EarnBudget.version_id == case.budget)

    async def counted(session: AsyncSession, member: UUID, points: int) -> int:
        wanted = sa.func.points_count_earning(case.budget, member, NOW.date(), sa.literal(points, sa.BigInteger()))
        return (await session.execute(sa.select(wanted))).scalar_one()

    async def take(session: AsyncSession) -> None:
        assert await counted(session, case.member, 10) == 10

    async def think_better(session: AsyncSession) -> None:
        assert await counted(session, others, 20) == 20
        assert await counted(session, others, 0) == 0
        assert await counted(session, others, -15) == -15

    assert not await crossing(own_database, SYSTEM, take, think_better, take)
    async with transaction(own_database, SYSTEM) as session:
        assert await session.scalar(used) == 5 + 5 + 10 + 10


@pytest.mark.parametrize("history_first", [True, False])
async def test_an_order_that_is_paid_while_its_history_earns_counts_once(
    own_database: Database, *, history_first: bool
) -> None:
    async with transaction(own_database, SYSTEM) as session:
        case = await bought(session, tiered=True)
        await earn_history(session, case.programme, NOW)
        late = await order(session, case.member, 10_000)
        cancelled = await order(session, case.member, 10_000)

    async def history(session: AsyncSession) -> None:
        await earn_history(session, case.programme, NOW)

    async def pay(session: AsyncSession) -> None:
        await earn_for_order(session, NOW, late)
        await lock_order(session, cancelled)
        await session.execute(sa.update(Order).where(Order.id == cancelled).values(status=OrderStatus.CANCELLED))

    async def end(session: AsyncSession) -> None:
        pass

    if history_first:
        assert await crossing(own_database, SYSTEM, history, lambda other: earn_for_order(other, NOW, late), end)
    else:
        # Who pays or cancels an order decides what it earns: the history passes by.
        assert not await crossing(own_database, SYSTEM, pay, history, end)
    async with transaction(own_database, SYSTEM) as session:
        await history(session)
        used = await session.scalar(sa.select(sa.func.sum(EarnBudget.used)).where(EarnBudget.version_id == case.budget))
        earned = list(
            await session.scalars(sa.select(OrderEarning.order_id).where(OrderEarning.programme_id == case.programme))
        )
        assert used == 5 * len(earned)
        assert [earned.count(each) for each in (late, cancelled)] == [1, 1 if history_first else 0]
        assert await verify(session) == []
