"""`quadrant schema`: the schema in the schema definition language."""

from __future__ import annotations

from typing import Annotated

import typer

from schema.snapshots import master_text, view_text
from schema.views import compiled_views
from segments.audiences import Audience

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
    typer.echo(view_text(compiled_views((view,))[view]), nl=False)
