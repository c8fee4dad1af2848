"""Lists as files: what a spreadsheet would take for a formula is text, and the columns are those of the page."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.pages.exports import cell, line, value_at


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (True, "true"),
        (12, "12"),
        (-3, "-3"),
        ("-12.50", "-12.50"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+cmd|'/C calc'!A0", "'+cmd|'/C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1", "'  =1"),
        (["=a", "b"], "'=a b"),
        ("远川", "远川"),
    ],
)
def test_no_cell_is_a_formula(value: object, written: str) -> None:
    assert cell(value) == written


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_a_line_reads_back_as_its_cells(values: list[str]) -> None:
    [read] = csv.reader(io.StringIO(line(values), newline=""))
    assert read == [cell(value) for value in values]
    assert not any(text.lstrip()[:1] in {"=", "@"} for text in read)


def test_what_is_not_there_is_empty() -> None:
    row = {"region": None, "name": "远川", "team": {"lead": {"name": "韩"}}}
    assert [value_at(row, place) for place in ("region.name", "name", "team.lead.name", "no")] == [
        None,
        "远川",
        "韩",
        None,
    ]
