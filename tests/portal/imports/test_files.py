"""Reading CSV and Excel files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from openpyxl import Workbook

from foundation.refusals import Refusal
from portal.imports.files import records

TEXT = '编号,金额\r\n甲,"一\n二"\r\n\r\n乙,2\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_record_has_the_line_it_begins_on_whatever_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert list(records(path)) == [(1, ["编号", "金额"]), (2, ["甲", "一\n二"]), (5, ["乙", "2"])]


def test_refuses_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"a,b\n\xff\xff\xff\n")
    with pytest.raises(Refusal, match="IMPORT_ENCODING"):
        list(records(path))


def test_refuses_a_quote_that_never_ends_and_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('a,b\n1,"2\n', encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        list(records(path))
    assert (refused.value.code, refused.value.params["line"]) == ("IMPORT_NOT_CSV", 2)


def test_a_workbook_reads_like_the_same_csv(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (
        ["编号", "日期", "数", "额"],
        ["00001", dt.datetime.fromisoformat("2026-01-31"), 2.0, 11.77],
        [],
        ["乙", "2026-01-31", 2, "=1+1"],
    ):
        sheet.append(row)
    path = tmp_path / "orders.xlsx"
    workbook.save(path)
    assert list(records(path)) == [
        (1, ["编号", "日期", "数", "额"]),
        (2, ["00001", "2026-01-31", "2", "11.77"]),
        (4, ["乙", "2026-01-31", "2", "=1+1"]),
    ]


def test_refuses_a_workbook_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(Refusal, match="IMPORT_NOT_EXCEL"):
        list(records(path))
