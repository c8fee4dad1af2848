"""CSV files, in the encodings and shapes that programs give them."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.refusals import Refusal
from portal.imports import text_files
from portal.imports.text_files import encoding_of, text_file

TEXT = '编号,金额\r\n甲,"一\n二"\r\n\r\n镕喆, 2 \r\n'


def read(path: Path) -> list[tuple[int, list[str]]]:
    with text_file(path) as records:
        return list(records)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_record_has_the_line_it_begins_on_whatever_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "orders.csv", (TEXT + "普通话的常用字，" * 20).encode(encoding))
    *records, _ = read(path)
    assert records == [(1, ["编号", "金额"]), (2, ["甲", "一\n二"]), (4, []), (5, ["镕喆", "2"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_do(tmp_path: Path, end: str) -> None:
    assert read(written(tmp_path / "a.csv", end.join(["a,b", "1,2", ""]))) == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n\xff\xff\xff\n",
        "nom,prénom\nélève,çà et là\n".encode("latin-1"),
        "имя,дата\nИван,1997\n".encode("cp1251"),
        "編號,日期\n訂單,數量\n".encode("big5"),
        "编号,日期\n".encode("utf-16"),
        bytes(range(256)),
    ],
)
def test_other_encodings_are_refused_and_not_guessed(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Refusal, match="IMPORT_ENCODING"):
        read(written(tmp_path / "a.csv", content))


def test_a_character_may_lie_across_two_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "CHUNK_BYTES", 1)
    assert encoding_of(written(tmp_path / "a.csv", "编号".encode())) == "utf-8-sig"
    assert encoding_of(written(tmp_path / "a.csv", "编号".encode("gb18030"))) == "gb18030"
    with pytest.raises(Refusal):
        encoding_of(written(tmp_path / "a.csv", "编号".encode()[:-1]))


@pytest.mark.parametrize(("text", "line"), [('a,b\n1,"2\n', 2), ('a,b\n1,"2"3\n', 2), ('"a\n', 1)])
def test_a_quote_out_of_place_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(Refusal) as refused:
        read(written(tmp_path / "a.csv", text))
    assert (refused.value.code, refused.value.params["line"]) == ("IMPORT_NOT_CSV", line)


def test_a_line_too_long_to_hold_is_refused_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read(written(tmp_path / "a.csv", "a,b\n" + "x" * 3_000_000))
    assert (refused.value.code, refused.value.params["line"]) == ("IMPORT_LINE_TOO_LONG", 2)


def test_a_quote_that_never_ends_does_not_read_the_whole_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'a,b\n1,"2\n' + "3,4\n" * 1_000_000)
    with text_file(path) as records, pytest.raises(Refusal, match="IMPORT_NOT_CSV"):
        list(records)
    with text_file(path) as records:
        with pytest.raises(Refusal):
            list(records)
        assert records.share() < 0.2


def test_how_much_has_been_read_rises_to_the_whole(tmp_path: Path) -> None:
    with text_file(written(tmp_path / "a.csv", "a,b\n" * 50_000)) as records:
        shares = [records.share() for _ in records]
        assert shares == sorted(shares)
        assert (shares[0] < 0.1, records.share()) == (True, 1.0)


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)


@given(st.lists(st.lists(CELL, min_size=1, max_size=5), max_size=8), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_what_a_program_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], encoding: str
) -> None:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    if encoding == "utf-8" and text.getvalue().startswith("\ufeff"):
        return
    assert [cells for _, cells in read(path)] == [[cell.strip() for cell in row] for row in rows]
