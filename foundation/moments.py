"""Days and instants on their way to PostgreSQL and back, as what they are.

asyncpg takes the last day and instant that Python knows for infinity, and the first for minus infinity. A cursor of the
day 9999-12-31, which stands for `no day` in lists, then pointed past all rows that have it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

# PostgreSQL counts from here; the least and the greatest number stand for the infinities.
DAY_ZERO = dt.date(2000, 1, 1)
ZERO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
FIRST, LAST = dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)


def days(day: dt.date) -> tuple[int]:
    """A day as PostgreSQL sends it."""
    return (day.toordinal() - DAY_ZERO.toordinal(),)


def day_of(sent: tuple[int]) -> dt.date:
    """A day that PostgreSQL sent; what Python has no day for, the infinities too, is the nearest that it has."""
    ordinal = sent[0] + DAY_ZERO.toordinal()
    return dt.date.fromordinal(min(max(ordinal, dt.date.min.toordinal()), dt.date.max.toordinal()))


def microseconds(instant: dt.datetime) -> tuple[int]:
    """An instant as PostgreSQL sends it; one without a zone is a TypeError."""
    return ((instant - ZERO) // MICROSECOND,)


def instant_of(sent: tuple[int]) -> dt.datetime:
    """An instant that PostgreSQL sent; what Python has no instant for is the nearest that it has."""
    try:
        return ZERO + sent[0] * MICROSECOND
    except OverflowError:
        return LAST if sent[0] > 0 else FIRST


async def set_codecs(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Make a connection send and read days and instants so."""
    for name, encoder, decoder in (("date", days, day_of), ("timestamptz", microseconds, instant_of)):
        await connection.set_type_codec(name, schema="pg_catalog", format="tuple", encoder=encoder, decoder=decoder)
