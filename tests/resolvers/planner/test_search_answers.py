"""The catalogue's filters and facets, each by itself and several together, answered as the oracle answers them."""

from __future__ import annotations

from typing import Any

import pytest

from segments.audiences import EVERYONE, Audience
from tests.resolvers.planner.conftest import Stage

SOURCE = """query Q($filter: ProductFilter) {
  products(filter: $filter, first: 100) { totalCount nodes { slug } }
  productFacets(filter: $filter) { __typename kind code name options { __typename value name count } }
}"""
USE: dict[str, Any] = {"code": "use", "values": ["a", "A"]}
FILTERS: tuple[dict[str, Any] | None, ...] = (
    None,
    {},
    {"text": "a"},
    {"text": "ab"},
    {"text": "测绘 UAV"},
    {"text": "无人机", "brand": "a"},
    {"text": ""},
    {"brand": "四方"},
    {"attributes": []},
    {"attributes": [USE]},
    {"attributes": [USE, {"code": "grade", "values": ["", "a", "Ab", "A"]}], "brand": None},
    {"attributes": [{"code": "use", "values": []}]},
    {"options": []},
    {"options": [{"code": "size", "values": ["a", "测绘"]}]},
    {"options": [{"code": "size", "values": ["a", "A"]}, {"code": "colour", "values": ["a", "A", "测绘", ""]}]},
    {"options": [{"code": "", "values": [""]}], "attributes": [USE]},
)
PRICED_FILTERS: tuple[dict[str, Any], ...] = (
    {"availableOnly": True},
    {"availableOnly": False, "priceFrom": "1"},
    {"priceTo": "0.99"},
    {"priceFrom": "0.01", "priceTo": "26800.00", "availableOnly": True, "attributes": [USE]},
)


@pytest.mark.parametrize("audience", EVERYONE)
async def test_search_and_facets(stages: dict[Audience, Stage], audience: Audience) -> None:
    stage = stages[audience]
    schema: Any = stage.comparison.oracle.schema
    priced = "priceFrom" in schema.get_type("ProductFilter").fields
    for viewer in stage.viewers:
        shelves = [{"category": each} for each in stage.pools[viewer].ids["Category"][:3]]
        for wanted in (*FILTERS, *shelves, *(PRICED_FILTERS if priced else ())):
            difference = await stage.comparison.difference(viewer, SOURCE, {"filter": wanted})
            assert difference is None, f"{difference}\n{viewer}\n{wanted}"
