"""Lists without pages as files: every row with what stands around it, and none where there is nothing."""

from __future__ import annotations

from resolvers.planner.exporting import rows_at


def test_a_row_has_what_stands_around_it() -> None:
    answer = {"told": {"at": "now", "owner": {"code": "A"}, "parts": [{"part": 1}, {"part": 2, "at": "then"}]}}
    assert rows_at(answer, ("told", "parts")) == [
        {"at": "now", "owner": {"code": "A"}, "part": 1},
        {"at": "then", "owner": {"code": "A"}, "part": 2},
    ]


def test_there_are_no_rows_on_the_way_to_nothing() -> None:
    assert rows_at({"told": None}, ("told", "parts")) == []
    assert rows_at({"told": {"parts": None}}, ("told", "parts")) == []
