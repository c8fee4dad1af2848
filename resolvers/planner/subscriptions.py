"""Subscriptions: events of the outbox reach listeners, each reads the event's subject by its own plan, as its own viewer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
import structlog

from foundation.database import Database
from resolvers.planner.compiler import Compiler
from resolvers.planner.declare import Condition, Root, answered_field
from resolvers.planner.documents import Document
from resolvers.planner.errors import RequestError
from resolvers.planner.execution import Keyed
from resolvers.planner.plans import Plan, Tree
from resolvers.planner.sqljson import JsonObject
from resolvers.planner.values import Values
from segments.audiences import DIVISION, STAFF
from segments.core_types import named_type
from segments.outbox import CHANNEL
from segments.strawberry_internals import metadata
from segments.viewer import Viewer

EVENTS_WAITING_MAX = 1_000
# For whom listens without being anybody's: they hear what is of no customer.
NOBODY = UUID(int=0)
EMPTY_BYTES_MAX = 40  # of an answer with null, beside its key
log = structlog.get_logger()


@dataclass(frozen=True)
class Event:
    """What a notice says: the kind of the event, the key of its subject, and of which customer it is, if of one."""

    kind: str
    subject_id: UUID
    customer_id: UUID | None = None


# What waits for a listener; None is the end.
Waiting = asyncio.Queue[Event | None]


@dataclass(frozen=True)
class Watch:
    """Which events a subscription field answers, and which subjects among them."""

    kinds: tuple[str, ...]
    where: Condition


class Subscription:
    """One client's subscription: the statement that reads a subject, and the kinds of events that call for it."""

    def __init__(self, document: Document, variables: Any, *, watched: bool = False) -> None:
        self.document = document
        self.variables = variables
        self.watched = watched
        self.tree = Tree()
        compiler = Compiler(document.schema, document.fragments, Values(variables))
        fields = compiler.collect(document.schema.subscription_type, [document.operation])
        if len(fields) != 1:
            raise RequestError("BAD_USER_INPUT", "request.one_subscription_field")
        (self.key, self.nodes), *_ = fields.items()
        root: Any = document.schema.subscription_type
        self.field = root.fields[self.nodes[0].name.value]
        self.watch: Watch = metadata(self.field)["root"].source
        self.plan(UUID(int=0))  # refuses bad arguments now, not at the first event

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of events that call for an answer."""
        return self.watch.kinds

    def plan(self, subject_id: UUID) -> tuple[Plan, Keyed]:
        """The statement for a subject and the variables that fill it."""
        keyed = Keyed(self.variables.sources, self.variables.coerced, subject_id)
        plan = self.tree.find(keyed)
        if plan is None:
            values = Values(keyed)
            compiler = Compiler(self.document.schema, self.document.fragments, values, watched=self.watched)
            target = named_type(self.field.type)
            source = compiler.alias(target)
            key = values.bind(lambda variables: variables.key, sa.Uuid())
            condition = self.watch.where(source, **values.keywords(self.field, self.nodes[0]))
            read = sa.select(compiler.object(target, source, self.nodes)).select_from(source)
            found = read.where(source.c.id == key, condition).scalar_subquery()
            plan = Plan(JsonObject([(self.key, found)]), values, compiler.batches, secured=True, marks=compiler.marks)
            self.tree.add(values.facts, plan)
        return plan, keyed

    def is_empty(self, body: bytes) -> bool:
        """Whether the subject was not there for this viewer."""
        # PostgreSQL writes an object with spaces or without, by the length of its keys; an empty answer is short.
        return len(body) < len(self.key) + EMPTY_BYTES_MAX and orjson.loads(body)["data"][self.key] is None


def subscription(*kinds: str, where: Condition, **arguments: Any) -> Any:
    """A subscription field: the row that each event of these kinds is about, if the condition holds for it."""
    return answered_field({"root": Root("watch", Watch(kinds, where))}, arguments)


def heard_of(viewer: Viewer) -> UUID | None:
    """Of whom a viewer hears: their customer, nobody's where they have none, and of everybody for the house (None)."""
    return None if viewer.audience in {STAFF, DIVISION} else viewer.customer_id or NOBODY


class Hub:
    """Hears the outbox on one connection and hands events to the subscriptions of this process.

    What is a customer's is offered to that customer's people and to the house, and to no other customer's: those could not
    read it anyway, and a night in which everybody's points expire would end all their subscriptions.

    A listener that does not keep up, or a connection that is lost, ends the subscriptions: their clients come back and
    read what they missed. Silence that hides a loss would be worse.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # By the kinds of events, and by the customers whose people listen, who are None for the house.
        self._listeners: dict[str, dict[UUID | None, set[Waiting]]] = {}
        self._connection: Any = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def listen(
        self, kinds: tuple[str, ...], customer_id: UUID | None = None
    ) -> AsyncGenerator[AsyncIterator[Event]]:
        """The events of some kinds from now on; for a customer's people theirs, and those that are of no customer."""
        await self._open()
        queue: Waiting = asyncio.Queue(EVENTS_WAITING_MAX)
        for kind in kinds:
            self._listeners.setdefault(kind, {}).setdefault(customer_id, set()).add(queue)
        try:
            yield self._events(queue)
        finally:
            for kind in kinds:
                self._forget(kind, customer_id, queue)

    def _forget(self, kind: str, customer_id: UUID | None, queue: Waiting) -> None:
        """A listener has gone; where it was the last of its customer, so has the customer."""
        queues = self._listeners[kind][customer_id]
        queues.discard(queue)
        if not queues:
            del self._listeners[kind][customer_id]

    async def close(self) -> None:
        """End all subscriptions and the connection."""
        self._end_all()
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close()

    async def _open(self) -> None:
        async with self._opening:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._database.connect_raw()
                self._connection.add_termination_listener(self._lost)
                await self._connection.add_listener(CHANNEL, self._heard)

    def _lost(self, _connection: Any) -> None:
        self._end_all()

    def _heard(self, _connection: Any, _process: int, _channel: str, payload: str) -> None:
        kind, _, rest = payload.partition(":")
        subject, _, customer = rest.partition(":")
        with contextlib.suppress(ValueError):
            event = Event(kind, UUID(subject), UUID(customer) if customer else None)
            listeners = self._listeners.get(kind, {})
            whose = listeners.keys() if event.customer_id is None else (event.customer_id, None)
            for customer_id in whose:
                for queue in listeners.get(customer_id, ()):
                    self._offer(queue, event)

    def _offer(self, queue: Waiting, event: Event) -> None:
        if queue.full():
            log.warning("a subscription did not keep up", kind=event.kind)
            end(queue)
            return
        queue.put_nowait(event)

    def _end_all(self) -> None:
        for listeners in self._listeners.values():
            for queues in listeners.values():
                for queue in queues:
                    end(queue)

    async def _events(self, queue: Waiting) -> AsyncIterator[Event]:
        while (event := await queue.get()) is not None:
            yield event


def end(queue: Waiting) -> None:
    """End a subscription now, whatever still waits in its queue."""
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)
