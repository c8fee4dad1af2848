"""Excel workbooks, honest and otherwise."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from domain.orders.importing import CellError, NoValue
from foundation.refusals import Refusal
from portal.imports import workbooks
from portal.imports.workbooks import workbook
from tests.portal.imports.sheets import saved


def read(path: Path) -> list[tuple[int, list[str]]]:
    with workbook(path) as rows:
        return list(rows)


def test_a_sheet_reads_like_the_same_csv(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "orders.xlsx",
        [
            ["编号", "日期", "数", "额", None],
            ["00001", dt.datetime.fromisoformat("2026-01-31"), 2.0, 11.77],
            [],
            [" 乙 ", "2026-01-31", 2, 0.1 + 0.2],
            [7, dt.datetime.fromisoformat("2026-01-31T12:30:00"), True, -3],
            ["only one"],
        ],
    )
    assert read(path) == [
        (1, ["编号", "日期", "数", "额"]),
        (2, ["00001", "2026-01-31", "2", "11.77"]),
        (3, []),
        (4, ["乙", "2026-01-31", "2", "0.3"]),
        (5, ["7", "2026-01-31T12:30:00", "True", "-3"]),
        (6, ["only one", "", "", ""]),
    ]


def test_formulas_and_errors_are_no_values(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["a", "b", "c"])
    sheet.append(["=1+1", "#REF!", "text"])
    sheet["B2"].data_type = "e"
    book.save(tmp_path / "a.xlsx")
    ((_, _), (_, cells)) = read(tmp_path / "a.xlsx")
    assert [(type(cell), str(cell)) for cell in cells] == [(NoValue, "=1+1"), (CellError, "#REF!"), (str, "text")]


def test_how_much_has_been_read_rises_to_the_whole(tmp_path: Path) -> None:
    with workbook(saved(tmp_path / "a.xlsx", [[number] for number in range(200)])) as rows:
        shares = [rows.share() for _ in rows]
        assert shares == sorted(shares)
        assert (shares[0] < 0.1, shares[-1]) == (True, 1.0)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 not a workbook", None, b"PK\x03\x04"], ids=["no archive", "half of one", "its first bytes"]
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = saved(tmp_path / "a.xlsx", [["a"]])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(Refusal, match="IMPORT_NOT_EXCEL"):
        read(path)


def rewritten(path: Path, name: str, old: bytes, new: bytes) -> Path:
    """A workbook with a part of one of its files replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    assert old in parts[name]
    parts[name] = parts[name].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_an_archive_without_a_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(Refusal, match="IMPORT_NOT_EXCEL"):
        read(tmp_path / "a.xlsx")


def test_a_sheet_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = rewritten(saved(tmp_path / "a.xlsx", [["a"], ["b"]]), SHEET, b'<row r="2">', b"<row <")
    with pytest.raises(Refusal, match="IMPORT_NOT_EXCEL"):
        read(path)


def test_a_sheet_that_says_it_is_wide_is_read_as_it_is(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", [["a", "b"], [1, 2]])
    rewritten(path, SHEET, b'ref="A1:B2"', b'ref="A1:XFD1048576"')
    assert read(path) == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize("limit", ["UNPACKED_BYTES_MAX", "SHARED_BYTES_MAX"])
def test_an_archive_that_becomes_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    path = saved(tmp_path / "a.xlsx", [["text"]])
    monkeypatch.setattr(workbooks, limit, 100)
    with pytest.raises(Refusal, match="IMPORT_TOO_LARGE"):
        read(path)


def test_entities_do_not_grow(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1_000 + b'">'
    bomb += b"".join(b'<!ENTITY %c "%s">' % (98 + at, b"&%c;" % (97 + at) * 1_000) for at in range(6)) + b"]>"
    path = saved(tmp_path / "a.xlsx", [["text"]])
    rewritten(path, SHEET, b"<worksheet", bomb + b"<worksheet")
    rewritten(path, SHEET, b">text<", b">&g;<")
    with pytest.raises(Refusal, match="IMPORT_NOT_EXCEL"):
        read(path)
