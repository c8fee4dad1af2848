"""ASGI by hand: a request whose response can be read while it is still being written, and a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.types import ASGIApp

TIMEOUT = 5


class Peer:
    """The client's side of an application's `receive` and `send`."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.received: asyncio.Queue[Any] = asyncio.Queue()
        self.task = asyncio.ensure_future(app(scope, self.received.get, self.sent.put))

    async def next(self) -> Any:
        async with asyncio.timeout(TIMEOUT):
            return await self.sent.get()

    async def put(self, message: dict[str, Any]) -> None:
        await self.received.put(message)

    async def ended(self) -> None:
        async with asyncio.timeout(TIMEOUT):
            await self.task


def scope_of(kind: str, path: str, headers: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "scheme": "http" if kind == "http" else "ws",
        "headers": [
            (b"host", b"localhost:8000"),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ],
        "client": ("192.0.2.1", 1),
        "server": ("localhost", 8000),
    } | more


@asynccontextmanager
async def http(app: ASGIApp, path: str, body: Any, method: str = "POST", **headers: str) -> AsyncIterator[Peer]:
    named = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    peer = Peer(app, scope_of("http", path, named, method=method))
    await peer.put({"type": "http.request", "body": orjson.dumps(body), "more_body": False})
    try:
        yield peer
    finally:
        await peer.put({"type": "http.disconnect"})
        await peer.ended()


class Socket(Peer):
    """A WebSocket's client."""

    async def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        await self.put({"type": "websocket.receive", "text": text})

    async def hear(self) -> Any:
        message = await self.next()
        assert message["type"] == "websocket.send", message
        return orjson.loads(message["text"])

    async def closed(self) -> int:
        message = await self.next()
        assert message["type"] == "websocket.close", message
        await self.ended()
        return int(message["code"])


@asynccontextmanager
async def socket(
    app: ASGIApp, subprotocols: Sequence[str] = ("graphql-transport-ws",), *, init: Any = None, **headers: str
) -> AsyncIterator[Socket]:
    """An opened WebSocket; introduced when `init` says with which payload."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    opened = Socket(app, scope_of("websocket", "/graphql", named, subprotocols=list(subprotocols)))
    await opened.put({"type": "websocket.connect"})
    try:
        if init is not None:
            assert (await opened.next())["type"] == "websocket.accept"
            await opened.say({"type": "connection_init", "payload": init})
            assert await opened.hear() == {"type": "connection_ack"}
        yield opened
    finally:
        await opened.put({"type": "websocket.disconnect", "code": 1000})
        await opened.ended()
