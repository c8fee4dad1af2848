"""`quadrant docs`: write what is made from code."""

from __future__ import annotations

import typer

from foundation.migrations import ROOT
from portal.cli.reporting import NOTES
from portal.cli.snapshots import stale_files, written_files

app = typer.Typer(add_completion=False)


@app.command()
def docs() -> None:
    """Write the documents and snapshots that are made from code."""
    files = written_files()
    stale = stale_files(files)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
        NOTES.print(f"written: {path.relative_to(ROOT)}")
    if not stale:
        NOTES.print("everything is up to date")
