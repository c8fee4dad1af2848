"""Charts are well-formed SVG with an accessible name, whatever they are given."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from portal.pages.charts import places as places_chart
from portal.pages.charts.drawing import nice
from portal.pages.charts.gantt import Lane, gantt, lanes_of
from portal.pages.charts.regions import tiles
from portal.pages.charts.series import steps, trend
from portal.pages.charts.shares import funnel, meter, nps, ring, spark, strip

NASTY = '<b>"&'
VALUES = st.floats(0, 1e9, allow_nan=False)
POINTS = st.lists(st.builds(lambda value: {"label": NASTY, "value": value}, VALUES), max_size=30)


def drawn(markup: Markup) -> list[ET.Element]:
    """The drawings of a chart. Nothing in them is styled, all have a name or are hidden."""
    root = ET.fromstring(f"<root>{markup}</root>")  # noqa: S314 - our own markup.
    drawings = list(root.iter("svg"))
    for drawing in drawings:
        assert drawing.get("aria-hidden") == "true" or (drawing.get("role") == "img" and drawing.get("aria-label"))
        for element in drawing.iter():
            assert "style" not in element.attrib
            assert not any(name.startswith("on") for name in element.attrib)
    return drawings


@given(POINTS)
def test_series(points: list[dict[str, object]]) -> None:
    expected = 3 if points else 0
    assert len(drawn(steps(NASTY, points))) == expected  # type: ignore[arg-type]
    assert len(drawn(trend(NASTY, points, 0, 100, 45, "目标 45"))) == expected  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 10_000), max_size=6))
def test_funnel(counts: list[int]) -> None:
    stages = [{"label": NASTY, "count": count} for count in counts]
    chart = funnel(NASTY, stages, lambda share, lost: f"留 {share}%，出 {lost} 项")  # type: ignore[arg-type]
    assert len(drawn(chart)) == (3 if counts else 0)


def test_nps_leaves_no_room_for_words_in_narrow_parts() -> None:
    row = {"label": "军方", "detractors": 5, "passives": 35, "promoters": 60, "score": 55, "margin": 4, "count": 812}
    narrow, _, wide = drawn(nps(NASTY, [row]))  # type: ignore[list-item]
    assert [element.text for element in narrow.iter("text")] == ["军方", "+55 ± 4 · n=812", "35%", "60%"]
    assert wide.get("viewBox") == "0 0 740 38"


def test_gantt_draws_what_lies_outside_at_the_edge() -> None:
    lanes: list[Lane] = [
        {
            "label": NASTY,
            "bars": [
                {"phase": "研制", "start": "2019-01-01", "end": "2024-01-01", "state": "DONE"},
                {"phase": "生产", "start": "2024-01-01", "end": "2031-01-01", "state": "NOW"},
            ],
            "marks": [
                {"label": "鉴定", "planned": "2023-01-01", "actual": "2023-06-01"},
                {"label": "定型", "planned": "2032-01-01", "actual": None},
            ],
        }
    ]
    (drawing,) = drawn(gantt("进度", lanes, "2026-11-24", "今天", "2022-01-01", "2028-12-31"))
    places = [float(rect.get("x") or 0) + float(rect.get("width") or 0) for rect in drawing.iter("rect")]
    assert max(places) <= 1040
    assert {element.get("class") for element in drawing.iter("path")} >= {"grid", "late", "warn", "hollow", "now"}
    assert len(drawn(gantt("空", [], "2026-01-01", "今天"))) == 1


def test_gantt_spans_all_years_and_writes_what_there_is_room_for() -> None:
    programme = {
        "code": "QL-7",
        "name": "Qinglan-7 unmanned reconnaissance system",
        "phases": [{"phase": "SUPPORT", "state": "NOW", "startsOn": "2002-05-01", "endsOn": "2027-02-01"}],
        "milestones": {
            "nodes": [
                {"name": "近", "plannedOn": "2026-11-20", "actualOn": None},
                {"name": "同日", "plannedOn": "2026-11-10", "actualOn": "2026-11-19"},
                {"name": "早", "plannedOn": "2004-01-01", "actualOn": "2004-01-01"},
            ]
        },
    }
    (drawing,) = drawn(gantt("进度", lanes_of([programme], str.lower), "2026-11-24", "今天"))
    words = [element.text or "" for element in drawing.iter("text")]
    assert words[:3] == ["2002", "2004", "2006"]
    assert "support" in words
    assert next(word for word in words if word.startswith("Qinglan")).endswith("…")
    assert "早" in words
    # Two milestones of neighbouring days: the first one's name would run into the second's diamond.
    assert "同日" not in words
    assert {title.text for title in drawing.iter("title")} == {"近 2026-11-20", "同日 2026-11-19", "早 2004-01-01"}


@pytest.mark.parametrize(("left", "offset"), [(100, "0"), (25.5, "74.5"), (0, "100")])
def test_ring(left: float, offset: str) -> None:
    (drawing,) = drawn(ring(left, NASTY))
    assert [circle.get("stroke-dashoffset") for circle in drawing.iter("circle")] == [None, offset]


def test_bars() -> None:
    (hidden,) = drawn(meter("", 140, "warn"))
    assert [rect.get("width") for rect in hidden.iter("rect")] == ["100"]
    (named,) = drawn(strip("在役 3，停用 1", [{"tone": "good", "share": 75}, {"tone": "bad", "share": 25}]))
    assert [(rect.get("x"), rect.get("width")) for rect in named.iter("rect")] == [
        ("0.00%", "75.00%"),
        ("75.00%", "25.00%"),
    ]
    assert spark("一个", [1]) == ""
    assert len(drawn(spark("平", [2, 2, 2]))) == 1


def test_tiles_name_regions_in_both_languages() -> None:
    (chinese,) = drawn(tiles("客户", {"42": 12, "44": 120}, "家", [1, 10, 50, 100], here="42"))
    titles = {title.text for title in chinese.iter("title")}
    assert {"鄂 12 家", "粤 120 家", "京 0 家"} <= titles
    classes = [group.get("class") for group in chinese.iter("g")]
    assert (len(classes), classes.count("tile t2"), classes.count("tile t4")) == (34, 1, 1)
    (english,) = drawn(tiles("Customers", {"42": 1}, "", [1, 10, 50, 100], language="en"))
    assert "HB 1" in {title.text for title in english.iter("title")}


@given(st.floats(0, 1e12))
def test_an_axis_ends_at_or_above_the_highest_value(value: float) -> None:
    assert nice(value) >= value


def test_a_map_places_its_names_where_they_meet_nothing() -> None:
    places: list[places_chart.Place] = [
        {"name": "上海", "latitude": "31.235900", "longitude": "121.505200", "href": "/stores/SH01", "on": True},
        {"name": "杭州", "latitude": "30.259200", "longitude": "120.130100"},
        {"name": "沈阳", "latitude": "41.789300", "longitude": "123.420300"},
        *({"name": "同一处", "latitude": "30.000000", "longitude": "104.000000"} for _ in range(6)),
    ]
    drawn = str(places_chart.drawn("门店", places, 500))
    assert drawn.count("<circle") == 9
    assert '<a href="/stores/SH01"><circle' in drawn
    # Six at one place have room for four names at most; all others have theirs.
    assert 1 <= drawn.count(">同一处</text>") <= 4
    assert all(f">{name}</text>" in drawn for name in ("上海", "杭州", "沈阳"))
    sheet = places_chart.Sheet(places, 500)
    assert sheet.y(41.7893) < sheet.y(31.2359) < sheet.y(30.2592)
    assert sheet.x(104.0) < sheet.x(120.1301) < sheet.x(121.5052)
    assert all(2 <= sheet.x(float(each["longitude"])) <= 498 for each in places)


def test_a_single_place_and_none_are_drawn_too() -> None:
    alone: list[places_chart.Place] = [{"name": "南极", "latitude": "-90.000000", "longitude": "0.000000"}]
    assert "南极" in str(places_chart.drawn("x", alone, 330))
    assert places_chart.map_of("x", []) == ""
    assert places_chart.round_degrees(103.2, 124.0) == [105, 110, 115, 120]
    assert [places_chart.words(each, "E", "W") for each in (105.0, -0.5, 0.0)] == ["105°E", "0.5°W", "0°"]
