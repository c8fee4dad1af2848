"""Excel workbooks: the rows of their first sheet, as a CSV file would hold them."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook  # pyright: ignore[reportUnknownVariableType]

from domain.orders.importing import CellError, NoValue
from foundation.refusals import Refusal

# A workbook is a compressed archive: what little it is on disk says nothing of what it becomes. Its rows are read one after
# the other; the texts and styles they share are held in memory all at once.
UNPACKED_BYTES_MAX = 2 << 30
SHARED_BYTES_MAX = 128 << 20
SHEETS = "xl/worksheets/"


class SheetRows:
    """The rows of an open sheet."""

    def __init__(self, sheet: Any) -> None:
        # What a sheet says of its own size may be wrong either way; as a figure for progress it will do.
        self.said: int | None = sheet.max_row
        self.read = 0
        sheet.reset_dimensions()
        self.rows = sheet.iter_rows()

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        width = 0
        while (row := self.next_row()) is not None:
            self.read += 1
            cells = [cell_text(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            # Empty cells at a row's end are not written down; the header, first of all, says how many belong to it.
            width = width or len(cells)
            yield self.read, cells + [""] * (width - len(cells) if cells else 0)

    def next_row(self) -> Any:
        """The next row; None at the end."""
        try:
            return next(self.rows, None)
        except Exception as error:  # openpyxl raises what zip files and XML parsers raise
            raise Refusal("IMPORT_NOT_EXCEL") from error

    def share(self) -> float:
        """How much of the sheet has been read, as far as it knows its size."""
        return min(self.read / self.said, 1.0) if self.said else 0.0


@contextmanager
def workbook(path: Path) -> Generator[SheetRows]:
    """The rows of the first sheet of a workbook. Formulas are not computed: what they gave last may be out of date."""
    check_size(path)
    # Opened here, because by a path it judges a file by the name.
    with path.open("rb") as file, warnings.catch_warnings():
        # It warns of styles and extensions that it leaves out, none of which is a value.
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(file, read_only=True, data_only=False)
            rows = SheetRows(book.worksheets[0])
        except Exception as error:  # as above
            raise Refusal("IMPORT_NOT_EXCEL") from error
        try:
            yield rows
        finally:
            book.close()


def check_size(path: Path) -> None:
    """Refuse an archive that would not fit into memory or take hours."""
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
    except (BadZipFile, OSError, ValueError) as error:
        raise Refusal("IMPORT_NOT_EXCEL") from error
    shared = sum(part.file_size for part in parts if not part.filename.startswith(SHEETS))
    if sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX or shared > SHARED_BYTES_MAX:
        raise Refusal("IMPORT_TOO_LARGE")


def cell_text(cell: Any) -> str:
    """A cell as a CSV file would hold it; what is no value says so by its type."""
    match cell.data_type:
        case "f":
            # Formulas over several cells are objects.
            return NoValue(getattr(cell.value, "text", cell.value) or "=")
        case "e":
            return CellError(cell.value)
        case _:
            return value_text(cell.value)


def value_text(value: Any) -> str:
    """Days as ISO dates, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return (value.date() if value.time() == dt.time() else value).isoformat()
    if isinstance(value, float):
        # Excel itself shows and compares 15 digits; those beyond are what is left of sums.
        return format(value, ".15g")
    return str(value).strip()
