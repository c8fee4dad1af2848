"""The ledger's upkeep: partitions made ahead, snapshots of days that are settled."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from domain.points.verifying import INVARIANTS
from foundation.database import Database
from tests.domain.points.ledgers import START, Ledger, ledger_of_owner

DAY = dt.timedelta(days=1)


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    async with ledger_of_owner(database.addresses) as opened:
        yield opened


async def test_partitions_are_made_ahead_and_used(ledger: Ledger) -> None:
    far = dt.datetime(2041, 12, 15, tzinfo=dt.UTC)
    await ledger.open()
    member = await ledger.member()
    await ledger.set_clock(far - 40 * DAY)
    await ledger.call("earn", member, 1)
    await ledger.set_clock(far)
    assert await ledger.connection.fetchval("select points_make_partitions(2)") == 3
    assert await ledger.connection.fetchval("select points_make_partitions(2)") == 0
    await ledger.call("earn", member, 2)
    rows = await ledger.connection.fetch(
        "select tableoid::regclass::text, amount from points_transfer where code = 'EARN' order by id"
    )
    assert [tuple(row) for row in rows] == [("points_transfer_rest", 1), ("points_transfer_2041_12", 2)]


async def test_a_month_that_has_begun_in_the_rest_stays_there(ledger: Ledger) -> None:
    await ledger.open()
    await ledger.set_clock(dt.datetime(2041, 12, 15, tzinfo=dt.UTC))
    await ledger.call("earn", await ledger.member(), 1)
    assert await ledger.connection.fetchval("select points_make_partitions(1)") == 1
    assert await ledger.connection.fetchval("select to_regclass('points_transfer_2041_12')") is None


async def test_a_day_is_kept_when_all_of_it_is_settled(ledger: Ledger) -> None:
    await ledger.open(days=1)
    member = await ledger.member()
    await ledger.call("earn", member, 100)
    take = "select points_take_snapshot($1, $2)"
    day = START.date() + DAY
    assert await ledger.connection.fetchval(take, ledger.programme, day) is None
    # The day ends in Shanghai as the points become available: they are the next day's.
    await ledger.set_clock(START + 5 * DAY)
    assert await ledger.connection.fetchval(take, ledger.programme, day) is not None
    assert await ledger.connection.fetchval(take, ledger.programme, day) is None
    assert await ledger.connection.fetchval(take, ledger.programme, day + DAY) is None
    await ledger.settle()
    assert await ledger.connection.fetchval(take, ledger.programme, day + DAY) is not None
    # What is imported later into those days does not change what was kept of them.
    await ledger.call("earn", member, 7, earned_at=START)
    rows = await ledger.connection.fetch("select pending, available from points_snapshot order by day")
    assert [tuple(row) for row in rows] == [(100, 0), (0, 100)]
    for name, query in INVARIANTS.items():
        assert await ledger.connection.fetch(query) == [], name
