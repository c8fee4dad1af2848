"""The calendar of a store: on which days it opens when, and the slots of appointments that fit into that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

from domain.stores.tables import StoreDay

WEEKDAYS = tuple(day for day in StoreDay if day is not StoreDay.HOLIDAY)
MINUTES_OF_DAY = 24 * 60


class Span(NamedTuple):
    """From one minute of the local day to another; the end is not within."""

    opens_minute: int
    closes_minute: int


class Opening(NamedTuple):
    """A span of time in which a store is open. `day` is the local one."""

    day: dt.date
    opens_at: dt.datetime
    closes_at: dt.datetime
    holiday: bool


@lru_cache(maxsize=16)
def public_holidays(year: int) -> frozenset[dt.date]:
    """The days off of a year in China: as announced, with the days that working weekends pay for, or as the law computes them."""
    return frozenset(holidays.country_holidays("CN", years=year))


def openings(
    hours: Mapping[StoreDay, Sequence[Span]],
    special_days: Mapping[dt.date, Span | None],
    zone: ZoneInfo,
    days: Collection[dt.date],
) -> Iterator[Opening]:
    """When a store is open on some days: by what is said of the date, else of public holidays, else of the weekday.

    Hours of `HOLIDAY` hold on public holidays; a store that has none is open then as on any other such weekday.
    A date in `special_days` without a span is closed.
    """
    for day in sorted(days):
        holiday = day in public_holidays(day.year)
        if day in special_days:
            span = special_days[day]
            spans: Sequence[Span] = () if span is None else (span,)
        elif holiday and StoreDay.HOLIDAY in hours:
            spans = hours[StoreDay.HOLIDAY]
        else:
            spans = hours.get(WEEKDAYS[day.weekday()], ())
        for opens, closes in sorted(spans):
            begins, ends = instant(day, opens, zone), instant(day, closes, zone)
            # Where clocks are put forward, a span may not exist.
            if begins < ends:
                yield Opening(day, begins, ends, holiday)


def instant(day: dt.date, minute: int, zone: ZoneInfo) -> dt.datetime:
    """The instant in UTC at which a clock on the store's wall shows a minute of a day."""
    later, within = divmod(minute, MINUTES_OF_DAY)
    wall = dt.datetime.combine(day + dt.timedelta(days=later), dt.time(*divmod(within, 60)), zone)
    return wall.astimezone(dt.UTC)


def slots(opening: Opening, slot_minutes: int) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The whole slots of an opening, one after the other."""
    length = dt.timedelta(minutes=slot_minutes)
    begins = opening.opens_at
    while begins + length <= opening.closes_at:
        yield begins, begins + length
        begins += length
