"""What a measurement says: rows of the one table, and of `var/bench.json`."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """What a value should be. It is stated beside the row; a bench never fails."""

    text: str
    met: bool


@dataclass(frozen=True)
class Row:
    """One value. `note` says in the table how it came about; rows that are not `listed` stand in the file alone."""

    case: str
    subject: str
    metric: str
    value: float
    note: str = ""
    target: Target | None = None
    listed: bool = True


def at_least(value: float, bound: float) -> Target:
    """The value should be this large."""
    return Target(f"≥ {bound:g}", value >= bound)


def at_most(value: float, bound: float) -> Target:
    """The value should not be larger."""
    return Target(f"≤ {bound:g}", value <= bound)


def median(values: Iterable[float]) -> float:
    """The median, because a shared machine has rounds that say nothing."""
    return statistics.median(values)


def as_json(rows: Iterable[Row]) -> str:
    """The rows as `var/bench.json` holds them."""
    entries = [{"case": row.case, "subject": row.subject, "metric": row.metric, "value": row.value} for row in rows]
    return json.dumps(entries, ensure_ascii=False, indent=1)
