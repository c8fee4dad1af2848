"""Days end when the calendar on the wall says so: where clocks change, in leap years, at the end of shorter months."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from foundation.database import Database
from tests.domain.points.ledgers import Ledger, ledger_of_owner
from tests.domain.points.model import activation, day_end, expiry

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
# Clocks change at midnight: put forward in Cairo (there is no midnight), put back in Havana (there are two).
CAIRO, HAVANA = "Africa/Cairo", "America/Havana"
MOMENT = dt.timedelta(microseconds=1)


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    async with ledger_of_owner(database.addresses) as opened:
        yield opened


@pytest.mark.parametrize(
    ("day", "zone", "ends"),
    [
        ("2026-03-07", NEW_YORK, "2026-03-08T05:00"),
        ("2026-03-08", NEW_YORK, "2026-03-09T04:00"),  # a day of 23 hours
        ("2026-10-31", NEW_YORK, "2026-11-01T04:00"),
        ("2026-11-01", NEW_YORK, "2026-11-02T05:00"),  # a day of 25 hours
        ("2026-03-08", SHANGHAI, "2026-03-08T16:00"),
        ("1986-05-03", SHANGHAI, "1986-05-03T16:00"),  # on the eve of summer time, which China had until 1991
        ("1986-05-04", SHANGHAI, "1986-05-04T15:00"),
        ("2024-04-25", CAIRO, "2024-04-25T22:00"),
        ("2024-11-02", HAVANA, "2024-11-03T04:00"),
        ("2028-02-29", SHANGHAI, "2028-02-29T16:00"),
        ("2026-12-31", NEW_YORK, "2027-01-01T05:00"),
    ],
)
async def test_a_local_day_ends(ledger: Ledger, day: str, zone: str, ends: str) -> None:
    found = await ledger.connection.fetchval("select points_day_end($1, $2)", dt.date.fromisoformat(day), zone)
    assert found == dt.datetime.fromisoformat(ends).replace(tzinfo=dt.UTC) == day_end(dt.date.fromisoformat(day), zone)


async def test_every_day_of_four_years_ends_as_python_says(ledger: Ledger) -> None:
    for zone in (SHANGHAI, NEW_YORK):
        found = await ledger.connection.fetch(
            """select day::date as day, points_day_end(day::date, $1) as ends, points_activation(day, $1, 3) as activates,
                points_expiry(day, $1, 1) as expires
            from generate_series(timestamptz '2026-01-01 02:30Z', '2029-12-31', '31 hours') as day""",
            zone,
        )
        assert len(found) > 1000
        for at, row in enumerate(found):
            begins = dt.datetime(2026, 1, 1, 2, 30, tzinfo=dt.UTC) + at * dt.timedelta(hours=31)
            expected = day_end(row["day"], zone), activation(begins, zone, 3), expiry(begins, zone, 1)
            assert (row["ends"], row["activates"], row["expires"]) == expected


@pytest.mark.parametrize(
    ("earned", "zone", "months", "last_day"),
    [
        ("2026-01-31T04:00", SHANGHAI, 1, "2026-02-28"),
        ("2028-01-31T04:00", SHANGHAI, 1, "2028-02-29"),
        ("2028-02-29T04:00", SHANGHAI, 12, "2029-02-28"),
        ("2026-01-31T17:00", SHANGHAI, 1, "2026-03-01"),  # in Shanghai it is February already
        ("2026-02-08T12:00", NEW_YORK, 1, "2026-03-08"),
        ("2026-10-01T12:00", NEW_YORK, 1, "2026-11-01"),
    ],
)
async def test_a_lot_lives_to_the_end_of_its_last_day_whether_the_sweep_runs_or_not(
    ledger: Ledger, earned: str, zone: str, months: int, last_day: str
) -> None:
    now = dt.datetime.fromisoformat(earned).replace(tzinfo=dt.UTC)
    await ledger.set_clock(now)
    await ledger.open(zone, 0, months)
    member = await ledger.member()
    await ledger.call("earn", member, 10)
    ends = day_end(dt.date.fromisoformat(last_day), zone)
    for swept in (False, True):
        for instant, available in ((now, 10), (ends - MOMENT, 10), (ends, 0), (ends + MOMENT, 0)):
            if not swept:
                await ledger.set_clock(instant)
                assert await ledger.balance(member) == (0, available, 0, 0)
            assert await ledger.balance(member, instant) == (0, available, 0, 0)
        await ledger.settle()
    [expired] = await ledger.connection.fetch("select at, effective_at from points_transfer where code = 'EXPIRE'")
    assert expired["effective_at"] == ends < expired["at"]
