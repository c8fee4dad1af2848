"""The door of the read engine: an operation of a viewer in, the bytes of the answer out."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import asyncpg
import graphql as g
import orjson
import structlog
from sqlalchemy.exc import TimeoutError as NoConnectionError

from domain.audit.recording import record
from domain.audit.tables import AuditKind
from domain.refused import detail_of, input_refused
from foundation.clock import Clock, system_clock
from foundation.database import Database
from foundation.ids import Ids, system_ids
from foundation.language import translate
from foundation.logs import request_reference
from foundation.session import lost_lock, transaction
from foundation.statements import fetch_value
from resolvers.planner.compiler import NotPlanned
from resolvers.planner.documents import Document
from resolvers.planner.errors import GraphQLFaults, InsufficientScope, RequestError, bad_input
from resolvers.planner.execution import Execution, answer_from_planner
from resolvers.planner.exporting import Exported, export_list
from resolvers.planner.limits import DocumentLimits
from resolvers.planner.plans import Plan
from resolvers.planner.pool import PoolExhausted, ReadPool
from resolvers.planner.replaying import UndoneError, keep_answers, take_keys
from resolvers.planner.subscriptions import Hub, Subscription, heard_of
from resolvers.planner.watched import take_marks
from segments.audiences import Audience
from segments.viewer import Viewer
from segments.views import View

DOCUMENTS_PER_VIEW_MAX = 1_000
TRIES_MAX = 3
CACHED_SOURCE_CHARACTERS_MAX = 20_000
# Codes of errors inside an execution that clients may see with their message; all others are masked.
SHOWN_CODES = frozenset({"BAD_USER_INPUT", "NOT_FOUND", "INSUFFICIENT_SCOPE"})

Fault = TypeVar("Fault", bound=Exception | None)

log = structlog.get_logger()
# Makes a named tuple by one call where its own way takes two.
new_tuple: Any = vars(tuple)["__new__"]
execute: Any = vars(g)["execute"]  # its own signature is partly unknown to a strict checker


class Operation(NamedTuple):
    """What a client asks: a document, its variables, and which of its operations; `by_get` forbids all but queries."""

    source: str
    variables: Mapping[str, Any]
    name: str | None = None
    by_get: bool = False


class Answer(NamedTuple):
    """The JSON of an answer. `refused`: a request error, nothing ran; `code` is its first error's."""

    body: bytes
    refused: bool = False
    code: str | None = None
    scopes: tuple[str, ...] = ()


class Engine:
    """Answers operations of all audiences; one a process."""

    def __init__(
        self,
        views: Mapping[Audience, View],
        database: Database,
        limits: DocumentLimits,
        *,
        read_pool_size: int = 8,
        pool_wait_seconds: float = 5,
        return_days: int = 15,
        clock: Clock = system_clock,
        new_id: Ids | None = None,
    ) -> None:
        self.views = dict(views)
        self.database = database
        self.limits = limits
        self.return_days = return_days
        self.clock = clock
        self.new_id = new_id or system_ids(clock)
        self.pool = ReadPool(database, read_pool_size, pool_wait_seconds)
        self.hub = Hub(database)
        self._documents: dict[str, OrderedDict[tuple[str, str | None], Document]] = {}
        for audience, view in self.views.items():
            answer_from_planner(view)
            self._documents[audience.value] = OrderedDict()

    async def close(self) -> None:
        """Close the connections of reads and of the hub."""
        await self.hub.close()
        await self.pool.close()

    async def execute(self, viewer: Viewer, operation: Operation) -> Answer:
        """The answer to a query or mutation."""
        try:
            document = self.document(viewer, operation)
            variables = document.admit(viewer.scopes, operation.variables)
            if document.planned:
                try:
                    plan = document.watched_plan(variables) if viewer.watched else document.plan(variables)
                except NotPlanned:
                    document.planned = False
                else:
                    if plan.marks:
                        return await self.read_watched(plan, variables, viewer, document)
                    # As `read` does, without its coroutine: nearly every request takes this way.
                    arguments = plan.arguments(variables, viewer, self.clock() if plan.timed else None)
                    found = await self.pool.fetch(plan.name, plan.sql, arguments)
                    return new_tuple(Answer, (plan.body(found, viewer), False, None, ()))
            document.check_not_streamed()
            return await self.run(document, operation, variables, viewer)
        except InsufficientScope as error:
            await self.note_refusal(viewer, operation, error)
            return refused(error, viewer)
        except Exception as error:  # noqa: BLE001 - the one place that turns what went wrong into an answer
            return refused(error, viewer)

    async def export(
        self, viewer: Viewer, operation: Operation, rows_max: int, place: Sequence[str] = ()
    ) -> Exported | Answer:
        """All rows of a list, as far as `rows_max`; an answer when it is refused."""
        try:
            return await export_list(self, viewer, operation, self.document(viewer, operation), rows_max, place)
        except InsufficientScope as error:
            await self.note_refusal(viewer, operation, error)
            return refused(error, viewer)
        except Exception as error:  # noqa: BLE001 - as above
            return refused(error, viewer)

    async def note_refusal(self, viewer: Viewer, operation: Operation, error: InsufficientScope) -> None:
        """Leave an entry in the audit log. Who is not known has no rights that could be missed, and could fill the log."""
        if viewer.person_id is None and viewer.client_id is None:
            return
        async with transaction(self.database, viewer.row_settings()) as session:
            await record(
                session,
                viewer,
                AuditKind.SCOPE_REFUSED,
                row_id=self.new_id(),
                operation=name_of(self.document(viewer, operation)),
                document=digest_of(operation.source),
                details={"path": error.path, "scopes": list(error.scopes)},
            )

    async def read(self, plan: Plan, variables: Any, viewer: Viewer) -> Answer:
        """The answer of a planned query: PostgreSQL's bytes, untouched unless Python computes fields."""
        arguments = plan.arguments(variables, viewer, self.clock() if plan.timed else None)
        return Answer(plan.body(await self.pool.fetch(plan.name, plan.sql, arguments), viewer))

    async def read_watched(self, plan: Plan, variables: Any, viewer: Viewer, document: Document) -> Answer:
        """The same for an answer that may hold rows above INTERNAL: it is given when the log has kept which."""
        async with transaction(self.database, viewer.row_settings()) as session:
            now = self.clock()
            execution = Execution(session, viewer, now, self.new_id, {})
            found = await fetch_value(execution.session, plan.sql, *plan.arguments(variables, viewer, now))
            take_marks(found, execution.secrets)
            await self.note_read(execution, document)
        return Answer(plan.body(orjson.dumps(found), viewer))

    async def note_read(self, execution: Execution, document: Document) -> None:
        """Leave an entry in the audit log for the rows above INTERNAL that were read, if there are any."""
        if execution.secrets:
            await record(
                execution.session,
                execution.viewer,
                AuditKind.READ,
                row_id=self.new_id(),
                subjects=execution.secrets,
                operation=name_of(document),
                document=digest_of(document.source),
            )

    async def run(self, document: Document, operation: Operation, variables: Any, viewer: Viewer) -> Answer:
        """What is not one statement, in one transaction that commits here.

        When PostgreSQL ends it for the sake of another, nothing of it has happened and nothing was answered: it is begun again.
        """
        for tries_left in reversed(range(TRIES_MAX)):
            try:
                result = await self.run_once(document, operation, variables, viewer)
            except Exception as error:
                if not tries_left or not lost_lock(error):
                    raise
            else:
                if not tries_left or not lost_within(result):
                    return completed(result, viewer)
            log.warning("operation begun again", operation=name_of(document), tries_left=tries_left)
        raise AssertionError("the last try answers or raises")

    async def run_once(
        self, document: Document, operation: Operation, variables: Any, viewer: Viewer
    ) -> g.ExecutionResult:
        """One try; what was ended by PostgreSQL within it takes back the rest too, whatever stood in a savepoint."""
        try:
            async with transaction(self.database, viewer.row_settings()) as session:
                execution = Execution(
                    session,
                    viewer,
                    self.clock(),
                    self.new_id,
                    document.read_backs,
                    alone=document.alone,
                    return_days=self.return_days,
                )
                result = unless_lost(await self.run_within(execution, document, operation, variables))
                if execution.undone:
                    # Nothing of the only field was read.
                    await session.rollback()
                else:
                    await self.note_read(execution, document)
        except UndoneError as undone:
            return undone.result
        return result

    async def run_within(
        self, execution: Execution, document: Document, operation: Operation, variables: Any
    ) -> g.ExecutionResult:
        """What graphql-core answers; fields whose keys stand for an answer are not run again."""
        if not document.keyed.fields:
            return await executed(execution, document.schema, document.ast, operation)
        replay = await take_keys(execution, document, variables, operation.variables)
        rest = replay.rest(document)
        result = (
            g.ExecutionResult({}, None) if rest is None else await executed(execution, document.schema, rest, operation)
        )
        await keep_answers(execution, replay, result)
        return result if result.data is None else g.ExecutionResult(replay.whole(result.data), result.errors)

    async def subscribe(self, viewer: Viewer, operation: Operation) -> AsyncGenerator[Answer]:
        """An answer for every event of a subscription that the viewer may see; a single refusal when it cannot start."""
        try:
            document = self.document(viewer, operation)
            if not document.streamed:
                yield await self.execute(viewer, operation)
                return
            variables = document.admit(viewer.scopes, operation.variables)
            subscription = Subscription(document, variables, watched=viewer.watched)
        except InsufficientScope as error:
            await self.note_refusal(viewer, operation, error)
            yield refused(error, viewer)
            return
        except Exception as error:  # noqa: BLE001 - as above
            yield refused(error, viewer)
            return
        async with self.hub.listen(subscription.kinds, heard_of(viewer)) as events:
            async for event in events:
                try:
                    plan, keyed = subscription.plan(event.subject_id)
                    if plan.marks:
                        answer = await self.read_watched(plan, keyed, viewer, document)
                    else:
                        answer = await self.read(plan, keyed, viewer)
                except Exception as error:  # noqa: BLE001 - as above
                    yield refused(error, viewer)
                    return
                # A row outside the viewer's rights, or past the arguments' condition, is as absent as no event.
                if not subscription.is_empty(answer.body):
                    yield answer

    def document(self, viewer: Viewer, operation: Operation) -> Document:
        """The document of an operation on the viewer's view, from the cache where it is known."""
        # Not by the enum, which is hashed by a function of Python's.
        cache = self._documents.get(viewer.settings[0])
        if cache is None or viewer.audience is None:
            raise RequestError("VIEW_NOT_SERVED", "request.view_not_served")
        key = (operation.source, operation.name)
        document = cache.get(key)
        if document is None:
            document = Document(self.views[viewer.audience], operation.source, operation.name, self.limits)
            if len(operation.source) <= CACHED_SOURCE_CHARACTERS_MAX:
                cache[key] = document
                if len(cache) > DOCUMENTS_PER_VIEW_MAX:
                    cache.popitem(last=False)
        else:
            cache.move_to_end(key)
        if operation.by_get and document.kind is not g.OperationType.QUERY:
            raise RequestError("METHOD_NOT_ALLOWED", "request.get_is_for_queries")
        return document


async def executed(
    execution: Execution, schema: g.GraphQLSchema, ast: g.DocumentNode, operation: Operation
) -> g.ExecutionResult:
    """What graphql-core answers to an operation of a document."""
    running: Any = execute(
        schema,
        ast,
        context_value=execution,
        variable_values=dict(operation.variables),
        operation_name=operation.name,
        hide_suggestions=True,
    )
    return await running if asyncio.iscoroutine(running) else running


def lost_within(result: g.ExecutionResult) -> bool:
    """Whether PostgreSQL has ended a field's transaction or savepoint for the sake of another."""
    return any(lost_lock(error.original_error) for error in result.errors or ())


def unless_lost(result: g.ExecutionResult) -> g.ExecutionResult:
    """The result, unless something of it was lost: then all of it is taken back."""
    if lost_within(result):
        raise UndoneError(result)
    return result


def name_of(document: Document) -> str | None:
    """What the operation is called in its document, whether or not the client said it again."""
    name = document.operation.name
    return None if name is None else name.value


def digest_of(source: str) -> str:
    """The SHA-256 of a document's text, by which trusted documents are named too."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def completed(result: g.ExecutionResult, viewer: Viewer) -> Answer:
    """The answer of an execution, with what clients may not see masked."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [shown(error, viewer) for error in result.errors]
    return Answer(
        orjson.dumps(body), refused=result.data is None and all(not error.path for error in result.errors or ())
    )


def shown(error: g.GraphQLError, viewer: Viewer) -> dict[str, Any]:
    """An error of an execution as the client sees it."""
    original = of_input(error.original_error)
    if isinstance(original, RequestError):
        return {**formatted(original, viewer), "path": error.path}
    if (error.extensions or {}).get("code") in SHOWN_CODES or (original is None and error.path is None):
        return dict(error.formatted)
    return {**internal(original or error, viewer), "path": error.path}


def refused(error: Exception, viewer: Viewer) -> Answer:
    """The answer to a request that was refused or failed as a whole."""
    if isinstance(error, GraphQLFaults):
        return Answer(orjson.dumps({"errors": error.formatted()}), refused=True, code=error.code)
    if isinstance(error, (PoolExhausted, NoConnectionError)):
        error = RequestError("OVERLOADED", "request.overloaded")
    error = of_input(error)
    if isinstance(error, asyncpg.QueryCanceledError):
        error = RequestError("TIMEOUT", "request.timeout")
    if isinstance(error, RequestError):
        scopes = error.scopes if isinstance(error, InsufficientScope) else ()
        body = orjson.dumps({"errors": [formatted(error, viewer)]})
        return Answer(body, refused=True, code=error.code, scopes=scopes)
    return Answer(orjson.dumps({"errors": [internal(error, viewer)]}), refused=True, code="INTERNAL")


def of_input(error: Fault) -> Fault | RequestError:
    """What a function of the database refuses of a request's values as the request error that it is; all else as it is."""
    if isinstance(error, asyncpg.PostgresError):
        refusal = input_refused(error.sqlstate or "", detail_of(error))
        if refusal is not None:
            return bad_input(refusal.message_key, refusal.path, **refusal.params)
    return error


def formatted(error: RequestError, viewer: Viewer) -> dict[str, Any]:
    """A request error as the client sees it."""
    found: dict[str, Any] = {"message": translate(error.key, viewer.language, **error.params)}
    if error.path is not None:
        found["path"] = error.path
    scopes = {"scopes": list(error.scopes)} if isinstance(error, InsufficientScope) else {}
    found["extensions"] = {"code": error.code, **scopes}
    return found


def internal(error: Exception, viewer: Viewer) -> dict[str, Any]:
    """The mask of a fault of ours: it is logged with its reference, the client sees the reference alone."""
    log.error("operation failed", exc_info=error)
    reference = request_reference.get() or "-"
    message = translate("request.internal", viewer.language, reference=reference)
    return {"message": message, "extensions": {"code": "INTERNAL", "reference": reference}}
