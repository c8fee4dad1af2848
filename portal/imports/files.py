"""Reading CSV and Excel files: the header, then each record with the line it begins on."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl import load_workbook  # pyright: ignore[reportUnknownVariableType]

from foundation.refusals import Refusal

CHUNK_BYTES = 1 << 20
# What Chinese office programs write when they do not write UTF-8; it holds GBK and GB2312.
ENCODINGS = ("utf-8-sig", "gb18030")
EXCEL_SUFFIXES = frozenset({".xlsx", ".xlsm"})
CELL_CHARACTERS_MAX = 100_000

Record = tuple[int, list[str]]


def records(path: Path) -> Iterator[Record]:
    """Every record of a file with the line it begins on, the header first; records without any text are left out."""
    found = excel_records(path) if path.suffix.lower() in EXCEL_SUFFIXES else csv_records(path)
    return ((line, cells) for line, cells in found if any(cells))


def csv_records(path: Path) -> Iterator[Record]:
    """The records of a CSV file. A quoted cell may hold line breaks, so a record may begin lines before the next."""
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    with path.open(encoding=encoding_of(path), newline="") as file:
        reader = csv.reader(file, strict=True)
        begins = 1
        try:
            for cells in reader:
                yield begins, [cell.strip() for cell in cells]
                begins = reader.line_num + 1
        except csv.Error as error:
            raise Refusal("IMPORT_NOT_CSV", line=begins, fault=str(error)) from error


def encoding_of(path: Path) -> str:
    """The first of our encodings in which the whole file makes sense."""
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as file:
            try:
                while chunk := file.read(CHUNK_BYTES):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
        return encoding
    raise Refusal("IMPORT_ENCODING")


def excel_records(path: Path) -> Iterator[Record]:
    """The rows of the first sheet of a workbook."""
    try:
        workbook = load_workbook(path, read_only=True, data_only=False)
    except Exception as error:  # openpyxl raises what zip files and XML parsers raise
        raise Refusal("IMPORT_NOT_EXCEL") from error
    try:
        for line, cells in enumerate(workbook.worksheets[0].iter_rows(values_only=True), start=1):
            yield line, [cell_text(cell) for cell in cells]
    finally:
        workbook.close()


def cell_text(cell: Any) -> str:
    """A cell as a CSV file would hold it: days as ISO dates, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, (dt.datetime, dt.date)):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
