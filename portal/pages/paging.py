"""Turning pages: a page's address says `after` or `before`, and the size of a page stands in the operation once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.pages.document import Variable


def turn_back(variables: Mapping[str, Variable], values: dict[str, Any]) -> dict[str, Any]:
    """With `before`, the default of `first` counts from the other end: it becomes `last`, and `first` null.

    An operation declares `$first: Int = 20, $after: String, $last: Int, $before: String`, or with a list's name before
    each (`$ordersFirst`, …) where a page has several lists.
    """
    turned = dict(values)
    for name in variables:
        if not name.endswith(("before", "Before")) or values.get(name) is None:
            continue
        first, last = (paging_name(name[: -len("before")], word) for word in ("first", "last"))
        if first in variables and last in variables and values.get(last) is None:
            turned[last] = values.get(first, variables[first].default)
            turned[first] = None
    return turned


def paging_name(prefix: str, word: str) -> str:
    """`first` alone, `ordersFirst` with the name of a list before it."""
    return prefix + word.capitalize() if prefix else word
