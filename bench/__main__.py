"""`make bench`: measure everything, or the parts that are named, and print one table."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from bench import growth, imports, points, reads, shop, starting
from bench.place import DIRECTORY, ORCHESTRATOR, bench_settings, fresh_database
from bench.report import keep, show
from bench.rows import Row
from bench.seed import Extent, seed
from bench.servers import CALLERS_FILE
from bench.shapes import asks
from bench.subjects import postgraphile
from bench.viewers import Caller, callers
from foundation.database import Addresses, connect, open_database
from foundation.migrations import ROOT

if TYPE_CHECKING:
    from foundation.database import RawConnection

PRODUCTS = 10_000
REPORT_COLUMNS = 160
PARTS = ("reads", "imports", "growth", "points", "shop", "start")


async def main(parts: Sequence[str], rounds: int, seconds: float) -> None:
    """Measure these parts."""
    # In a file or pipe rich would fold the table to 80 columns.
    console = Console(width=None if sys.stdout.isatty() else REPORT_COLUMNS)
    began = time.monotonic()
    rows: list[Row] = []
    with console.status("database") as status:
        async with fresh_database() as places:
            monitor = await connect(places.application.set(username="postgres"), application_name=ORCHESTRATOR)
            known: list[Caller] = []
            if set(parts) & {"reads", "imports", "growth"}:
                await fill(places)
                known = await tokens()
            conditions = reads.Conditions(rounds, seconds, asks(PRODUCTS), known, status.update)
            if "reads" in parts:
                missing = await postgraphile.install()
                left_out = {} if missing is None else {"postgraphile": missing}
                rows += await reads.measure(places, monitor, conditions, left_out)
                for name, why in left_out.items():
                    console.print(f"left out: {name}, {why}")
            if "imports" in parts:
                rows += await imported(monitor, rounds, status.update)
            if "growth" in parts:
                rows += await growth.measure(places, monitor, conditions, PRODUCTS)
            if "points" in parts:
                rows += await points.measure(places, rounds, seconds, status.update)
            if "shop" in parts:
                rows += await shop.measure(places, rounds, seconds, status.update)
            await monitor.close()
        if "start" in parts:
            rows += await starting.measure(rounds, status.update)
    rows.append(Row("bench", "all", "seconds", round(time.monotonic() - began)))
    show(console, rows)
    keep(rows, ROOT / "var" / "bench.json")


async def fill(places: Addresses) -> None:
    """The rows to read, with the figures about them that PostgreSQL plans by."""
    application = await connect(places.application, application_name=ORCHESTRATOR, timezone="UTC")
    await seed(application, Extent(1, PRODUCTS))
    await application.close()
    assert places.superuser is not None, "the embedded server always has one"
    owner = await connect(places.superuser, application_name=ORCHESTRATOR)
    await owner.execute("vacuum analyze")
    await owner.close()


async def imported(copier: RawConnection, rounds: int, tell: Callable[[str], None]) -> list[Row]:
    """The import of a purchase history; after all that reads, because it adds to the orders."""
    database = open_database(bench_settings())
    try:
        return await imports.measure(database, copier, rounds, tell)
    finally:
        await database.close()


async def tokens() -> list[Caller]:
    """The viewers, also written down for the servers that believe what they are told."""
    settings = bench_settings()
    database = open_database(settings)
    try:
        known = await callers(settings, database)
    finally:
        await database.close()
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    CALLERS_FILE.write_text(json.dumps([[caller.token, caller.settings] for caller in known]), encoding="utf-8")
    return known


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=PARTS, default=PARTS, metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, of which the median counts")
    parser.add_argument("--seconds", type=float, default=1.5, help="seconds of load in each round")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.parts, chosen.rounds, chosen.seconds))
