"""Days and instants come back as they were sent, the first and the last too."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.database import Database
from foundation.moments import FIRST, LAST, day_of, days, instant_of, microseconds


@pytest.mark.parametrize("day", [dt.date.min, dt.date.max, dt.date(2000, 1, 1), dt.date(1996, 2, 29)])
async def test_days(database: Database, day: dt.date) -> None:
    connection = await database.connect_raw()
    try:
        assert await connection.fetchval("select $1::date", day) == day
        assert await connection.fetchval("select $1::date::text", day) == f"{day:%Y-%m-%d}".rjust(10, "0")
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "instant", [FIRST, LAST, dt.datetime(1997, 6, 1, 8, tzinfo=dt.timezone(dt.timedelta(hours=8)))]
)
async def test_instants(database: Database, instant: dt.datetime) -> None:
    connection = await database.connect_raw()
    try:
        assert await connection.fetchval("select $1::timestamptz", instant) == instant
        assert await connection.fetchval("select isfinite($1::timestamptz)", instant)
        with pytest.raises(Exception, match="offset-naive"):
            await connection.fetchval("select $1::timestamptz", instant.replace(tzinfo=None))
    finally:
        await connection.close()


async def test_what_python_cannot_hold_is_the_nearest(database: Database) -> None:
    connection = await database.connect_raw()
    try:
        for written, day, instant in (
            ("infinity", dt.date.max, LAST),
            ("-infinity", dt.date.min, FIRST),
            ("4713-01-01 BC", dt.date.min, FIRST),
        ):
            assert await connection.fetchval("select $1::text::date", written) == day
            assert await connection.fetchval("select $1::text::timestamptz", written) == instant
    finally:
        await connection.close()


@given(st.dates(), st.datetimes(timezones=st.just(dt.UTC)))
def test_there_and_back(day: dt.date, instant: dt.datetime) -> None:
    assert day_of(days(day)) == day
    assert instant_of(microseconds(instant)) == instant
