"""What a file is, its first bytes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundation.refusals import Refusal
from portal.imports.files import opened, with_text
from tests.portal.imports.sheets import saved


def read(path: Path) -> list[tuple[int, list[str]]]:
    with opened(path) as records:
        return [tuple(record) for record in with_text(records)]


def test_a_workbook_is_one_whatever_its_name(tmp_path: Path) -> None:
    workbook = saved(tmp_path / "orders.xlsx", [["编号"], [1]])
    assert read(workbook) == read(workbook.rename(tmp_path / "orders.csv")) == [(1, ["编号"]), (2, ["1"])]


def test_text_is_text_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    assert read(path) == [(1, ["a", "b"]), (2, ["1", "2"])]


def test_an_old_workbook_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "orders.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(Refusal, match="IMPORT_OLD_EXCEL"):
        read(path)


def test_records_without_text_are_left_out_and_counted_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("a,b\n\n,\n , \n1,2\n,,,\n", encoding="utf-8")
    assert read(path) == [(1, ["a", "b"]), (5, ["1", "2"])]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"P"])
def test_a_file_may_be_empty_or_short(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    assert read(path) == ([(1, ["P"])] if content == b"P" else [])
