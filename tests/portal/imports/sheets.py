"""Workbooks for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openpyxl import Workbook


def saved(path: Path, rows: Iterable[list[Any]]) -> Path:
    """A workbook with these rows in its first sheet, and others in a second one."""
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    workbook.create_sheet("说明").append(["不读这一页"])
    workbook.save(path)
    return path
