"""Importing a file of orders: read, checked and stored in one go, within one transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from domain.orders.importing import Faults, FaultyRow, OrderRow, check_header, parse_row
from domain.orders.imports import Entry, Imported, checked_source, entry_of, import_orders
from foundation.clock import CHINA, Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.session import transaction
from portal.imports.files import Record, Records, opened, with_text
from segments.viewer import Viewer

BATCH_ROWS = 5_000
# A file without any line has no header either.
EMPTY = Record(1, [])

# Told after each batch: how many orders there were so far, and how much of the file they came from, from 0 to 1.
Progress = Callable[[int, float], None]


@dataclass
class OrderFile:
    """What a file says, as far as it has been read."""

    faults: Faults = field(default_factory=Faults)
    rows: int = 0
    units: int = 0
    amounts: dict[str, int] = field(default_factory=dict[str, int])

    def count(self, rows: Sequence[OrderRow]) -> None:
        """Take good lines into the sums."""
        self.rows += len(rows)
        self.units += sum(row.quantity for row in rows)
        for row in rows:
            self.amounts[row.currency] = self.amounts.get(row.currency, 0) + row.amount


def untold(_rows: int, _share: float) -> None:
    """Progress that nobody watches."""


async def import_file(
    database: Database,
    path: Path,
    source: str,
    *,
    clock: Clock,
    new_id: Ids,
    dry_run: bool = False,
    progress: Progress = untold,
) -> tuple[OrderFile, Imported]:
    """Import a CSV or Excel file with a header of `COLUMNS` in any order; with faults, or in a dry run, nothing is stored.

    While PostgreSQL stores a batch the next one is read on a thread.
    """
    checked_source(source)
    now = clock()
    found = OrderFile()
    with opened(path) as records:
        batches = read_batches(records, found, now.astimezone(CHINA).date(), new_id)
        async with (
            transaction(database, Viewer.system().row_settings()) as session,
            aclosing(read_ahead(batches, lambda: progress(found.rows, records.share()))) as ahead,
        ):
            done = await import_orders(
                session, now, new_id, source=source, batches=ahead, faults=found.faults, dry_run=dry_run
            )
            if found.faults or dry_run:
                await session.rollback()
    return found, done


def read_batches(records: Records, found: OrderFile, today: dt.date, new_id: Ids) -> Iterator[list[Entry]]:
    """The good ones of every few thousand lines of a file; what is wrong with the others is noted.

    A batch may be empty: while a file that is wrong all over is read, the transaction must not wait for too long.
    """
    lines = with_text(records)
    header_line, names = next(lines, EMPTY)
    header = [name.lower() for name in within(names, 0)]
    try:
        check_header(header_line, header)
    except FaultyRow as faulty:
        found.faults.note(faulty.faults)
        return
    while some := list(islice(lines, BATCH_ROWS)):
        batch: list[OrderRow] = []
        for line, cells in some:
            try:
                batch.append(parse_row(line, header, within(cells, len(header)), today))
            except FaultyRow as faulty:
                found.faults.note(faulty.faults)
        found.count(batch)
        yield [entry_of(row, new_id) for row in batch]


def within(cells: list[str], width: int) -> list[str]:
    """The cells without the empty ones beyond a width: office programs write tables wider than what they hold."""
    end = len(cells)
    while end > width and not cells[end - 1]:
        end -= 1
    return cells[:end]


async def read_ahead(batches: Iterator[list[Entry]], told: Callable[[], None]) -> AsyncGenerator[list[Entry]]:
    """The batches, of which the next is read on a thread while one is worked on."""
    reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await reading) is not None:
            reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
            told()
    finally:
        # A thread cannot be stopped, and the file must stay open as long as it reads.
        await asyncio.gather(reading, return_exceptions=True)
