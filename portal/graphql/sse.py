"""Event streams in the distinct connections mode of the `graphql-sse` protocol: one request, one operation, its events.

Errors of the operation are events too, because a browser's `EventSource` shows no other body. A stream ends with
`complete`, or when its caller is no longer who they were.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

from foundation.language import translate
from portal.bearer import Caller
from portal.graphql.door import Door, Standing
from portal.graphql.errors import error_body
from portal.headers import ANSWER_HEADERS, ANSWER_STATUS, header_map
from resolvers.planner.engine import Answer, Operation
from segments.viewer import Language

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies such as nginx would otherwise keep events until a buffer is full.
    (b"x-accel-buffering", b"no"),
]
COMMENT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"


class GoneError(Exception):
    """The client has left, or does not take what it is sent."""


class EventStream:
    """The response of one request."""

    def __init__(self, scope: Scope, send: Send, send_seconds: float) -> None:
        self._scope = scope
        self._send = send
        self._send_seconds = send_seconds

    async def start(self) -> None:
        """Send the headers at once, so that the client knows it is connected; events may be long in coming."""
        self._scope[ANSWER_STATUS] = 200
        headers = [*HEADERS, *self._scope.get(ANSWER_HEADERS, ())]
        await self._put({"type": "http.response.start", "status": 200, "headers": headers})
        await self.write(COMMENT)

    async def write(self, data: bytes, *, last: bool = False) -> None:
        """Send some bytes of the stream."""
        await self._put({"type": "http.response.body", "body": data, "more_body": not last})

    async def _put(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._send(message)
        except OSError as error:
            # A timeout of ours is one too; uvicorn says so that the client has left.
            raise GoneError from error


class Upcoming:
    """The next answer of an operation, which can be waited for a little at a time."""

    def __init__(self, answers: AsyncGenerator[Answer]) -> None:
        self._answers = answers
        self._task: asyncio.Task[Answer | None] | None = None

    async def ready(self, gone: asyncio.Future[None], seconds: float) -> bool:
        """Wait for the answer, for so long at most, or until the client is gone."""
        if self._task is None:
            self._task = asyncio.create_task(self._next())
        await asyncio.wait({self._task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return self._task.done()

    def take(self) -> Answer | None:
        """The answer that is ready; None when there are no more."""
        assert self._task is not None
        answer, self._task = self._task.result(), None
        return answer

    async def close(self) -> None:
        """Cancel what is waited for, and what it reads."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._answers.aclose()

    async def _next(self) -> Answer | None:
        return await anext(self._answers, None)


async def send_stream(
    door: Door, caller: Caller, operation: Operation, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send the answers of an operation until it ends, the client leaves or the caller's standing does."""
    stream = EventStream(scope, send, door.settings.graphql_send_seconds)
    standing = Standing(caller, lambda: door.callers.caller(scope, header_map(scope)), door.standing_seconds)
    gone = asyncio.ensure_future(left(receive))
    upcoming = Upcoming(door.answers(caller.viewer, operation))
    try:
        with suppress(GoneError):
            await stream.start()
            await relay(
                upcoming, stream, standing, gone, door.settings.graphql_keep_alive_seconds, caller.viewer.language
            )
    finally:
        gone.cancel()
        await upcoming.close()


async def relay(
    upcoming: Upcoming,
    stream: EventStream,
    standing: Standing,
    gone: asyncio.Future[None],
    quiet_seconds: float,
    language: Language,
) -> None:
    """Pass answers on as they come, comments in between."""
    while True:
        ready = await upcoming.ready(gone, min(quiet_seconds, standing.due_in))
        if gone.done():
            return
        if not await standing.holds():
            ended = event(error_body(translate("protocol.standing_ended", language), "STANDING_ENDED"))
            await stream.write(ended + COMPLETE, last=True)
            return
        if not ready:
            await stream.write(COMMENT)
            continue
        answer = upcoming.take()
        if answer is None:
            await stream.write(COMPLETE, last=True)
            return
        await stream.write(event(answer.body))


def event(body: bytes) -> bytes:
    """A `next` event. PostgreSQL breaks lines between rows, which in an event would begin a field."""
    return b"event: next\ndata: " + body.replace(b"\n", b" ") + b"\n\n"


async def left(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
