"""A real purchase history earns by the rule engine what an independent computation says, with activation and expiry by history."""

from __future__ import annotations

import datetime as dt
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from domain.orders.importing import OrderRow
from domain.points.history import earn_history
from domain.points.liability import liability
from domain.points.programmes import settle_due
from domain.points.rule_tables import EarnKind
from domain.points.verifying import verify
from foundation.database import Database
from foundation.money import Money
from foundation.session import transaction
from segments.viewer import Viewer
from tests.domain.points.model import activation, expiry
from tests.domain.points.shops import programme, rows_of, rule, take_in
from tests.portal.imports.history import history

SYSTEM = Viewer.system().row_settings()
ZONE, DAYS, MONTHS = "America/New_York", 30, 12
BEGINS = dt.datetime(1996, 12, 1, tzinfo=dt.UTC)
# The end of the last day of the history, in the programme's time zone.
AT = dt.datetime(1998, 7, 1, 4, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
LAST = AT - dt.timedelta(microseconds=1)

PENDING, AVAILABLE, EXPIRED = range(3)
BY_MEMBER = sa.text("""
    select external.value,
        coalesce(sum(case 'PENDING' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint,
        coalesce(sum(case 'AVAILABLE' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint,
        coalesce(sum(case when t.credit = 'EXPIRED' then t.amount else 0 end), 0)::bigint
    from points_transfer as t join external_id as external on external.customer_id = t.customer_id
    where t.effective_at < :before group by external.value
""")


@cache
def state_of(day: dt.date) -> int:
    """Whether points of an order of that day were pending, available or expired."""
    available = activation(dt.datetime.combine(day, dt.time(), dt.UTC), ZONE, DAYS)
    gone = expiry(available, ZONE, MONTHS)
    return PENDING if available >= AT else EXPIRED if gone < AT else AVAILABLE


async def test_a_real_history_earns_what_an_independent_computation_says(
    own_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of(history(tmp_path).path)
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.text("set local statement_timeout = 0"))
        key = await programme(
            session,
            time_zone=ZONE,
            activation_days=DAYS,
            lot_months=MONTHS,
            worth_currency="USD",
            worth_points=100,
            worth_amount=100,
        )
        await rule(session, key, EarnKind.BASIC, "standard", BEGINS, points=1, amount=100)
        await take_in(session, rows)
        done = await earn_history(session, key, AT)
        assert (done.orders, done.earned) == (len(rows), len(rows))
        # A second run finds nothing to do.
        assert (await earn_history(session, key, AT)).orders == 0
        while await settle_due(session, 5_000):
            pass
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        expected[row.customer_ref][state_of(row.ordered_on)] += row.amount // 100
    async with transaction(own_database, SYSTEM) as session:
        found = {
            name: (pending, available, expired)
            for name, pending, available, expired in await session.execute(BY_MEMBER, {"before": AT})
        }
        assert found == {name: tuple(points) for name, points in expected.items() if any(points)}
        assert await verify(session) == []
        pending, available, expired = (sum(each) for each in zip(*found.values(), strict=True))
        assert done.points == pending + available + expired
        told = await liability(session, AT + DAY, key, LAST)
        whole = told.whole
        assert (whole.sums.pending, whole.sums.available, whole.sums.expired) == (pending, available, expired)
        assert (whole.sums.issued, whole.sums.redeemed, whole.sums.withdrawn) == (done.points, 0, 0)
        # Hundred points are a dollar, so each is a cent.
        assert (whole.owed, whole.broken) == (Money(pending + available, "USD"), Money(expired, "USD"))
        assert {part.key: (part.sums.issued, part.sums.expired) for part in told.cohorts} == by_month(rows)
        owed = whole.owed
    said = (
        f"liability at 1998-06-30: {owed.decimal()} {owed.currency}, {pending} pending and {available} available points"
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{len(rows)} orders, {said}; {expired} had expired\n")


def by_month(rows: Sequence[OrderRow]) -> dict[dt.date, tuple[int, int]]:
    """What was earned in each local month and what of it had expired, by the model's calendar. Orders carry midnight in UTC."""
    months: dict[dt.date, tuple[int, int]] = {}
    for row in rows:
        instant = dt.datetime.combine(row.ordered_on, dt.time(), dt.UTC)
        month = instant.astimezone(ZoneInfo(ZONE)).date().replace(day=1)
        points = row.amount // 100
        if points:
            issued, gone = months.get(month, (0, 0))
            months[month] = issued + points, gone + points * (state_of(row.ordered_on) == EXPIRED)
    return months
