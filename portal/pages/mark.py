"""The classification mark 密级标识 of a page: the highest degree of anything that its data holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from segments.classification import Classification

# The keys of GraphQL fields, in every type that has them.
DEGREE, COMPARTMENTS = "classification", "compartments"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands above and below a page, as on paper."""

    classification: Classification
    compartments: tuple[str, ...]


def mark_of(data: Any) -> Mark | None:
    """The mark of an answer, or None when nothing in it is above public.

    The compartments are those of everything on the page, since a reader needs all of them to read all of it. That every
    graded object says its degree is checked at start-up (graded.py).
    """
    graded = list(graded_objects(data))
    degrees = [Classification(each[DEGREE]) for each in graded]
    highest = max(degrees, key=lambda degree: degree.rank, default=Classification.PUBLIC)
    if highest is Classification.PUBLIC:
        return None
    return Mark(highest, tuple(sorted({name for each in graded for name in each.get(COMPARTMENTS) or ()})))


def graded_objects(data: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in the data that says its degree."""
    waiting: list[Any] = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(cast("list[Any]", value))
        elif isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            if str(members.get(DEGREE)) in Classification.__members__:
                yield members
            waiting.extend(members.values())
