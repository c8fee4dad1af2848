"""What pages need of the query engine; `resolvers.planner.engine.Engine` is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from resolvers.planner.engine import Answer, Operation
from resolvers.planner.exporting import Exported
from segments.viewer import Viewer


class Engine(Protocol):
    """Runs an operation for a viewer, in process."""

    async def execute(self, viewer: Viewer, operation: Operation) -> Answer:
        """The answer `{"data": …, "errors": …}` as bytes of JSON."""
        ...

    async def export(
        self, viewer: Viewer, operation: Operation, rows_max: int, place: Sequence[str] = ()
    ) -> Exported | Answer:
        """All rows of a list for a file, recorded in the audit log; an answer with errors when it is refused."""
        ...
