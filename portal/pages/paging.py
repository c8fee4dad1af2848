"""Turning pages: a page's address says `after` or `before`, and the size of a page stands in the operation once.

An operation declares `$first: Int = 20, $after: String, $last: Int, $before: String`, or with a list's name before each
(`$ordersFirst`, …) where a page has several lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.pages.document import Variable


def turn_back(variables: Mapping[str, Variable], values: Mapping[str, Any]) -> dict[str, Any]:
    """With `before`, the default of `first` counts from the other end: it becomes `last`, and `first` null."""
    turned = dict(values)
    for name in lists_of(variables):
        first, last, before = (paging_name(name, word) for word in ("first", "last", "before"))
        if values.get(before) is not None and last in variables and values.get(last) is None:
            turned[last] = values.get(first, variables[first].default)
            turned[first] = None
    return turned


def places_in_lists(variables: Mapping[str, Variable]) -> frozenset[str]:
    """The variables that say where in a list a reader is."""
    return frozenset(paging_name(name, word) for name in lists_of(variables) for word in ("after", "before"))


def lists_of(variables: Mapping[str, Variable]) -> list[str]:
    """The names before the paging variables: an empty one for a page's only list."""
    return [name[: -len("first")] for name in variables if name == "first" or name.endswith("First")]


def paging_name(name: str, word: str) -> str:
    """`first` alone, `ordersFirst` with the name of a list before it."""
    return name + word.capitalize() if name else word
