"""Files of the repository that are written from code: the settings' page, the schema's snapshots.

A snapshot shows in review what a change does to each audience; `quadrant check` and a test compare them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graphql import print_schema

from foundation.migrations import ROOT
from foundation.settings import settings_page
from schema.root import MASTER
from segments.audiences import Audience
from segments.views import View, compile_views

SCHEMA_DIRECTORY = ROOT / "schema"


def master_text() -> str:
    """The schema of everything, with the marks that say who sees what."""
    return MASTER.as_str().rstrip() + "\n"


def view_text(view: View) -> str:
    """One audience's view, which says nothing of marks."""
    return print_schema(view.core).rstrip() + "\n"


def written_files(views: Mapping[Audience, View] | None = None) -> dict[Path, str]:
    """Every such file and what it should hold."""
    compiled = views or compile_views(MASTER)
    files = {SCHEMA_DIRECTORY / f"{audience.value}.graphql": view_text(view) for audience, view in compiled.items()}
    return {ROOT / "docs" / "settings.md": settings_page(), SCHEMA_DIRECTORY / "master.graphql": master_text(), **files}


def stale_files(files: Mapping[Path, str]) -> list[Path]:
    """Those that are missing or hold something else."""
    return [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
