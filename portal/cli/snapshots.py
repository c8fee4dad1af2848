"""Files of the repository that are written from code: the settings' page, the schema's snapshots.

A snapshot shows in review what a change does to each audience; `quadrant check` and a test compare them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from foundation.migrations import ROOT
from foundation.settings import settings_page
from schema.snapshots import printed
from segments.audiences import Audience
from segments.views import View

SCHEMA_DIRECTORY = ROOT / "schema"


def written_files(views: Mapping[Audience, View] | None = None) -> dict[Path, str]:
    """Every such file and what it should hold."""
    schemas = {SCHEMA_DIRECTORY / name: text for name, text in printed(views).items()}
    return {ROOT / "docs" / "settings.md": settings_page(), **schemas}


def stale_files(files: Mapping[Path, str]) -> list[Path]:
    """Those that are missing or hold something else."""
    return [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
