"""The door on a real port, byte by byte: what only shows below the protocols' clients."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websockets
from starlette.applications import Starlette

from foundation.settings import Settings
from portal.graphql.door import Door
from portal.graphql.routes import graphql_routes
from portal.graphql.trusted import TrustedDocuments
from tests.portal.graphql.live import connected, served
from tests.portal.graphql.small_engine import NamedCallers, SmallEngine

HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
OPENING = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
PING = '{"type":"ping"}'


@pytest.fixture(scope="module")
def engine() -> SmallEngine:
    return SmallEngine()


@pytest.fixture(scope="module", params=["httptools", "h11"])
def address(engine: SmallEngine, request: pytest.FixtureRequest) -> Iterator[str]:
    door = Door(engine, NamedCallers(), Settings(graphql_body_bytes=20_000), TrustedDocuments([]))
    with served(Starlette(routes=graphql_routes(door)), http=request.param, ws_max_size=20_000) as found:
        yield found


async def answered(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        return await reader.read()


async def test_a_body_that_is_somewhat_too_large_is_answered(address: str) -> None:
    async with connected(address) as (reader, writer):
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        for _ in range(8):
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        assert (await answered(reader)).startswith(b"HTTP/1.1 413 ")


async def test_an_endless_body_is_cut(address: str) -> None:
    async with connected(address) as (_, writer):
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 50_000_000:
                writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                await writer.drain()
                sent += 4096
        assert sent < 10_000_000


@pytest.mark.parametrize(
    "line", [b"Content-Encoding: gzip\r\n", b"Authorization: Bearer bad\r\n", b"Accept: text/html\r\n"]
)
async def test_a_refusal_before_the_body_ends_the_connection(address: str, line: bytes) -> None:
    async with connected(address) as (reader, writer):
        writer.write(HEAD + line + b"Content-Length: 5000\r\n\r\n{")
        response = await answered(reader)
        assert response.startswith(b"HTTP/1.1 4")
        assert b"connection: close" in response.lower()


async def test_a_refusal_after_the_body_keeps_the_connection(address: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        streams: set[Any] = set()
        for body in (b"[]", b"{", b'{"query":"{ nothing }"}', b'{"query":"{ hello }"}'):
            response = await client.post("/graphql", content=body, headers={"content-type": "application/json"})
            streams.add(response.extensions["network_stream"])
            assert "connection" not in response.headers
        assert len(streams) == 1


async def test_a_broken_chunk_is_a_client_error(address: str) -> None:
    async with connected(address) as (reader, writer):
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert (await answered(reader))[:10] in {b"HTTP/1.1 4", b""}


async def test_a_client_that_breaks_off_leaves_nothing_behind(address: str, engine: SmallEngine) -> None:
    async with connected(address) as (reader, writer):
        body = b'{"query":"subscription { ticks }"}'
        head = HEAD + b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
        async with asyncio.timeout(5):
            await reader.readuntil(b'"ticks":3')
        assert engine.open_streams == 1
        writer.transport.abort()
    await until(lambda: engine.open_streams == 0)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", 4400),
        (b"bytes", 4400),
        ('{"type":"subscribe"}', 4400),
        ("x" * 30_000, 1009),
        (b"\xff" * 30_000, 1009),
    ],
)
async def test_what_is_no_message_closes_a_websocket_with_a_code(address: str, message: Any, code: int) -> None:
    async with websockets.connect(f"ws://{address}/graphql", subprotocols=["graphql-transport-ws"]) as client:
        await client.send(message)
        assert await closed(client) == code


async def test_text_that_is_not_utf8(address: str) -> None:
    async with websockets.connect(f"ws://{address}/graphql", subprotocols=["graphql-transport-ws"]) as client:
        await client.send(b'{"type":"\xff"}', text=True)
        assert await closed(client) == 1007


@pytest.mark.parametrize(
    "frame", [b"\xf1\x80\x00\x00\x00\x00", b"\x83\x80\x00\x00\x00\x00", b"\x81\x00", b"\x09\x80\x00\x00\x00\x00"]
)
async def test_what_is_no_frame(address: str, frame: bytes) -> None:
    async with websockets.connect(f"ws://{address}/graphql", subprotocols=["graphql-transport-ws"]) as client:
        client.transport.write(frame)
        assert await closed(client) == 1002


async def test_a_message_in_fragments(address: str) -> None:
    async with websockets.connect(f"ws://{address}/graphql", subprotocols=["graphql-transport-ws"]) as client:
        await client.send(iter([PING[:3], PING[3:9], PING[9:]]))
        assert await client.recv() == '{"type":"pong"}'


async def test_a_websocket_that_breaks_off_leaves_nothing_behind(address: str, engine: SmallEngine) -> None:
    async with websockets.connect(f"ws://{address}/graphql", subprotocols=["graphql-transport-ws"]) as client:
        await client.send('{"type":"connection_init"}')
        for number in range(5):
            await client.send(
                f'{{"id":"{number}","type":"subscribe","payload":{{"query":"subscription {{ ticks }}"}}}}'
            )
        await until(lambda: engine.open_streams == 5)
        client.transport.abort()
    await until(lambda: engine.open_streams == 0)


async def test_a_flood_of_pings_from_who_does_not_read_is_held_back(address: str) -> None:
    text = b'{"type":"ping","payload":{"a":"' + b"x" * 10_000 + b'"}}'
    # A text frame whose mask is zero, so that its bytes are the text's own.
    frame = b"\x81\xfe" + len(text).to_bytes(2) + b"\0\0\0\0" + text
    async with connected(address) as (_, writer):
        writer.write(OPENING)
        sent = 0
        try:
            async with asyncio.timeout(2):
                while sent < 5_000:
                    writer.write(frame)
                    await writer.drain()
                    sent += 1
        except TimeoutError:
            pass
        # The server stops reading when its answers are not taken, so only the buffers of the network fill.
        assert 0 < sent < 5_000
        writer.transport.abort()


async def test_another_sites_page_cannot_open_with_our_cookie(address: str) -> None:
    headers = {"cookie": "quadrant=anna"}
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(
            f"ws://{address}/graphql",
            subprotocols=["graphql-transport-ws"],
            additional_headers=headers,
            origin="https://evil.example",
        ):
            pass
    assert refused.value.response.status_code == 403


async def closed(client: websockets.ClientConnection) -> int:
    async with asyncio.timeout(5):
        await client.wait_closed()
    return client.close_code or 0


async def until(holds: Any) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - the engine runs in another thread, whose events are not ours.
            await asyncio.sleep(0.01)
