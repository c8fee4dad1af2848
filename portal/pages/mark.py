"""The classification mark 密级标识 of a page: the highest degree of anything that its data holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segments.classification import Classification

# The keys of GraphQL fields, in every type that has them.
DEGREE, COMPARTMENTS = "classification", "compartments"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands above and below a page, as on paper."""

    classification: Classification
    compartments: tuple[str, ...]


def mark_of(data: Any) -> Mark | None:
    """The mark of an answer, or None when nothing in it is graded.

    The compartments are those of everything on the page, since a reader needs all of them to read all of it. An object
    without its classification asked for counts for nothing: pages ask for it wherever they show graded rows.
    """
    graded = list(graded_objects(data))
    if not graded:
        return None
    degrees = (Classification(graded_object[DEGREE]) for graded_object in graded)
    compartments = {name for graded_object in graded for name in graded_object.get(COMPARTMENTS) or ()}
    return Mark(max(degrees, key=lambda degree: degree.rank), tuple(sorted(compartments)))


def graded_objects(data: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in the data that says its degree."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)  # pyright: ignore[reportUnknownArgumentType] - JSON.
        elif isinstance(value, dict):
            if value.get(DEGREE) in Classification.__members__:  # pyright: ignore[reportUnknownMemberType] - JSON.
                yield value  # pyright: ignore[reportUnknownVariableType] - JSON.
            waiting.extend(value.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] - JSON.
