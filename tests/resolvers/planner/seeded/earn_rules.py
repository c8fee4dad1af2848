"""Rules in every state, simulations of a draft, and tiers of two ladders that members have reached or not."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.tables import Order
from domain.points import rules, simulating, tiers
from domain.points.earning import Decision, post_decisions
from domain.points.engine import Earned, Purchase
from domain.points.purchases import Ordered
from domain.points.rule_tables import EarnKind
from domain.points.rules import Terms
from domain.points.tables import PointsProgramme
from domain.points.tier_tables import Tier, TierMeasure
from domain.points.tiers import Level
from domain.shop.tables import Category, Product
from tests.resolvers.planner.seeded.factory import NOW, Factory

DAY = dt.timedelta(days=1)
LEVELS = (Level("a", "普通", 0), Level("b", "银卡", 10, "Silver"), Level("c", "金卡", 2**33, "Gold"))


async def add_earn_rules(session: AsyncSession, make: Factory) -> None:
    """For each programme a ladder, rules of each kind in each state, and what orders qualified for."""
    programmes = list(await session.scalars(sa.select(PointsProgramme).order_by(PointsProgramme.code)))
    for programme, measure in zip(programmes, TierMeasure, strict=True):
        await tiers.set_tiers(
            session,
            NOW,
            make.id,
            programme_id=programme.id,
            version=0,
            measure=measure,
            window_months=3,
            keeps_months=1,
            levels=LEVELS,
        )
        basic = await add_versions(session, make, programme.id)
        await add_qualifying(session, make, programme.id, basic)


async def add_versions(session: AsyncSession, make: Factory, programme_id: UUID) -> UUID:
    """The key of the version that is in force."""
    ladder = list(await session.scalars(sa.select(Tier.id).where(Tier.programme_id == programme_id)))
    terms = {
        EarnKind.BASIC: {"points": 3, "amount": 7},
        EarnKind.MULTIPLIER: {"factor_percent": 250, "tiers": ladder[:2], "products": [make.one(Product)["id"]]},
        EarnKind.BONUS: {"points": 2**33, "budget_points": 2**34, "categories": [make.one(Category)["id"]]},
    }
    held: list[UUID] = []
    for kind, given in terms.items():
        begins = NOW - 30 * DAY
        rule_id = await rules.make_rule(
            session, begins, make.id, programme_id=programme_id, code=kind.value.lower(), kind=kind, name="规则 100%"
        )
        for days in (30, 5, -1, None):
            at = NOW if days is None else NOW - days * DAY
            draft = await rules.draft_version(
                session, begins, make.id, rule_id=rule_id, terms=Terms(at, order_amount_min=5, **given)
            )
            if days is not None:
                await rules.activate_version(session, begins, version_id=draft, version=1)
                held.append(draft)
            else:
                for length in (1, 400):
                    period = {"period_from": NOW - length * DAY, "period_until": NOW}
                    await simulating.simulate_version(session, NOW, make.id, version_id=draft, **period)
    await rules.end_version(session, NOW - DAY, version_id=held[-2], version=2)
    return held[1]


async def add_qualifying(session: AsyncSession, make: Factory, programme_id: UUID, version_id: UUID) -> None:
    """What orders qualified for, though they earned nothing: the ledger's own world stays as it is."""
    found: list[Decision] = []
    for order in make.of(Order):
        if order["placed_at"] <= NOW:
            purchase = Purchase(order["placed_at"], min(order["total_amount"], 2**33), ())
            earned = Earned(0, make.random.choice((0, 4, 9, 2**33)), version_id, ())
            found.append(Decision(Ordered(order["id"], order["customer_id"], purchase), earned))
    await post_decisions(session, programme_id, found, dated=True)
