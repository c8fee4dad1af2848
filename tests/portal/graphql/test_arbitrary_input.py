"""Whatever is sent, nothing of ours fails: HTTP answers below 500 in one form, a WebSocket closes with a code of its own."""

from __future__ import annotations

import json
import struct
from typing import Any

import httpx
import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import ASGIApp

from foundation.settings import Settings
from portal.graphql.door import Door
from portal.graphql.routes import graphql_routes
from portal.graphql.trusted import TrustedDocuments
from tests.portal.graphql.asgi import socket
from tests.portal.graphql.small_engine import NamedCallers, SmallEngine

ACCEPTS = ["application/json", "application/graphql-response+json", "text/event-stream", "*/*"]
CLOSING = {1009, 4400, 4401, 4403, 4409, 4429}

texts = st.text(alphabet=st.characters(exclude_categories=()), max_size=30)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(["{ hello }", "{", "query", "\0", "\\u0000"])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=15
)
names = st.sampled_from(
    [
        "query",
        "variables",
        "operationName",
        "extensions",
        "documentId",
        "persistedQuery",
        "sha256Hash",
        "id",
        "type",
        "payload",
    ]
)
objects = st.dictionaries(names | texts, values | st.dictionaries(names, values, max_size=3), max_size=6)
documents = st.sampled_from(
    [
        "{ hello }",
        "query($n: String) { hello(name: $n) }",
        "subscription { count(to: 1) }",
        "mutation { remember(text: 1) }",
    ]
)
requests = st.fixed_dictionaries(
    {"query": documents | texts}, optional={"variables": values, "operationName": values, "extensions": objects}
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["connection_init", "subscribe", "complete", "ping", "pong", "next"]) | values},
    optional={"id": st.sampled_from(["1", ""]) | values, "payload": requests | values},
)


def app() -> ASGIApp:
    return Starlette(
        routes=graphql_routes(
            Door(SmallEngine(), NamedCallers(), Settings(graphql_body_bytes=20_000), TrustedDocuments([]))
        )
    )


def written(value: Any) -> bytes:
    """JSON as a careless client writes it: lone surrogates escaped, NaN and Infinity as words."""
    return json.dumps(value).encode()


async def check(client: httpx.AsyncClient, response: httpx.Response) -> None:
    assert response.status_code < 500
    if response.headers["content-type"].startswith("text/event-stream"):
        assert response.status_code == 200
        return
    body = orjson.loads(response.content)
    assert set(body) <= {"data", "errors"}
    assert response.status_code == 200 or all(
        error["message"] and error["extensions"]["code"] for error in body["errors"]
    )


@given(st.binary(max_size=200) | (objects | values | requests).map(written), st.sampled_from(ACCEPTS))
@example(b"\xef\xbb\xbf{}", "*/*")
@example(struct.pack(">I", 7), "*/*")
@settings(max_examples=300)
async def test_bodies(body: bytes, accept: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://localhost") as client:
        headers = {"content-type": "application/json", "accept": accept}
        await check(client, await client.post("/graphql", content=body, headers=headers))


@given(
    st.dictionaries(
        names | texts.filter(lambda text: text.isprintable()),
        (values | requests).map(json.dumps),
        max_size=5,
    ),
    st.binary(max_size=40),
)
@settings(max_examples=150)
async def test_urls(parameters: dict[str, str], tail: bytes) -> None:
    query = httpx.QueryParams({name.encode(errors="replace").decode(): value for name, value in parameters.items()})
    quoted = "".join(f"%{byte:02x}" if byte % 3 else chr(byte % 26 + 97) for byte in tail)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://localhost") as client:
        await check(client, await client.get(f"/graphql?{query}&{quoted}"))


@given(
    st.text(alphabet=st.characters(max_codepoint=255), max_size=60),
    st.sampled_from(["accept", "content-type", "content-encoding", "content-length", "origin", "cookie"]),
)
@settings(max_examples=200)
async def test_headers(value: str, name: str) -> None:
    headers = [(b"content-type", b"application/json"), (name.encode(), value.encode("latin-1"))]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://localhost") as client:
        await check(client, await client.post("/graphql", content=b'{"query":"{ hello }"}', headers=headers))


@given(
    st.lists(
        st.binary(max_size=50).map(lambda raw: raw.decode(errors="replace"))
        | (messages | values).map(lambda value: written(value).decode()),
        max_size=6,
    )
)
@settings(max_examples=200)
async def test_websocket_messages(sent: list[str]) -> None:
    async with socket(app(), init={}) as client:
        for text in sent:
            await client.say(text)
        await client.say({"type": "ping", "payload": {"last": True}})
        while True:
            message = await client.next()
            if message["type"] == "websocket.close":
                assert message["code"] in CLOSING
                return
            if orjson.loads(message["text"]) == {"type": "pong", "payload": {"last": True}}:
                return
