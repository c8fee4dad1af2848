"""CSV files: which encoding they are in, and their records."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from foundation.refusals import Refusal

CHUNK_BYTES = 1 << 16
# A line is held in memory as a whole, whatever wrote it.
LINE_CHARACTERS_MAX = 100_000
# Of the characters beyond ASCII that a text in GB18030 holds, this share is in GB2312, the 7,445 in daily use. Nearly
# any bytes can be read as GB18030; those of other encodings give rare characters.
USUAL_SHARE_MIN = 0.9


class TextRecords:
    """The records of an open CSV file. A quoted cell may hold line breaks, so a record may begin lines before the next."""

    def __init__(self, file: TextIO, size: int) -> None:
        self.file = file
        self.size = size

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(lines_of(self.file), strict=True)
        begins = 1
        try:
            for cells in reader:
                yield begins, [cell.strip() for cell in cells]
                begins = reader.line_num + 1
        except csv.Error as error:
            raise Refusal("IMPORT_NOT_CSV", line=begins, fault=str(error)) from error

    def share(self) -> float:
        """How much of the file has been read, by its bytes."""
        return self.file.buffer.tell() / self.size if self.size else 1.0


@contextmanager
def text_file(path: Path) -> Generator[TextRecords]:
    """The records of a CSV file."""
    with path.open(encoding=encoding_of(path), newline="") as file:
        yield TextRecords(file, path.stat().st_size)


def lines_of(file: TextIO) -> Iterator[str]:
    """The lines of a file, none of which is too long to hold."""
    number = 0
    while line := file.readline(LINE_CHARACTERS_MAX):
        number += 1
        if len(line) == LINE_CHARACTERS_MAX:
            raise Refusal("IMPORT_LINE_TOO_LONG", line=number, max=LINE_CHARACTERS_MAX)
        yield line


def encoding_of(path: Path) -> str:
    """UTF-8 where the whole file is that, else GB18030 if it makes sense as such: office programs in China write both."""
    try:
        for _ in decoded(path, "utf-8-sig"):
            pass
    except UnicodeDecodeError:
        if not is_gb18030(path):
            raise Refusal("IMPORT_ENCODING") from None
        return "gb18030"
    return "utf-8-sig"


def is_gb18030(path: Path) -> bool:
    """Whether a file can be read as GB18030, and nearly all it says then is in daily use."""
    usual = unusual = 0
    try:
        for text in decoded(path, "gb18030"):
            beyond = "".join(character for character in text if not character.isascii())
            known = len(beyond.encode("gb2312", "ignore")) // 2
            usual, unusual = usual + known, unusual + len(beyond) - known
    except UnicodeDecodeError:
        return False
    return usual >= USUAL_SHARE_MIN * (usual + unusual)


def decoded(path: Path, encoding: str) -> Iterator[str]:
    """The text of a file in pieces."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
