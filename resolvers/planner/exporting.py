"""An export: all pages of one list, read in one transaction that also tells the audit log of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import orjson

from domain.audit.recording import record
from domain.audit.tables import AuditKind
from foundation.session import transaction
from foundation.statements import fetch_value
from resolvers.planner.documents import Document
from resolvers.planner.execution import Execution
from resolvers.planner.watched import take_marks
from segments.classification import Classification
from segments.viewer import Viewer

if TYPE_CHECKING:
    from resolvers.planner.engine import Engine, Operation

ROWS_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Exported:
    """The rows of a list as JSON, and whether these are all of them."""

    rows: list[dict[str, Any]]
    complete: bool


async def export_list(
    engine: Engine, viewer: Viewer, operation: Operation, document: Document, rows_max: int, place: Sequence[str] = ()
) -> Exported:
    """Read a list to its end, or as far as `rows_max`, and record who took how much of what, of which highest degree.

    The operation asks for one connection by `$first` and `$after`, with its nodes and `pageInfo { hasNextPage endCursor }`; or
    for a list without pages, at this place in the answer.
    """
    async with transaction(engine.database, viewer.row_settings()) as session:
        execution = Execution(session, viewer, engine.clock(), engine.new_id, {})
        if place:
            rows = rows_at(await read_page(document, execution, dict(operation.variables)), place)
            rows, more = rows[:rows_max], len(rows) > rows_max
        else:
            rows, more = await all_pages(document, execution, operation.variables, rows_max)
        await record(
            session,
            viewer,
            AuditKind.EXPORT,
            row_id=engine.new_id(),
            subjects=execution.secrets,
            operation=document.operation.name.value if document.operation.name else None,
            details={
                "filter": dict(operation.variables),
                "rows": len(rows),
                "complete": not more,
                "classification": highest_degree(rows).value,
            },
        )
    return Exported(rows, complete=not more)


async def all_pages(
    document: Document, execution: Execution, variables: Mapping[str, Any], rows_max: int
) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a connection, page by page, and whether there are more."""
    rows: list[dict[str, Any]] = []
    after: str | None = None
    more = True
    while more and len(rows) < rows_max:
        page = {"first": min(ROWS_A_PAGE, rows_max - len(rows)), "after": after}
        [connection] = (await read_page(document, execution, {**variables, **page})).values()
        rows += connection["nodes"]
        more, after = connection["pageInfo"]["hasNextPage"], connection["pageInfo"]["endCursor"]
    return rows, more


def rows_at(answer: Any, place: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a list without pages, each with what stands around it; none where there is nothing on the way to it."""
    around: dict[str, Any] = {}
    for name in place:
        if answer is None:
            return []
        around |= {key: value for key, value in answer.items() if key != name}
        answer = answer[name]
    return [{**around, **row} for row in answer or ()]


async def read_page(document: Document, execution: Execution, variables: dict[str, Any]) -> dict[str, Any]:
    """One page of the list."""
    viewer = execution.viewer
    admitted = document.admit(viewer.scopes, variables)
    plan = document.watched_plan(admitted) if viewer.watched else document.plan(admitted)
    found = await fetch_value(execution.session, plan.sql, *plan.arguments(admitted, viewer, execution.now))
    if plan.marks:
        take_marks(found, execution.secrets)
    # The statement's value lacks what surrounds every answer of its plan.
    answer: dict[str, Any] = orjson.loads(plan.body(orjson.dumps(found), viewer))
    return answer["data"]


def highest_degree(value: Any) -> Classification:
    """The highest degree that anything in an answer says of itself."""
    if isinstance(value, list):
        found = [highest_degree(each) for each in cast("list[Any]", value)]
    elif isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        found = [highest_degree(each) for each in members.values()]
        if str(members.get("classification")) in Classification.__members__:
            found.append(Classification(members["classification"]))
    else:
        found = []
    return max(found, key=lambda degree: degree.rank, default=Classification.PUBLIC)
