"""The one table, and the file of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.rows import Row, as_json


def show(console: Console, rows: Sequence[Row]) -> None:
    """Print the listed rows; a section for each case."""
    table = Table(title="Quadrant 四方", title_justify="left", header_style="bold")
    for name in ("case", "subject", "metric"):
        table.add_column(name)
    table.add_column("value", justify="right")
    table.add_column("target")
    table.add_column("note", style="dim", no_wrap=True)
    listed = [row for row in rows if row.listed]
    for at, row in enumerate(listed):
        last = at + 1 == len(listed) or listed[at + 1].case != row.case
        first = at == 0 or listed[at - 1].case != row.case
        case = row.case if first else ""
        table.add_row(case, row.subject, row.metric, written(row.value), verdict(row), row.note, end_section=last)
    console.print(table)


def written(value: float) -> str:
    """A number with as many digits as say something."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def verdict(row: Row) -> str:
    """The target, and whether it is met."""
    if row.target is None:
        return ""
    return f"{row.target.text} [green]met[/]" if row.target.met else f"{row.target.text} [bold red]not met[/]"


def keep(rows: Sequence[Row], path: Path) -> None:
    """Write the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(rows) + "\n", encoding="utf-8")
