"""The Relay types every capability uses, and the scalar for integers over 32 bits."""

from __future__ import annotations

from typing import Generic, NewType, TypeVar

import strawberry

from segments.audiences import EVERYONE
from segments.marks import For

T = TypeVar("T")

# Clients read numbers as doubles; an integer over 2**53 survives only as text.
BigInt = NewType("BigInt", int)
BIG_INT = strawberry.scalar(
    name="BigInt",
    serialize=str,
    parse_value=int,
    description="An integer of up to 64 bits, written as text. 64 位整数，以文本表示。",
)


@For(*EVERYONE)
@strawberry.interface
class Node:
    """Something with a global identifier. 具有全局标识的对象。"""

    id: strawberry.ID


@For(*EVERYONE)
@strawberry.type
class PageInfo:
    """Where a page lies in its connection. 分页信息。"""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    """A node and its place in the list. 连接中的一项。"""

    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    """A list in pages of at most 100, by keyset: cursors stay right when rows come and go. 分页列表。"""

    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int
