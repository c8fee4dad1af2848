"""The classification mark of a page."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portal.pages.mark import mark_of
from segments.classification import Classification

DEGREES = [degree.value for degree in Classification]
GRADED = st.fixed_dictionaries(
    {"classification": st.sampled_from(DEGREES)},
    optional={"compartments": st.lists(st.sampled_from(["QL-7", "LS-3"])), "name": st.text(max_size=3)},
)
DATA = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | GRADED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=12,
)


def everything(data: Any) -> list[dict[str, Any]]:
    """Every graded object, found by plain recursion."""
    if isinstance(data, list):
        return [found for each in data for found in everything(each)]
    if isinstance(data, dict):
        return ([data] if "classification" in data else []) + everything(list(data.values()))
    return []


@given(DATA)
def test_the_mark_is_the_highest_anywhere(data: Any) -> None:
    mark, graded = mark_of(data), everything(data)
    if mark is None:
        assert {each["classification"] for each in graded} <= {"PUBLIC"}
        return
    assert mark.classification.value == max((each["classification"] for each in graded), key=DEGREES.index)
    assert set(mark.compartments) == {name for each in graded for name in each.get("compartments", [])}


def test_a_field_of_the_same_name_that_is_no_degree_counts_for_nothing() -> None:
    assert mark_of({"classification": "GB/T 2260"}) is None
    assert mark_of({"classification": None, "rows": [{"classification": ["SECRET"]}]}) is None
