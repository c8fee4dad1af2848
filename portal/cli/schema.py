"""`quadrant schema`: the schema in the schema definition language."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.cli.snapshots import master_text, view_text
from schema.root import MASTER
from segments.audiences import Audience
from segments.views import compile_views

app = typer.Typer(add_completion=False)


@app.command()
def schema(
    view: Annotated[
        Audience | None, typer.Option(help="The audience whose view to print; without it, everything.")
    ] = None,
) -> None:
    """Print the schema: of everything with its marks, or of one audience's view."""
    if view is None:
        typer.echo(master_text(), nl=False)
        return
    typer.echo(view_text(compile_views(MASTER, (view,))[view]), nl=False)
