"""What is reckoned over many rows at once: a rule tried on stored orders, and what a programme owes by all of its lots.

Both beside pgbench's TPC-B on the same server in the same rounds, so that the ratio does not follow the machine.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from bench.ledger import KEY, PROGRAMME, Crowd
from bench.place import bench_settings
from bench.rows import Row, median
from domain.points.liability import liability
from domain.points.rule_tables import EarnKind, EarnSimulation
from domain.points.rules import Terms, activate_version, draft_version, make_rule
from domain.points.simulating import simulate_version
from domain.points.tier_tables import TierMeasure
from domain.points.tiers import Level, set_tiers
from foundation.clock import system_clock
from foundation.database import Database, open_database
from foundation.ids import system_ids
from foundation.session import transaction
from segments.viewer import Viewer

if TYPE_CHECKING:
    from foundation.database import RawConnection

ORDERS, LINES, DAYS = 70_000, 2, 360
ROUNDS_MAX = 2
DAY = dt.timedelta(days=1)
# A transaction of TPC-B by one connection, as many as were done in a second.
Pace = Callable[[], Awaitable[float]]


async def reckoning_rows(
    owner: RawConnection, crowd: Crowd, rounds: int, pace: Pace, say: Callable[[str], None]
) -> list[Row]:
    """Orders simulated and lots reported a second, medians of few rounds; each also for a transaction of TPC-B."""
    say("points: orders to try a rule on")
    await fill_orders(owner, crowd)
    lots = await owner.fetchval(
        "select count(*) from points_lot as l join points_account as a on a.id = l.account_id where a.programme_id = $1",
        UUID(PROGRAMME),
    )
    database = open_database(bench_settings())
    tried: list[float] = []
    reported: list[float] = []
    base: list[float] = []
    try:
        draft = await rule_to_try(database)
        number_max = min(rounds, ROUNDS_MAX)
        for number in range(number_max):
            say(f"points: a rule tried and what is owed, round {number + 1} of {number_max}")
            base.append(await pace())
            tried.append(ORDERS / await simulated(database, draft))
            reported.append(lots / await told(database))
    finally:
        await database.close()
    return [
        *both("simulation of a rule", "orders", tried, base, f"{ORDERS:,} orders of {LINES} lines and of tiers"),
        *both("liability report", "lots", reported, base, f"{lots:,} lots, by tier and month"),
    ]


def both(subject: str, of: str, rates: list[float], base: list[float], note: str) -> list[Row]:
    """The rate, and how many of them go to a transaction of TPC-B."""
    times = median(ours / theirs for ours, theirs in zip(rates, base, strict=True))
    beside = f"{median(base):,.0f} of those a second, one connection"
    return [
        Row("points", subject, f"{of}/s", round(median(rates)), note),
        Row("points", subject, f"{of} for a transaction of TPC-B", times, beside),
    ]


async def fill_orders(owner: RawConnection, crowd: Crowd) -> None:
    """Paid orders of the crowd over the last year, each with its lines."""
    key, customer = KEY.format("n"), KEY.format(f"{crowd.first} + n % {crowd.members}")
    await owner.execute(
        f"""insert into "order" (id, customer_id, number, channel, status, placed_at, units, total_amount, total_currency,
            classification, compartments)
        select {key}, {customer}, 'B' || n, 'SHOP', 'PAID',
            now() - n % {DAYS} * interval '1 day' - interval '1 hour', {LINES}, {LINES} * (1000 + n), 'CNY', 0, '{{}}'
        from generate_series(1, {ORDERS}) as n"""
    )
    await owner.execute(
        f"""insert into order_line (id, order_id, customer_id, position, name, quantity, amount_amount, amount_currency, sku)
        select {KEY.format(f"1000000 + n * {LINES} + k")}, {key}, {customer}, k, '商品', 1, 1000 + n, 'CNY', 'B'
        from generate_series(1, {ORDERS}) as n, generate_series(1, {LINES}) as k"""
    )
    await owner.execute('vacuum analyze "order", order_line')


async def rule_to_try(database: Database) -> UUID:
    """A basic rule that holds, tiers, and the draft of a multiplier for orders of some size; its key."""
    programme, new_id, began = UUID(PROGRAMME), system_ids(system_clock), system_clock() - (DAYS + 1) * DAY
    async with transaction(database, Viewer.system().row_settings()) as session:
        await set_tiers(
            session, began, new_id, programme_id=programme, version=0, measure=TierMeasure.POINTS, window_months=12,
            keeps_months=12, levels=[Level("plain", "普通", 0), Level("silver", "银卡", 500)],
        )  # fmt: skip

        async def draft(kind: EarnKind, terms: Terms) -> UUID:
            code = kind.value.lower()
            rule = await make_rule(session, began, new_id, programme_id=programme, code=code, kind=kind, name=code)
            return await draft_version(session, began, new_id, rule_id=rule, terms=terms)

        basic = await draft(EarnKind.BASIC, Terms(began, points=1, amount=100))
        await activate_version(session, began, version_id=basic, version=1)
        return await draft(EarnKind.MULTIPLIER, Terms(began, factor_percent=150, order_amount_min=20_000))


async def simulated(database: Database, draft: UUID) -> float:
    """The seconds in which a draft is tried on all orders."""
    now = system_clock()

    async def run(session: AsyncSession) -> None:
        done = await simulate_version(
            session, now, system_ids(system_clock), version_id=draft, period_from=now - DAYS * DAY, period_until=now
        )
        orders = await session.scalar(sa.select(EarnSimulation.orders).where(EarnSimulation.id == done))
        assert orders == ORDERS, orders

    return await timed(database, run)


async def told(database: Database) -> float:
    """The seconds of the report as of now."""

    async def run(session: AsyncSession) -> None:
        now = system_clock()
        report = await liability(session, now, UUID(PROGRAMME), now)
        assert report.whole.sums.outstanding > 0

    return await timed(database, run)


async def timed(database: Database, run: Callable[[AsyncSession], Awaitable[None]]) -> float:
    """The seconds of something in a transaction, which takes as long as it takes."""
    async with transaction(database, Viewer.system().row_settings()) as session:
        await session.execute(sa.text("set local statement_timeout = 0"))
        began = time.perf_counter()
        await run(session)
        return time.perf_counter() - began
