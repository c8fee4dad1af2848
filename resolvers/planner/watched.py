"""Which rows above INTERNAL an answer holds: the planner marks them for viewers who may see any, and they are recorded.

A mark stands in the JSON of an object, an edge or a page's info under a key that no response key can be; it is taken out
before the answer is sent.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from resolvers.planner.sqljson import Expression
from segments.classification import Classification

# The name of a field has no `#`.
MARK_KEY = "#secret"
ABOVE = Classification.INTERNAL.rank


def is_classified(source: sa.FromClause) -> bool:
    """Whether the rows of a FROM have a degree."""
    return "classification" in source.c


def mark(source: sa.FromClause, key: str = "id") -> Expression:
    """The row's key where its degree is above INTERNAL, else null."""
    degree = sa.type_coerce(source.c.classification, sa.SmallInteger())
    return sa.case((degree > sa.literal_column(str(ABOVE), sa.SmallInteger()), sa.cast(source.c[key], sa.Text())))


def take_marks(found: Any, into: set[UUID]) -> None:
    """Take the marks out of an answer and gather the keys of its rows."""
    if isinstance(found, list):
        for item in cast("list[Any]", found):
            take_marks(item, into)
    elif isinstance(found, dict):
        members = cast("dict[str, Any]", found)
        marked = members.pop(MARK_KEY, None)
        for each in marked if isinstance(marked, list) else [marked]:  # pyright: ignore[reportUnknownVariableType]
            if each is not None:
                into.add(UUID(cast("str", each)))
        for item in members.values():
            take_marks(item, into)
