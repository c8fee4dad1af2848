"""Files of other systems, whatever wrote them: records of cells, each with the line it begins on, read as they are asked for."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from foundation.refusals import Refusal
from portal.imports.text_files import text_file
from portal.imports.workbooks import workbook

ZIP_BEGINS = b"PK\x03\x04"
# The binary workbooks of Excel 2003 and older, which nothing here reads.
OLD_EXCEL_BEGINS = b"\xd0\xcf\x11\xe0"


class Record(NamedTuple):
    """The cells of a record without surrounding space, and the line it begins on; a workbook's rows are its lines."""

    line: int
    cells: list[str]


class Records(Protocol):
    """The records of an open file, in its order; and how much of the file they have come from, from 0 to 1."""

    def __iter__(self) -> Iterator[tuple[int, list[str]]]: ...

    def share(self) -> float:
        """How much of the file has been read."""
        ...


@contextmanager
def opened(path: Path) -> Generator[Records]:
    """The records of a file; what it is, its first bytes say and not its name."""
    with path.open("rb") as file:
        begins = file.read(4)
    if begins == OLD_EXCEL_BEGINS:
        raise Refusal("IMPORT_OLD_EXCEL")
    with workbook(path) if begins == ZIP_BEGINS else text_file(path) as records:
        yield records


def with_text(records: Records) -> Iterator[Record]:
    """The records that hold any text; lines of nothing but commas stand at the end of many a file."""
    return (Record(line, cells) for line, cells in records if any(cells))
