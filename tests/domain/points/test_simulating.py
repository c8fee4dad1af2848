"""A simulation says what earning then does, to the point, and moves nothing."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.history import earn_history
from domain.points.rule_tables import EarnKind, EarnSimulation, EarnSimulationTier, OrderEarning
from domain.points.rules import Terms, activate_version, draft_version, make_rule
from domain.points.simulating import simulate_version
from domain.points.tables import PointsTransfer
from foundation.refusals import Refusal
from tests.domain.points.shops import IDS, NOW, customer, order, programme, rule
from tests.domain.points.test_tiers import BEGINS, month, world

DAY = dt.timedelta(days=1)


async def test_it_tells_what_earning_does(session: AsyncSession) -> None:
    key, member, codes = await world(session)
    other = await customer(session)
    for number in range(1, 7):
        await order(session, member, 40_000, at=month(number))
        await order(session, other, 3_333, at=month(number, 11))
    campaign = await make_rule(
        session, BEGINS, IDS, programme_id=key, code="campaign", kind=EarnKind.BONUS, name="活动"
    )
    terms = Terms(month(2, 1), points=70, order_amount_min=3_333, order_points_max=60, budget_points=310)
    draft = await draft_version(session, BEGINS, IDS, rule_id=campaign, terms=terms)
    before = await session.scalar(sa.select(sa.func.count()).select_from(PointsTransfer))
    period = {"period_from": month(2, 1), "period_until": month(7, 1)}
    # Tiers are those the members had, so the orders earn once without it.
    done = await simulate_version(session, NOW, IDS, version_id=draft, **period)
    assert await session.scalar(sa.select(sa.func.count()).select_from(PointsTransfer)) == before
    simulated = await session.get_one(EarnSimulation, done)
    assert (simulated.orders, simulated.touched, simulated.budget_used) == (10, 6, 310)
    assert simulated.budget_exhausted_at == month(4, 11)
    await activate_version(session, BEGINS, version_id=draft, version=1)
    await earn_history(session, key, NOW)
    earned = sa.select(sa.func.sum(OrderEarning.points)).where(OrderEarning.ordered_at >= month(2, 1))
    assert simulated.points_after == await session.scalar(earned)
    assert simulated.points_after == simulated.points_before + 310
    assert (simulated.worth_after_amount, simulated.worth_after_currency) == (simulated.points_after, "CNY")
    # Now that they have tiers, the same period falls apart by them.
    again = await simulate_version(session, NOW, IDS, version_id=draft, **period)
    parts = sa.select(EarnSimulationTier).where(EarnSimulationTier.simulation_id == again)
    found = list(await session.scalars(parts.order_by(EarnSimulationTier.position)))
    assert [(part.tier_id, part.orders) for part in found] == [(codes["plain"], 7), (codes["silver"], 3)]
    assert sum(part.points_after for part in found) == simulated.points_after


async def test_a_new_rate_is_tried_in_place_of_the_old(session: AsyncSession) -> None:
    key = await programme(session)
    basic = await rule(session, key, EarnKind.BASIC, "standard", NOW - 90 * DAY, points=1, amount=100)
    await order(session, await customer(session), 10_000, at=NOW - DAY)
    done = await simulate_version(session, NOW, IDS, version_id=basic, period_from=NOW - 9 * DAY, period_until=NOW)
    simulated = await session.get_one(EarnSimulation, done)
    assert (simulated.points_before, simulated.points_after, simulated.touched) == (100, 100, 0)
    with pytest.raises(Refusal) as refusal:
        await simulate_version(session, NOW, IDS, version_id=basic, period_from=NOW, period_until=NOW)
    assert refusal.value.code == "PERIOD_MALFORMED"
