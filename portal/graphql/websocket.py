"""GraphQL over WebSocket: the `graphql-transport-ws` protocol and no other; the legacy `graphql-ws` subprotocol is refused.

The caller is known by the cookie of the opening request, if it comes from our own pages, or by a bearer token in the
payload of `connection_init`: `{"Authorization": "Bearer …"}`. A connection ends with 4403 when that no longer holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from starlette.types import Message, Receive, Scope, Send

from portal.bearer import Caller
from portal.callers import CallerRefusedError
from portal.graphql import messages
from portal.graphql.door import Door, Standing
from portal.graphql.errors import failed
from portal.graphql.messages import CloseError, Complete, Plain, Subscribe
from portal.graphql.operations import GoneError, Operations
from portal.headers import header_map

SUBPROTOCOL = "graphql-transport-ws"


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
        except GoneError:
            pass
        except Exception as error:  # noqa: BLE001 - our fault, as when the database is away: logged and masked here
            failed(error, "en")
            await connection.close(CloseError(4500, "Internal server error"))
        finally:
            await connection.operations.stop_all()


class Connection:
    """One client's connection."""

    def __init__(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        self.operations = Operations(door, self._say)
        self._door = door
        self._scope = scope
        self._headers = header_map(scope)
        self._receive = receive
        self._send = send
        # Frames of several operations go out one after another; the reader waits too, so pings cannot pile up.
        self._sending = asyncio.Lock()
        self._stalled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Open, get introduced, then run what is asked."""
        opening = await self._opening_caller()
        offered: list[str] = self._scope["subprotocols"]
        if SUBPROTOCOL not in offered:
            # Opened as it asked, because a client reads a close code only from a connection that it takes for open.
            await self._put({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
            raise CloseError(4406, "Subprotocol not acceptable")
        await self._put({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        caller, authorization = await self._introduced(opening)
        await self._say(messages.connection_ack())
        standing = Standing(caller, lambda: self._found_again(authorization), self._door.standing_seconds)
        reading: asyncio.Task[messages.Message] | None = None
        try:
            while not self._stalled.done():
                reading = reading or asyncio.create_task(self._read())
                waiting = {reading, self._stalled}
                await asyncio.wait(waiting, timeout=standing.due_in, return_when=asyncio.FIRST_COMPLETED)
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
        with suppress(GoneError, TimeoutError):
            async with asyncio.timeout(self._door.settings.graphql_send_seconds):
                await self._put({"type": "websocket.close", "code": end.code, "reason": end.reason})

    # ---- who it is

    async def _opening_caller(self) -> Caller | CallerRefusedError:
        """Whom the opening request names. That nobody may come unknown is not yet a refusal: a token may follow."""
        try:
            caller = await self._door.callers.caller(self._scope, self._headers)
        except CallerRefusedError as error:
            return error
        if caller.by_cookie:
            self._check_origin()
        return caller

    def _check_origin(self) -> None:
        """Other sites' pages can open a WebSocket with our cookie; browsers always say which page does it."""
        origin = self._headers.get(b"origin")
        if origin is not None and not self._door.same_site.is_own(origin, self._headers):
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
                language = self._door.callers.language(self._scope, self._headers)
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
        callers = self._door.callers
        if authorization is None:
            return await callers.caller(self._scope, self._headers)
        return await callers.bearer(authorization, callers.language(self._scope, self._headers))

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

    async def _put(self, event: Message) -> None:
        try:
            await self._send(event)
        except OSError as error:
            # So uvicorn says that the client has left; elsewhere an OSError is a failure of ours.
            raise GoneError from error

    async def _say(self, text: str) -> None:
        """Send a message. When the client does not take it in time the connection ends: nothing may be lost silently."""
        try:
            async with asyncio.timeout(self._door.settings.graphql_send_seconds), self._sending:
                await self._put({"type": "websocket.send", "text": text})
        except TimeoutError as error:
            if not self._stalled.done():
                self._stalled.set_result(None)
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
                await self.operations.stop(operation_id)
            case Subscribe(id=operation_id, parameters=parameters):
                await self.operations.start(operation_id, parameters, caller)
