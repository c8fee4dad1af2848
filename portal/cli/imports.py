"""`quadrant import orders`: a purchase history from a file, all or nothing, as often as one likes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from domain.orders.importing import Fault, FaultyRow
from domain.orders.imports import Imported, import_orders
from foundation.clock import system_clock
from foundation.ids import system_ids
from foundation.language import Language, translate
from foundation.session import transaction
from foundation.settings import read_settings
from portal.cli.migrate import analyze
from portal.cli.opening import opened
from portal.cli.reporting import NOTES, reported
from portal.imports.orders import OrderFile, read_orders
from segments.viewer import Viewer

SOURCE_CHARACTERS_MAX = 60
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
    source: Annotated[str, typer.Option(help="The system that the file comes from; its lines are orders once.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report every bad row and store nothing.")] = False,
) -> None:
    """Import orders. Columns: customer_ref, ordered_on, sku, quantity, amount, currency."""
    with reported():
        if not source.strip() or len(source) > SOURCE_CHARACTERS_MAX or not source.isprintable():
            raise typer.BadParameter(f"1 to {SOURCE_CHARACTERS_MAX} printable characters", param_hint="--source")
        language = read_settings().language
        found = read_orders(file, system_clock().date())
        if found.faults:
            refuse(found.faults, found.fault_count, language)
        if dry_run:
            NOTES.print(translate("import.would_store", language, rows=len(found.rows)))
            return
        try:
            started = time.perf_counter()
            done = asyncio.run(store(found, source.strip()))
        except FaultyRow as faulty:
            refuse(faulty.faults, len(faulty.faults), language)
        else:
            seconds = f"{time.perf_counter() - started:.1f}"
            typer.echo(
                translate(
                    "import.stored",
                    language,
                    orders=done.orders,
                    customers=done.customers,
                    present=done.present,
                    seconds=seconds,
                )
            )


async def store(found: OrderFile, source: str) -> Imported:
    """Store the orders in one transaction, as the system."""
    settings = read_settings()
    columns = (TextColumn("  {task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with opened(settings) as database:
        with Progress(*columns, console=NOTES, transient=True, disable=not NOTES.is_terminal) as progress:
            bar = progress.add_task("orders", total=len(found.rows))
            async with transaction(database, Viewer.system().row_settings()) as session:
                done = await import_orders(
                    session,
                    system_clock(),
                    system_ids(system_clock),
                    source=source,
                    rows=found.rows,
                    progress=lambda stored, total: progress.update(bar, completed=stored, total=total),
                )
        if done.orders >= ANALYZED_ROWS_MIN:
            await analyze(settings)
    return done


def refuse(faults: list[Fault], count: int, language: Language) -> None:
    """Say what is wrong, a line each on standard output, and end with code 1: nothing was stored."""
    for fault in faults:
        reason = translate(fault.message_key, language, **fault.params)
        typer.echo(
            translate(
                "import.fault",
                language,
                line=fault.line,
                column=fault.column or "-",
                value=repr(fault.value),
                reason=reason,
            )
        )
    lines = len({fault.line for fault in faults})
    NOTES.print(translate("import.refused", language, faults=count, lines=lines), style="red")
    raise typer.Exit(1)
