"""Importing a purchase history against a bare COPY of the same rows, which knows no rules, policies, keys or indexes."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.rows import Row, median
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import system_ids
from foundation.migrations import ROOT
from portal.imports.orders import import_file

if TYPE_CHECKING:
    from foundation.database import RawConnection

# The real history where it lies beside the checkout; elsewhere as many lines made from a seed.
REAL = ROOT.parent / "shared" / "data" / "cdnow_orders.csv"
MADE_ORDERS, MADE_PEOPLE = 70_000, 24_000
COLUMNS = ("customer_ref", "ordered_on", "sku", "quantity", "amount", "currency")
BARE = """create temporary table bare (
    customer_ref text, ordered_on date, sku text, quantity bigint, amount bigint, currency text)"""


async def measure(
    database: Database, copier: RawConnection, rounds: int, tell: Callable[[str], None] = lambda _: None
) -> list[Row]:
    """Orders a second of both, medians of interleaved rounds; each round imports the file as another source."""
    with TemporaryDirectory() as directory:
        path = REAL if REAL.exists() else made(Path(directory) / "orders.csv")
        rows = parsed(path)
        await copier.execute(BARE)
        imports: list[float] = []
        again: list[float] = []
        copies: list[float] = []
        for number in range(rounds):
            tell(f"import, round {number + 1} of {rounds}")
            copies.append(len(rows) / await copied(copier, rows))
            imports.append(len(rows) / await imported(database, path, f"bench-{time.time_ns()}", added=len(rows)))
            again.append(len(rows) / await imported(database, path, f"bench-{time.time_ns()}", added=0, dry_run=True))
        await copier.execute("drop table bare")
    note = f"{len(rows):,} orders; a median of {rounds}"
    return [
        Row("import", "bare COPY", "orders/s", round(median(copies)), note),
        Row("import", "ours", "orders/s", round(median(imports)), "checked, stored and indexed under row security"),
        Row("import", "ours, dry run", "orders/s", round(median(again)), "checked alone"),
        Row("import", "ours", "share of bare COPY", median(imports) / median(copies)),
    ]


def made(path: Path) -> Path:
    """A file like the real history."""
    random = Random(1997)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for _ in range(MADE_ORDERS):
            day = date.fromordinal(date(1997, 1, 1).toordinal() + random.randrange(546))
            amount = f"{random.randrange(500, 9_000) / 100:.2f}"
            out.writerow([f"{random.randrange(MADE_PEOPLE):05}", day, "CD", random.randrange(1, 9), amount, "USD"])
    return path


def parsed(path: Path) -> list[tuple[object, ...]]:
    """The rows of the file as COPY takes them."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (
                row["customer_ref"],
                date.fromisoformat(row["ordered_on"]),
                row["sku"],
                int(row["quantity"]),
                round(float(row["amount"]) * 100),
                row["currency"],
            )
            for row in csv.DictReader(file)
        ]


async def copied(copier: RawConnection, rows: list[tuple[object, ...]]) -> float:
    """The seconds that a COPY of the rows into an empty table without anything takes."""
    await copier.execute("truncate bare")
    began = time.perf_counter()
    await copier.copy_records_to_table("bare", records=rows, columns=COLUMNS)
    return time.perf_counter() - began


async def imported(database: Database, path: Path, source: str, *, added: int, dry_run: bool = False) -> float:
    """The seconds that the import of the file takes, from its first byte to the commit."""
    began = time.perf_counter()
    found, done = await import_file(
        database, path, source, clock=system_clock, new_id=system_ids(system_clock), dry_run=dry_run
    )
    seconds = time.perf_counter() - began
    assert not found.faults, found.faults.kept
    assert dry_run or done.orders == added, done
    return seconds
