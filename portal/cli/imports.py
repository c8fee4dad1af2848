"""`quadrant import orders`: a purchase history from a file, all or nothing, as often as one likes."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from domain.orders.importing import Faults
from domain.orders.imports import Imported
from foundation.clock import system_clock
from foundation.ids import system_ids
from foundation.language import Language, translate
from foundation.money import minor_digits
from foundation.settings import Settings, read_settings
from portal.cli.migrate import analyze
from portal.cli.opening import opened
from portal.cli.reporting import NOTES, reported
from portal.imports.orders import OrderFile, import_file

# A bulk of rows after which the old statistics mislead.
ANALYZED_ROWS_MIN = 1_000

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Import data from files of other systems.")


@app.callback()
def group() -> None:
    """Import data from files of other systems."""


@app.command()
def orders(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV or Excel, with a header.")
    ],
    source: Annotated[
        str, typer.Option(help="The system that the file comes from; each of its lines is an order, once.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report every bad row and store nothing.")] = False,
) -> None:
    """Import orders. Columns: customer_ref, ordered_on, sku, quantity, amount, currency."""
    with reported():
        settings = read_settings()
        started = time.perf_counter()
        found, done = asyncio.run(imported(settings, file, source, dry_run=dry_run))
        seconds = time.perf_counter() - started
        if found.faults:
            report(found.faults, settings.language)
            raise typer.Exit(1)
        typer.echo(summary(found, done, settings.language, seconds, dry_run=dry_run))


async def imported(settings: Settings, file: Path, source: str, *, dry_run: bool) -> tuple[OrderFile, Imported]:
    """Import a file into the migrated database, with a bar on a terminal."""
    columns = (TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    async with opened(settings) as database:
        with Progress(*columns, console=NOTES, transient=True, disable=not NOTES.is_terminal) as progress:
            bar = progress.add_task("…", total=1.0)
            found, done = await import_file(
                database,
                file,
                source,
                clock=system_clock,
                new_id=system_ids(system_clock),
                dry_run=dry_run,
                progress=lambda rows, share: progress.update(bar, description=f"{rows:,}", completed=share),
            )
        if done.orders >= ANALYZED_ROWS_MIN and not found.faults and not dry_run:
            await analyze(settings)
    return found, done


def summary(found: OrderFile, done: Imported, language: Language, seconds: float, *, dry_run: bool) -> str:
    """What was stored, or would be, and the sums of the file to compare it with."""
    # No Money: the sum of what columns hold may be more than one of them does.
    amounts = [
        f"{Decimal(amount).scaleb(-minor_digits(currency)):f} {currency}"
        for currency, amount in sorted(found.amounts.items())
    ]
    sums = translate("import.sums", language, rows=found.rows, units=found.units, amounts=", ".join(amounts) or "0")
    if dry_run:
        said = translate("import.would_store", language, orders=done.orders, present=done.present)
    else:
        said = translate(
            "import.stored",
            language,
            orders=done.orders,
            customers=done.customers,
            present=done.present,
            seconds=f"{seconds:.1f}",
        )
    return f"{said}\n{sums}"


def report(faults: Faults, language: Language) -> None:
    """Say what is wrong, a line each on standard output: nothing was stored."""
    for fault in sorted(faults.kept, key=lambda fault: fault.line):
        typer.echo(
            translate(
                "import.fault",
                language,
                line=fault.line,
                column=fault.column or "-",
                value=repr(fault.value),
                reason=translate(fault.message_key, language, **fault.params),
            )
        )
    if more := faults.count - len(faults.kept):
        typer.echo(translate("import.more", language, count=more))
    NOTES.print(translate("import.refused", language, faults=faults.count, lines=faults.lines), style="red")
