"""Fields that Python computes: the statement delivers their columns, one call computes them for all rows of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.planner.declare import Batch
from segments.viewer import Viewer

# No GraphQL response key can hold a `#`.
BATCH_KEY = "#python"
Place = tuple[Any, Any]


def fill_batches(found: Any, batches: Sequence[Batch], viewer: Viewer) -> Any:
    """The answer with every batch's columns replaced by what the batch computes; unchanged where there are none."""
    if not batches:
        return found
    places: list[list[tuple[Place, Sequence[Any]]]] = [[] for _ in batches]
    whole = [found]
    gather(whole, 0, found, places)
    for batch, waiting in zip(batches, places, strict=True):
        if not waiting:
            continue
        computed = batch.compute(viewer, [columns for _, columns in waiting])
        for ((container, key), _), result in zip(waiting, computed, strict=True):
            container[key] = result
    return whole[0]


def gather(container: Any, key: Any, value: Any, places: list[list[tuple[Place, Sequence[Any]]]]) -> None:
    """Find where batches are to be filled in, in the order of the answer."""
    if isinstance(value, list):
        for at, item in enumerate(value):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            gather(value, at, item, places)
    elif isinstance(value, dict):
        if BATCH_KEY in value:
            places[value[BATCH_KEY]].append(((container, key), value["columns"]))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
            return
        for name, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            gather(value, name, item, places)
