"""What a viewer sees: all rows of all tables, read with `select *` under the same row security."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from foundation.database import Database
from segments.viewer import Viewer

Found = dict[str, Any]
CHINA = ZoneInfo("Asia/Shanghai")


class Seen:
    """A viewer's rows by table, and the instant of the request. `world` has all rows, for what is told of unseen ones."""

    def __init__(
        self, viewer: Viewer, now: dt.datetime, rows: dict[str, list[Found]], world: dict[str, list[Found]]
    ) -> None:
        self.viewer = viewer
        self.now = now
        self.rows = rows
        self.world = world
        self._indexes: dict[tuple[str, str], dict[Any, list[Found]]] = {}

    @property
    def today(self) -> dt.date:
        """The day of the request where the enterprise works."""
        return self.now.astimezone(CHINA).date()

    def where(self, table: str, column: str, value: Any) -> list[Found]:
        """The rows of a table that have a value in a column; null equals nothing."""
        if (table, column) not in self._indexes:
            index = self._indexes[table, column] = defaultdict(list)
            for row in self.rows[table]:
                index[row[column]].append(row)
        return [] if value is None else self._indexes[table, column].get(value, [])

    def one(self, table: str, key: Any) -> Found | None:
        """The row of a key, if it is seen."""
        return next(iter(self.where(table, "id", key)), None)


async def read(
    database: Database, viewer: Viewer, now: dt.datetime, tables: Iterable[sa.Table], world: Seen | None = None
) -> Seen:
    """Read everything as one viewer; `world` is who sees all, or the viewer is."""
    connection = await database.connect_raw()
    try:
        async with connection.transaction():
            for name, value in viewer.row_settings().items():
                await connection.execute("select set_config($1, $2, true)", name, value)
            rows = {
                table.name: [dict(row) for row in await connection.fetch(f'select * from "{table.name}"')]  # noqa: S608
                for table in tables
            }
    finally:
        await connection.close()
    return Seen(viewer, now, rows, rows if world is None else world.rows)
