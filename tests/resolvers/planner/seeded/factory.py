"""Makes rows of any table from few given values; what is left open is drawn from small pools, so that ties are common.

The same seed makes the same rows. Pools hold what tends to go wrong: quotes, wildcards, control characters, long and
empty texts, instants that many rows share.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from segments.audiences import Audience
from segments.classification import Classification, ClassificationRank

# In Shanghai it is already the next day, so a day taken in the wrong time zone shows.
NOW = dt.datetime(2026, 3, 1, 16, 30, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 2)

TEXTS = (
    "",
    "a",
    "A",
    "Ab",
    "ab",
    "a%",
    "a_b",
    "a\\b",
    "100%",
    'say "x"',
    "it's",
    "é",
    "É",
    "测绘无人机",
    "测绘 UAV",
    "🛰️卫星",
    "\u2028 line",
    "tab\tnew\nline",
    "\x01\x1f\x7f",
    "z" * 70,
    "长" * 120,
)
INSTANTS = (
    NOW,
    NOW - dt.timedelta(microseconds=1),
    NOW + dt.timedelta(hours=1),
    NOW - dt.timedelta(days=10),
    NOW - dt.timedelta(days=30, microseconds=500_000),
    NOW - dt.timedelta(days=30),
    NOW - dt.timedelta(days=31),
    dt.datetime(1997, 1, 1, tzinfo=dt.UTC),
)
DAYS = (
    TODAY,
    TODAY - dt.timedelta(days=1),
    TODAY + dt.timedelta(days=1),
    TODAY - dt.timedelta(days=400),
    TODAY + dt.timedelta(days=400),
    dt.date(1997, 1, 1),
)
NUMBERS = (0, 1, 1, 2, 3, 7, 1000, 2**31 - 1)
DEGREES = (Classification.PUBLIC,) * 6 + tuple(Classification)
COMPARTMENTS: tuple[tuple[str, ...], ...] = ((), (), (), (), ("red",), ("blue",), ("red", 'b"l,ue'))
EVERY_AUDIENCE = tuple(audience.value for audience in Audience)
AUDIENCES = (EVERY_AUDIENCE, EVERY_AUDIENCE, ("consumer", "division"), ("military",), ("enterprise", "government"), ())


class Factory:
    """The rows made so far, by table, in the order in which they can be inserted."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.tables: dict[str, sa.Table] = {}
        self.made = 0

    def id(self) -> uuid.UUID:
        """A new identifier. Their order is not the order of making, so that a list by id is seen to be sorted."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def number(self) -> int:
        """A number that no other row has, for unique columns."""
        self.made += 1
        return self.made

    def add(self, model: Any, **given: Any) -> dict[str, Any]:
        """A row of a table, with what is not given drawn."""
        table: sa.Table = model.__table__
        self.tables[table.name] = table
        made = {column.name: given.get(column.name, ...) for column in table.columns if column.identity is None}
        if unknown := given.keys() - made.keys():
            raise KeyError(f"{table.name} has no {sorted(unknown)}")
        row = {name: self.drawn(table.c[name]) if value is ... else value for name, value in made.items()}
        self.rows.setdefault(table.name, []).append(row)
        return row

    def drawn(self, column: sa.Column[Any]) -> Any:
        """A value for a column that nobody gave."""
        if column.primary_key:
            return self.id()
        if column.foreign_keys:
            if not column.nullable:
                raise KeyError(f"{column} must be given")
            return None
        if column.nullable and self.random.random() < 0.3:
            return None
        return self.of_type(column)

    def of_type(self, column: sa.Column[Any]) -> Any:
        """A value of a column's type."""
        choose, kind = self.random.choice, column.type
        if isinstance(kind, ClassificationRank):
            return choose(DEGREES)
        if isinstance(kind, sa.Enum):
            return choose(list(kind.enum_class or ()))
        if isinstance(kind, ARRAY):
            return list(choose(AUDIENCES if column.name == "audiences" else COMPARTMENTS))
        if isinstance(kind, sa.Uuid):
            return self.id()
        pools: tuple[tuple[type, tuple[Any, ...]], ...] = (
            (TSVECTOR, ("",)),
            (sa.DateTime, INSTANTS),
            (sa.Date, DAYS),
            (sa.Boolean, (True, False)),
            (sa.LargeBinary, (b"", b"\0\xff")),
            (sa.Integer, NUMBERS),
            (sa.Text, TEXTS),
        )
        for known, pool in pools:
            if isinstance(kind, known):
                return choose(pool)
        raise TypeError(f"the factory knows no value for {column}; add one")

    def of(self, model: Any) -> list[dict[str, Any]]:
        """The rows of a table so far."""
        return self.rows.get(model.__tablename__, [])

    def one(self, model: Any) -> dict[str, Any]:
        """Any row of a table."""
        return self.random.choice(self.of(model))

    def perhaps(self, model: Any, rate: float = 0.6) -> uuid.UUID | None:
        """The key of any row of a table, or of none."""
        return self.one(model)["id"] if self.of(model) and self.random.random() < rate else None

    def times(self, low: int, high: int) -> range:
        """A loop of so many rounds."""
        return range(self.random.randint(low, high))
