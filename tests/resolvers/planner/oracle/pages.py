"""Pages of a list by the rules of Relay and of keysets, over rows that are simply sorted and cut."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.resolvers.planner.oracle.texts import Refused, cursor, read_cursor

PAGING = ("first", "after", "last", "before")


@dataclass(frozen=True)
class Order:
    """The keys of a list, the last of them unique: their types, which of them descend, and which may be null."""

    kinds: tuple[type, ...]
    descending: tuple[bool, ...]
    nullable: tuple[bool, ...]

    def compare(self, left: Sequence[Any], right: Sequence[Any]) -> int:
        """Which comes first; nulls come last whatever the direction."""
        for descends, one, other in zip(self.descending, left, right, strict=True):
            if one == other:
                continue
            if one is None or other is None:
                return 1 if one is None else -1
            return -1 if (one < other) != descends else 1
        return 0


def check_page(arguments: dict[str, Any], order: Order) -> None:
    """Refuse paging arguments that no list takes."""
    if arguments.get("first") is not None and arguments.get("last") is not None:
        raise Refused("BAD_USER_INPUT", "first and last")
    for name in ("first", "last"):
        if arguments.get(name) is not None and not 0 <= arguments[name] <= 100:
            raise Refused("BAD_USER_INPUT", name)
    for name in ("after", "before"):
        if arguments.get(name) is not None:
            read_cursor(arguments[name], order.kinds, nullable=order.nullable)


def page(entries: Sequence[tuple[Sequence[Any], Any]], order: Order, arguments: dict[str, Any]) -> dict[str, Any]:
    """The connection object over all entries `(keys, node)` of a list."""
    check_page(arguments, order)
    ordered = sorted(entries, key=functools.cmp_to_key(lambda left, right: order.compare(left[0], right[0])))
    within = ordered
    after, before = (
        None if arguments.get(name) is None else read_cursor(arguments[name], order.kinds, nullable=order.nullable)
        for name in ("after", "before")
    )
    if after is not None:
        within = [entry for entry in within if order.compare(entry[0], after) > 0]
    if before is not None:
        within = [entry for entry in within if order.compare(entry[0], before) < 0]
    last = arguments.get("last")
    size = last if last is not None else arguments.get("first")
    size = 20 if size is None else size
    start, end = (max(len(within) - size, 0), len(within)) if last is not None else (0, min(size, len(within)))
    shown = within[start:end]
    return {
        "edges": [{"cursor": cursor(keys), "node": node} for keys, node in shown],
        "nodes": [node for _, node in shown],
        "totalCount": len(ordered),
        "pageInfo": {
            "hasNextPage": end < len(within) if last is None else before is not None,
            "hasPreviousPage": start > 0 if last is not None else after is not None,
            "startCursor": cursor(shown[0][0]) if shown else None,
            "endCursor": cursor(shown[-1][0]) if shown else None,
        },
    }
