"""What the makers of the demonstration world share: the present, chance, new ids, and the rows made so far.

Rows gather in memory, a sheet per table, and are stored with one statement per few thousand rows. Row policies are then
judged per statement and not per row and round trip: COPY is refused under row security.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.tables import METADATA
from foundation.ids import Ids, system_ids
from foundation.tables import Table
from segments.classification import Classification

ROWS_A_STATEMENT = 5_000

# Told after each statement: the table, and how many rows of how many in all are stored.
Progress = Callable[[str, int, int], None]

Choice = TypeVar("Choice")

# Said of everything that could be taken for real.
SYNTHETIC = "示例数据，非真实信息。"
SYNTHETIC_EN = "Synthetic example data."


@dataclass
class World:
    """A world in the making. The same `now`, seed and ceiling make the same world, ids included."""

    now: dt.datetime
    random: Random
    ceiling: Classification = Classification.TOP_SECRET
    sheets: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    new_id: Ids = field(init=False)

    def __post_init__(self) -> None:
        """Ids come from the seed too."""
        self.new_id = system_ids(lambda: self.now, self.random.randbytes)

    @property
    def today(self) -> dt.date:
        """The day of `now`."""
        return self.now.date()

    def day(self, days_ago: int) -> dt.date:
        """A day before today; after it when negative."""
        return self.today - dt.timedelta(days=days_ago)

    def working_hour(self, day: dt.date) -> dt.datetime:
        """Some minute of a working day in China, in UTC; never later than now."""
        minutes = self.random.randrange(60, 10 * 60)
        return min(dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(minutes=minutes), self.now)

    def chance(self, share: float) -> bool:
        """True in this share of calls."""
        return self.random.random() < share

    def weighted(self, weights: Mapping[Choice, int]) -> Choice:
        """One of the keys, as often as its weight says."""
        return self.random.choices(list(weights), list(weights.values()))[0]

    def some(self, choices: Sequence[Choice], fewest: int, most: int) -> list[Choice]:
        """A few different ones of the choices."""
        return self.random.sample(choices, min(len(choices), self.random.randint(fewest, most)))

    def storable(self, degree: Classification) -> bool:
        """True when the installation may hold rows of this degree."""
        return degree.rank <= self.ceiling.rank

    def add(self, model: type[Table], /, **values: Any) -> UUID:
        """One more row of a table; the new id."""
        row_id: UUID = values.setdefault("id", self.new_id())
        self.sheets.setdefault(model.__tablename__, []).append(values)
        return row_id

    def rows(self, model: type[Table]) -> list[dict[str, Any]]:
        """The rows of a table made so far."""
        return self.sheets.get(model.__tablename__, [])


async def store(session: AsyncSession, world: World, progress: Progress) -> None:
    """Store every sheet, tables that others refer to first."""
    total, stored = sum(map(len, world.sheets.values())), 0
    for table in METADATA.sorted_tables:
        for part in _parts(world.sheets.get(table.name, [])):
            await session.execute(*_insertion(table, part))
            stored += len(part)
            progress(table.name, stored, total)


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        yield rows[start : start + ROWS_A_STATEMENT]


def _insertion(table: sa.Table, rows: list[dict[str, Any]]) -> tuple[sa.TextClause, dict[str, str]]:
    """The statement that stores rows, which PostgreSQL reads from one JSON text by the table's own types."""
    names = sorted(rows[0])
    unlike = next((row for row in rows if sorted(row) != names), None)
    if unlike is not None:
        raise ValueError(f"rows of {table.name} differ in their columns: {sorted(set(unlike) ^ set(names))}")
    quoted = ", ".join(f'"{table.c[name].name}"' for name in names)
    statement = sa.text(
        f'insert into "{table.name}" ({quoted}) select {quoted} '  # noqa: S608 - names of our own tables and columns.
        f'from json_populate_recordset(null::"{table.name}", cast(cast(:rows as text) as json))'
    )
    return statement, {"rows": orjson.dumps([_ranked(row) for row in rows]).decode()}


def _ranked(row: dict[str, Any]) -> dict[str, Any]:
    """The row with ranks in place of degrees, as the columns hold them; JSON writes other enums by their value."""
    return {name: value.rank if isinstance(value, Classification) else value for name, value in row.items()}
