"""GraphQL over WebSocket: the `graphql-transport-ws` protocol and no other; the legacy `graphql-ws` subprotocol is refused.

The caller is known by the cookie of the opening request, if it comes from our own pages, or by a bearer token in the
payload of `connection_init`: `{"Authorization": "Bearer …"}`. A connection ends with 4403 when that no longer holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from portal.callers import Caller, CallerRefusedError
from portal.graphql import messages
from portal.graphql.door import Door, Standing
from portal.graphql.errors import ProtocolError, error_body, over_limit
from portal.graphql.http import header_map
from portal.graphql.messages import CloseError, Complete, Plain, Subscribe
from portal.graphql.parameters import Parameters

SUBPROTOCOL = "graphql-transport-ws"


class GoneError(Exception):
    """The client has left."""


class GraphQLOverWebSocket:
    """The ASGI application for WebSockets at `/graphql`."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until either side ends it."""
        await receive()
        connection = Connection(self._door, scope, receive, send)
        try:
            await connection.serve()
        except CloseError as end:
            await connection.close(end)
        except (GoneError, OSError):
            # uvicorn raises an OSError for what is sent to a client that has left.
            pass
        finally:
            await connection.end_operations()


class Connection:
    """One client's connection and its operations."""

    def __init__(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        self._door = door
        self._scope = scope
        self._receive = receive
        self._send = send
        self._operations: dict[str, asyncio.Task[None]] = {}
        # Frames of several operations go out one after another; the reader waits too, so pings cannot pile up.
        self._sending = asyncio.Lock()

    # ---- the life of a connection

    async def serve(self) -> None:
        """Open, introduce, then run what is asked."""
        caller = await self._opening_caller()
        if SUBPROTOCOL not in self._scope["subprotocols"]:
            await self._send({"type": "websocket.accept"})
            raise CloseError(4406, "Subprotocol not acceptable")
        await self._send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        caller, authorization = await self._introduced(caller)
        await self._say(messages.connection_ack())
        standing = Standing(caller, lambda: self._found_again(authorization), self._door.standing_seconds)
        reading: asyncio.Task[messages.Message] | None = None
        try:
            while True:
                reading = reading or asyncio.create_task(self._read())
                await asyncio.wait({reading}, timeout=standing.due_in)
                if not await standing.holds():
                    raise CloseError(4403, "Forbidden")
                if reading.done():
                    message, reading = reading.result(), None
                    await self._take(message, caller)
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.wait({reading})

    async def close(self, end: CloseError) -> None:
        """Say why the connection ends. Before it was accepted this refuses the opening request with 403."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._door.settings.graphql_send_seconds):
                await self._send({"type": "websocket.close", "code": end.code, "reason": end.reason})

    async def end_operations(self) -> None:
        """Cancel what still runs and wait until it has let go."""
        tasks = list(self._operations.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ---- who it is

    async def _opening_caller(self) -> Caller | CallerRefusedError:
        """Whom the opening request names. That nobody may come unknown is not yet a refusal: a token may follow."""
        try:
            caller = await self._door.callers.caller(HTTPConnection(self._scope))
            if caller.by_cookie:
                self._check_origin()
        except CallerRefusedError as error:
            return error
        return caller

    def _check_origin(self) -> None:
        """Other sites' pages can open a WebSocket with our cookie; browsers always say which page does it."""
        headers = header_map(self._scope)
        origin = headers.get(b"origin")
        if origin is not None and not self._door.same_site.is_own(origin, headers):
            raise CloseError(4403, "Forbidden")

    async def _introduced(self, opening: Caller | CallerRefusedError) -> tuple[Caller, str | None]:
        """Wait for `connection_init`; the caller, and the token by which they are known."""
        limit = asyncio.timeout(self._door.settings.websocket_init_seconds)
        try:
            async with limit:
                payload = await self._init_payload()
        except TimeoutError:
            if limit.expired():
                raise CloseError(4408, "Connection initialisation timeout") from None
            raise
        authorization = next((value for name, value in payload.items() if name.lower() == "authorization"), None)
        try:
            if authorization is not None:
                if not isinstance(authorization, str):
                    raise messages.invalid("Authorization is text")
                language = self._door.callers.language(HTTPConnection(self._scope))
                return await self._door.callers.bearer(authorization, language), authorization
            if isinstance(opening, CallerRefusedError):
                raise opening
        except CallerRefusedError as error:
            raise CloseError(4403, f"Forbidden: {error.code}") from error
        return opening, None

    async def _init_payload(self) -> Mapping[str, object]:
        while True:
            match await self._read():
                case Plain(type="connection_init", payload=payload):
                    return payload or {}
                case Plain(type="ping", payload=payload):
                    await self._say(messages.pong(payload))
                case Subscribe():
                    raise CloseError(4401, "Unauthorized")
                case _:
                    pass

    async def _found_again(self, authorization: str | None) -> Caller:
        connection = HTTPConnection(self._scope)
        if authorization is None:
            return await self._door.callers.caller(connection)
        return await self._door.callers.bearer(authorization, self._door.callers.language(connection))

    # ---- messages

    async def _read(self) -> messages.Message:
        """The next message of the client."""
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise GoneError
        text: str | None = event.get("text")
        if text is None:
            raise messages.invalid("a message is text")
        raw = text.encode()
        if len(raw) > self._door.bounds.body_bytes:
            raise CloseError(1009, f"Message too big: {self._door.bounds.body_bytes} bytes at most")
        return messages.read_message(raw, self._door.bounds)

    async def _say(self, text: str) -> None:
        """Send a message; a client that does not take it in time is left."""
        try:
            async with asyncio.timeout(self._door.settings.graphql_send_seconds), self._sending:
                await self._send({"type": "websocket.send", "text": text})
        except TimeoutError as error:
            raise GoneError from error

    async def _take(self, message: messages.Message, caller: Caller) -> None:
        """Do what a message of an introduced client asks."""
        match message:
            case Plain(type="connection_init"):
                raise CloseError(4429, "Too many initialisation requests")
            case Plain(type="ping", payload=payload):
                await self._say(messages.pong(payload))
            case Plain():
                pass
            case Complete(id=operation_id):
                if task := self._operations.pop(operation_id, None):
                    task.cancel()
                    await asyncio.wait({task})
            case Subscribe(id=operation_id, parameters=parameters):
                await self._start(operation_id, parameters, caller)

    # ---- operations

    async def _start(self, operation_id: str, parameters: Parameters | ProtocolError, caller: Caller) -> None:
        if operation_id in self._operations:
            raise CloseError(4409, f"Subscriber for {operation_id} already exists")
        subscriptions_max = self._door.settings.graphql_subscriptions
        if len(self._operations) >= subscriptions_max:
            parameters = over_limit("subscriptions", subscriptions_max)
        if isinstance(parameters, ProtocolError):
            await self._say(refusal(operation_id, parameters, caller))
            return
        task = asyncio.create_task(self._run(operation_id, parameters, caller))
        self._operations[operation_id] = task

    async def _run(self, operation_id: str, parameters: Parameters, caller: Caller) -> None:
        """Send an operation's results. A client that has left is noticed by the reader, which ends this too."""
        try:
            with suppress(GoneError, OSError):
                await self._relay(operation_id, parameters, caller)
        finally:
            if self._operations.get(operation_id) is asyncio.current_task():
                del self._operations[operation_id]

    async def _relay(self, operation_id: str, parameters: Parameters, caller: Caller) -> None:
        try:
            operation = self._door.operation(parameters, caller.viewer)
        except ProtocolError as error:
            await self._say(refusal(operation_id, error, caller))
            return
        answers = self._door.answers(caller.viewer, operation)
        try:
            async for answer in answers:
                if answer.refused:
                    await self._say(messages.error(operation_id, answer.body))
                    return
                await self._say(messages.next_(operation_id, answer.body))
        finally:
            await answers.aclose()
        await self._say(messages.complete(operation_id))


def refusal(operation_id: str, error: ProtocolError, caller: Caller) -> str:
    """An `error` message for an operation that does not start."""
    return messages.error(operation_id, error_body(error.message(caller.viewer.language), error.code))
