"""The committed SDL: `master.graphql` with every mark, and a file for each view, so that review sees who gains or loses what.

`python -m schema.snapshots` writes them anew. A breaking change of a view must be declared in docs/schema-changes.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graphql import print_schema

from schema.root import MASTER
from schema.views import compiled_views
from segments.audiences import Audience
from segments.views import View

HERE = Path(__file__).parent


def master_text() -> str:
    """The SDL of everything, in Strawberry's printing, which shows the marks."""
    return MASTER.as_str().rstrip() + "\n"


def view_text(view: View) -> str:
    """The SDL of one view, as introspection tells it."""
    return print_schema(view.core).rstrip() + "\n"


def printed(views: Mapping[Audience, View] | None = None) -> dict[str, str]:
    """The text of every snapshot by its file's name in this folder."""
    found = compiled_views() if views is None else views
    texts = {f"{audience.value}.graphql": view_text(view) for audience, view in found.items()}
    return {"master.graphql": master_text(), **texts}


def write() -> None:
    """Write every snapshot."""
    for name, text in printed().items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
