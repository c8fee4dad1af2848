"""What HTTP, event streams and WebSocket share: who asks, which operation, its answer within its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Protocol

from starlette.types import Scope

from foundation.settings import Settings
from portal.bearer import Caller
from portal.callers import CallerRefusedError
from portal.graphql.cross_site import SameSiteRule
from portal.graphql.deadlines import Deadlines
from portal.graphql.errors import failed, timed_out
from portal.graphql.parameters import Bounds, Parameters
from portal.graphql.trusted import TrustedDocuments
from resolvers.planner.engine import Answer, Operation, new_tuple
from segments.viewer import Language, Viewer

# How the engine says that an operation has many answers.
STREAMED = "SUBSCRIPTION_NOT_STREAMED"
# How often the caller of a stream is looked at again: after so long a signed-out person sees nothing more.
STANDING_SECONDS = 10.0


class Engine(Protocol):
    """Runs operations; `resolvers.planner.engine.Engine` is one."""

    async def execute(self, viewer: Viewer, operation: Operation) -> Answer:
        """The answer to a query or mutation."""
        ...

    def subscribe(self, viewer: Viewer, operation: Operation) -> AsyncGenerator[Answer]:
        """The answers to a subscription; when it cannot start, one that is refused."""
        ...


class Callers(Protocol):
    """Finds out who asks; `portal.callers.Callers` does."""

    def remembered(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller | None:
        """Who asks, where that is known without asking anybody; raises `CallerRefusedError`."""
        ...

    async def caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller:
        """Who asks by HTTP, or by a WebSocket's opening request; raises `CallerRefusedError`."""
        ...

    async def bearer(self, authorization: str, language: Language) -> Caller:
        """Who asks with the value of an `Authorization` header, likewise."""
        ...

    def language(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Language:
        """The language in which the caller is answered."""
        ...


class Door:
    """One process's way in."""

    def __init__(self, engine: Engine, callers: Callers, settings: Settings, trusted: TrustedDocuments) -> None:
        self.callers = callers
        self.settings = settings
        self.deadlines = Deadlines(settings.graphql_seconds)
        self.same_site = SameSiteRule(settings)
        self.bounds = Bounds(
            body_bytes=settings.graphql_body_bytes,
            json_depth=settings.graphql_json_depth,
            variables=settings.graphql_variables,
            tokens=settings.graphql_tokens,
        )
        self.standing_seconds = STANDING_SECONDS
        self.engine = engine
        self._trusted = trusted

    def operation(self, parameters: Parameters, viewer: Viewer, *, by_get: bool = False) -> Operation:
        """The operation that well-formed parameters ask for."""
        query, digest, variables, name = parameters
        if query is None or digest is not None or self._trusted.only_for_anonymous:
            query = self._trusted.source(query, digest, viewer)
        return new_tuple(Operation, (query, variables, name, by_get))

    async def answer(self, viewer: Viewer, operation: Operation) -> Answer:
        """The one answer of a query or mutation. Past its time it is cancelled, and what it wrote rolled back."""
        limit = self.deadlines.limit()
        try:
            with limit:
                return await self.engine.execute(viewer, operation)
        except Exception as error:  # noqa: BLE001 - our fault, unless it is our limit: logged and masked here
            if isinstance(error, TimeoutError) and limit.expired:
                return timed_out(self.deadlines.seconds, viewer.language)
            return failed(error, viewer.language)

    async def answers(self, viewer: Viewer, operation: Operation) -> AsyncGenerator[Answer]:
        """All answers of an operation of any kind."""
        answer = await self.answer(viewer, operation)
        if answer.code != STREAMED:
            yield answer
            return
        try:
            async with aclosing(self.engine.subscribe(viewer, operation)) as events:
                async for event in events:
                    yield event
        except Exception as error:  # noqa: BLE001 - likewise
            yield failed(error, viewer.language)


class Standing:
    """Whether the caller of a stream is still who they were: tokens expire, sessions end, roles are taken away."""

    def __init__(self, caller: Caller, find: Callable[[], Awaitable[Caller]], seconds: float) -> None:
        self._viewer = caller.viewer
        self._find = find
        self._seconds = seconds
        self._checked_at = self._now()

    @property
    def due_in(self) -> float:
        """The seconds until the next look."""
        return max(0.0, self._checked_at + self._seconds - self._now())

    async def holds(self) -> bool:
        """Look again when it is time; False ends the stream."""
        if self.due_in > 0:
            return True
        self._checked_at = self._now()
        try:
            return (await self._find()).viewer == self._viewer
        except CallerRefusedError:
            return False

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
