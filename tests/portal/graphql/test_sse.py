from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from portal.graphql.door import Door
from tests.portal.graphql import asgi
from tests.portal.graphql.small_engine import NamedCallers, SmallEngine

STREAM = "text/event-stream"
COUNT = {"query": "subscription($to: Int!) { count(to: $to) }", "variables": {"to": 3}}
TICKS = {"query": "subscription { ticks }"}


def events(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for block in text.split("\n\n"):
        fields = [line.split(": ", 1) if ": " in line else [line.rstrip(":"), ""] for line in block.split("\n")]
        named = {name: value for name, value in fields if name}
        if "event" in named:
            found.append((named["event"], json.loads(named["data"]) if named["data"] else None))
    return found


def counted(to: int) -> list[tuple[str, Any]]:
    return [*(("next", {"data": {"count": number + 1}}) for number in range(to)), ("complete", None)]


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/graphql", STREAM),
        ("/graphql/stream", STREAM),
        ("/graphql/stream", "*/*"),
        ("/graphql", f"application/json, {STREAM}"),
        ("/graphql", f"application/graphql-response+json, application/json, {STREAM}, multipart/mixed"),
    ],
)
async def test_a_subscription(client: httpx.AsyncClient, path: str, accept: str) -> None:
    response = await client.post(path, json=COUNT, headers={"accept": accept})
    assert response.headers["content-type"] == f"{STREAM}; charset=utf-8"
    assert events(response.text) == counted(3)


async def test_a_query_over_a_stream(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers={"accept": STREAM})
    assert events(response.text) == [("next", {"data": {"hello": "Hello, world!"}}), ("complete", None)]


async def test_a_stream_by_get(client: httpx.AsyncClient) -> None:
    params = {"query": COUNT["query"], "variables": json.dumps(COUNT["variables"])}
    assert events((await client.get("/graphql/stream", params=params, headers={"accept": STREAM})).text) == counted(3)


async def test_no_mutation_by_get(client: httpx.AsyncClient, engine: SmallEngine) -> None:
    params = {"query": 'mutation { remember(text: "x") }'}
    response = await client.get("/graphql/stream", params=params, headers={"accept": STREAM})
    ((kind, data), end) = events(response.text)
    assert (kind, data["errors"][0]["extensions"]["code"], end[0]) == ("next", "METHOD_NOT_ALLOWED", "complete")
    assert not engine.remembered


@pytest.mark.parametrize("query", ["{", "{ nothing }", "subscription($to: Int!) { count(to: $to) }"])
async def test_a_refused_operation_is_an_event(client: httpx.AsyncClient, query: str) -> None:
    response = await client.post("/graphql", json={"query": query}, headers={"accept": STREAM})
    assert response.status_code == 200
    ((kind, data), end) = events(response.text)
    assert (kind, set(data), end) == ("next", {"errors"}, ("complete", None))


async def test_what_is_no_request_has_a_status(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=[], headers={"accept": STREAM})
    assert (response.status_code, response.headers["content-type"]) == (400, "application/json; charset=utf-8")
    response = await client.post("/graphql/stream", json=COUNT, headers={"accept": "application/json"})
    assert response.status_code == 406


async def test_a_subscription_is_not_streamed_to_who_cannot_read_it(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=COUNT, headers={"accept": "application/json"})
    assert response.json()["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_NOT_STREAMED"


async def test_a_failing_subscription_says_nothing_of_why(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql/stream", json={"query": "subscription { broken }"})
    assert [kind for kind, _ in events(response.text)] == ["next", "complete"]
    assert "INTERNAL" in response.text
    assert "secret" not in response.text


async def test_headers_come_before_the_first_event_and_lines_within_an_event_are_one(app: Starlette) -> None:
    async with asgi.http(app, "/graphql/stream", TICKS) as peer:
        assert (await peer.next())["type"] == "http.response.start"
        assert (await peer.next())["body"] == b":\n\n"
        assert (await peer.next())["body"] == b'event: next\ndata: {"data":  {"ticks":0}}\n\n'


async def test_a_client_that_leaves_ends_the_subscription(app: Starlette, engine: SmallEngine) -> None:
    async with asgi.http(app, "/graphql/stream", TICKS) as peer:
        for _ in range(5):
            await peer.next()
        assert engine.open_streams == 1
    assert engine.open_streams == 0


async def test_a_client_that_leaves_cancels_a_query(app: Starlette, engine: SmallEngine) -> None:
    async with asgi.http(app, "/graphql/stream", {"query": "{ wait(seconds: 60) }"}) as peer:
        await peer.next()
        await peer.next()
        await asyncio.sleep(0.02)
    assert engine.cancelled == 1


async def test_a_quiet_stream_is_kept_alive(app: Starlette, door: Door) -> None:
    door.settings = door.settings.model_copy(update={"graphql_keep_alive_seconds": 0.02})
    async with asgi.http(app, "/graphql/stream", {"query": "{ wait(seconds: 60) }"}) as peer:
        await peer.next()
        for _ in range(4):
            assert (await peer.next())["body"] == b":\n\n"


@pytest.mark.parametrize("query", ["subscription { ticks }", "{ wait(seconds: 60) }"])
async def test_a_stream_ends_with_the_standing_of_its_caller(
    app: Starlette, door: Door, callers: NamedCallers, engine: SmallEngine, query: str
) -> None:
    door.standing_seconds = 0.03
    async with asgi.http(app, "/graphql/stream", {"query": query}, authorization="Bearer good") as peer:
        for _ in range(2):
            await peer.next()
        await asyncio.sleep(0.1)
        callers.gone = True
        last = await peer.next()
        while last["more_body"]:
            assert b"errors" not in last["body"]
            last = await peer.next()
        assert b"STANDING_ENDED" in last["body"]
        assert last["body"].endswith(b"event: complete\ndata:\n\n")
        await peer.ended()
    assert engine.open_streams == 0


async def test_a_client_that_does_not_read_loses_its_stream(door: Door, app: Starlette, engine: SmallEngine) -> None:
    door.settings = door.settings.model_copy(update={"graphql_send_seconds": 0.05})
    sent = 0

    async def send(_: Any) -> None:
        nonlocal sent
        sent += 1
        if sent > 4:
            await asyncio.sleep(60)

    messages = [{"type": "http.request", "body": json.dumps(TICKS).encode(), "more_body": False}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        return await asyncio.Event().wait()

    scope = asgi.scope_of("http", "/graphql/stream", {"content-type": "application/json"}, method="POST")
    async with asyncio.timeout(2):
        await app(scope, receive, send)
    assert engine.open_streams == 0


async def test_another_site_cannot_open_a_stream_with_a_cookie(client: httpx.AsyncClient) -> None:
    params = {"query": "subscription { count(to: 1) }"}
    elsewhere = {"cookie": "quadrant=anna", "sec-fetch-site": "cross-site"}
    assert (await client.get("/graphql/stream", params=params, headers=elsewhere)).status_code == 403
    ours = {"cookie": "quadrant=anna", "sec-fetch-site": "same-origin"}
    assert (await client.get("/graphql/stream", params=params, headers=ours)).status_code == 200
