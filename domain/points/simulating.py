"""Trying a version of a rule on the orders of a past period, beside what the rules that hold give for the same orders."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer
from domain.guards import existing
from domain.orders.tables import Order
from domain.points.engine import Earned, Effect, in_force, reckoned
from domain.points.purchases import (
    MEMBER_SEGMENTS,
    PAID,
    Ordered,
    ProgrammeRules,
    categories_above,
    effects_of,
    programme_rules,
    purchases,
)
from domain.points.rule_tables import EarnRule, EarnRuleVersion, EarnSimulation, EarnSimulationTier
from domain.points.tables import PointsProgramme
from domain.points.tier_tables import Tier
from domain.points.worth import worth_of
from foundation.ids import Ids
from foundation.refusals import Refusal

ORDERS_MAX = 200_000
PAGE_ORDERS = 5_000
PERIOD_DAYS_MAX = 3_660


@dataclass(slots=True)
class Counter:
    """What versions have given so far, kept in memory as the database keeps it for what is earned."""

    given: dict[UUID, int] = field(default_factory=dict[UUID, int])
    months: dict[tuple[UUID, UUID, dt.date], int] = field(default_factory=dict[tuple[UUID, UUID, dt.date], int])

    def count(self, effect: Effect, customer_id: UUID, month: dt.date, points: int) -> int:
        """As many of the points as there is room for."""
        key = (effect.version_id, customer_id, month)
        given, in_month = self.given.get(effect.version_id, 0), self.months.get(key, 0)
        if points > 0 and effect.month_points_max is not None:
            points = min(points, effect.month_points_max - in_month)
        if points > 0 and effect.budget_points is not None:
            points = min(points, effect.budget_points - given)
        self.given[effect.version_id] = given + points
        self.months[key] = in_month + points
        return points


@dataclass(slots=True)
class Sums:
    """What members of one tier would have earned."""

    orders: int = 0
    touched: int = 0
    before: int = 0
    after: int = 0


class Replay:
    """Reckons orders in the order of their instants, by the rules that hold and by those with the version in them."""

    def __init__(self, rules: ProgrammeRules, tried: Effect) -> None:
        self.rules = rules
        self.tried = tried
        others = [effect for effect in rules.effects if effect.code != tried.code]
        self.with_it = [*others, tried]
        self.counters = (Counter(), Counter())
        self.tiers: dict[UUID | None, Sums] = {}
        self.exhausted_at: dt.datetime | None = None
        self.budget_used = 0

    def take(self, ordered: Sequence[Ordered]) -> None:
        """Reckon these too."""
        for each in ordered:
            before = self._reckon(each, self.rules.effects, self.counters[0])
            after = self._reckon(each, self.with_it, self.counters[1])
            sums = self.tiers.setdefault(each.purchase.tier_id, Sums())
            points = [0 if earned is None else earned.points for earned in (before, after)]
            sums.orders += 1
            sums.touched += points[0] != points[1]
            sums.before += points[0]
            sums.after += points[1]
            if after is not None:
                self.budget_used += after.given_by(self.tried.version_id)
            budget = self.tried.budget_points
            if budget is not None and self.exhausted_at is None and self.budget_used >= budget:
                self.exhausted_at = each.purchase.at

    def _reckon(self, ordered: Ordered, effects: Sequence[Effect], counter: Counter) -> Earned | None:
        purchase = ordered.purchase
        held = in_force(effects, purchase.at)
        by_id = {effect.version_id: effect for effect in held}
        reckoning = reckoned(purchase, held, self.rules.programme.rounding)
        month = self.rules.month_of(purchase.at)
        try:
            version_id, points = next(reckoning)
            while True:
                granted = counter.count(by_id[version_id], ordered.customer_id, month, points)
                version_id, points = reckoning.send(granted)
        except StopIteration as end:
            return end.value


async def simulate_version(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    version_id: UUID,
    period_from: dt.datetime,
    period_until: dt.datetime,
) -> UUID:
    """Try a version on the paid orders placed from an instant until before another; returns the key of what came of it.

    On the one side the rules that held at each order's instant, on the other the same with this version in place of its
    rule's own. Both begin with all bounds and budgets untouched. An order's tier is the one its member had. Nothing moves.
    """
    found = await existing(session, EarnRuleVersion, version_id, "rule_version")
    rule = await existing(session, EarnRule, found.rule_id, "rule_version")
    programme = await existing(session, PointsProgramme, rule.programme_id, "programme")
    _check_period(period_from, period_until)
    [effect] = await effects_of(session, EarnRuleVersion.id == version_id)
    tried = dataclasses.replace(effect, valid_from=period_from, ended_at=None)
    replay = Replay(await programme_rules(session, programme), tried)
    async for ordered in _orders(session, replay.rules, period_from, period_until):
        # Seconds of pure computing, which must not stop what else this process answers.
        await asyncio.to_thread(replay.take, ordered)
    return await _store(session, now, new_id, found, (period_from, period_until), replay)


def _check_period(begins: dt.datetime, ends: dt.datetime) -> None:
    for field_name, instant in (("period_from", begins), ("period_until", ends)):
        if instant.tzinfo is None:
            raise Refusal("TIME_WITHOUT_ZONE", (field_name,))
    if not begins < ends or ends - begins > dt.timedelta(days=PERIOD_DAYS_MAX):
        raise Refusal("PERIOD_MALFORMED", ("period_until",), days=PERIOD_DAYS_MAX)


async def _orders(
    session: AsyncSession, rules: ProgrammeRules, begins: dt.datetime, ends: dt.datetime
) -> AsyncIterator[list[Ordered]]:
    """The orders of the period in pages; `TOO_MANY_ORDERS` where there are more than a simulation takes."""
    above = await categories_above(session)
    tiers_of = rules.programme.id if rules.tiered else None
    query = (
        sa.select(Order.id, Order.placed_at)
        .join(Customer, Customer.id == Order.customer_id)
        .where(
            Order.placed_at >= begins,
            Order.placed_at < ends,
            Order.total_currency == rules.programme.worth_currency,
            PAID,
            Customer.segment.in_(MEMBER_SEGMENTS),
        )
        .order_by(Order.placed_at, Order.id)
        .limit(ORDERS_MAX + 1)
    )
    keys = [order_id for order_id, _ in await session.execute(query)]
    if len(keys) > ORDERS_MAX:
        raise Refusal("TOO_MANY_ORDERS", ("period_until",), max=ORDERS_MAX)
    for start in range(0, len(keys), PAGE_ORDERS):
        yield await purchases(session, keys[start : start + PAGE_ORDERS], above, tiers_of)


async def _store(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    version: EarnRuleVersion,
    period: tuple[dt.datetime, dt.datetime],
    replay: Replay,
) -> UUID:
    """Keep what came of it, tier by tier."""
    ranks = {
        tier.id: tier.rank
        for tier in await session.scalars(sa.select(Tier).where(Tier.programme_id == replay.rules.programme.id))
    }
    parts = sorted(replay.tiers.items(), key=lambda each: -1 if each[0] is None else ranks.get(each[0], -1))
    whole = Sums(*(sum(getattr(sums, name) for _, sums in parts) for name in ("orders", "touched", "before", "after")))
    simulation = EarnSimulation(
        id=new_id(),
        version_id=version.id,
        of_version=version.version,
        period_from=period[0],
        period_until=period[1],
        simulated_at=now,
        budget_used=replay.budget_used,
        budget_exhausted_at=replay.exhausted_at,
        **_columns(replay.rules.programme, whole),
    )
    session.add(simulation)
    await session.flush()
    for position, (tier_id, sums) in enumerate(parts, 1):
        session.add(
            EarnSimulationTier(
                id=new_id(),
                simulation_id=simulation.id,
                position=position,
                tier_id=tier_id,
                **_columns(replay.rules.programme, sums),
            )
        )
    await session.flush()
    return simulation.id


def _columns(programme: PointsProgramme, sums: Sums) -> dict[str, int | str]:
    before, after = worth_of(programme, sums.before), worth_of(programme, sums.after)
    return {
        "orders": sums.orders,
        "touched": sums.touched,
        "points_before": sums.before,
        "points_after": sums.after,
        "worth_before_amount": before.amount,
        "worth_before_currency": before.currency,
        "worth_after_amount": after.amount,
        "worth_after_currency": after.currency,
    }
