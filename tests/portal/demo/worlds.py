"""The demonstration world in memory, made once for all tests of a process."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

from domain.customers.regions import divisions, region_id
from foundation.tables import Table
from portal.demo.seeding import make_world
from portal.demo.world import World
from segments.classification import Classification

NOW = dt.datetime(2026, 11, 24, 8, 30, tzinfo=dt.UTC)
Row = dict[str, Any]


def chance(seed: int) -> Random:
    """Chance that repeats itself."""
    return Random(seed)  # noqa: S311 - invented data, no secrets.


@cache
def made(seed: int = 7, ceiling: Classification = Classification.TOP_SECRET) -> World:
    """A world of a seed; tests only look at it."""
    world = World(NOW, chance(seed), ceiling)
    make_world(world, "a hash")
    return world


def by_id(world: World, model: type[Table]) -> dict[UUID, Row]:
    """The rows of a table by their ids."""
    return {row["id"]: row for row in world.rows(model)}


def grouped(rows: Iterable[Row], *columns: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column, or of several."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns)].append(row)
    return groups


def regions() -> set[UUID]:
    """The ids of all regions, which are loaded beside the world."""
    return {region_id(division.code) for division in divisions()}


def follow_each_other(spans: list[Row], since: str = "valid_from", until: str = "valid_until") -> bool:
    """True when each span begins where the one before ended and only the last is open."""
    ordered = sorted(spans, key=lambda span: span[since])
    joined = all(before[until] == after[since] for before, after in pairwise(ordered))
    return (
        joined
        and ordered[-1][until] is None
        and all(span[until] is None or span[since] < span[until] for span in spans)
    )
