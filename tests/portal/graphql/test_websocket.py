from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette

from portal.graphql.deadlines import Deadlines
from portal.graphql.door import Door
from tests.portal.graphql.asgi import Socket, socket
from tests.portal.graphql.small_engine import NamedCallers, SmallEngine

HELLO = {"id": "1", "type": "subscribe", "payload": {"query": "{ hello }"}}
TICKS = {"id": "t", "type": "subscribe", "payload": {"query": "subscription { ticks }"}}


async def test_a_query_and_a_subscription(app: Starlette) -> None:
    async with socket(app, init={}) as client:
        await client.say(HELLO)
        assert await client.hear() == {"id": "1", "type": "next", "payload": {"data": {"hello": "Hello, world!"}}}
        assert await client.hear() == {"id": "1", "type": "complete"}
        payload = {"query": "subscription($to: Int!) { count(to: $to) }", "variables": {"to": 2}}
        await client.say({"id": "1", "type": "subscribe", "payload": payload})
        assert [(await client.hear())["type"] for _ in range(3)] == ["next", "next", "complete"]


async def test_an_id_is_written_as_it_was_given(app: Starlette) -> None:
    async with socket(app, init={}) as client:
        await client.say(HELLO | {"id": 'a"\\四'})
        assert (await client.hear())["id"] == 'a"\\四'


async def test_a_refused_operation_is_an_error_and_nothing_more(app: Starlette) -> None:
    async with socket(app, init={}) as client:
        await client.say({"id": "1", "type": "subscribe", "payload": {"query": "{ nothing }"}})
        message = await client.hear()
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        await client.say(HELLO)
        assert (await client.hear())["type"] == "next"


async def test_an_operation_at_fault_does_not_end_the_others(app: Starlette) -> None:
    async with socket(app, init={}) as client:
        many = {f"v{number}": 1 for number in range(101)}
        unknown = {"documentId": "sha256:" + "0" * 64}
        for payload, code in (
            ({"query": "{ hello }", "variables": many}, "LIMIT_VARIABLES"),
            (unknown, "PERSISTED_QUERY_NOT_FOUND"),
            ({"query": 'query { hello(name: "\\u0000") }'}, "NUL_IN_TEXT"),
            ({"query": "subscription { broken }"}, "INTERNAL"),
        ):
            await client.say({"id": "1", "type": "subscribe", "payload": payload})
            message = await client.hear()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", code)
            assert "secret reason" not in str(message)


async def test_completing_cancels(app: Starlette, engine: SmallEngine) -> None:
    async with socket(app, init={}) as client:
        await client.say(TICKS)
        await client.hear()
        assert engine.open_streams == 1
        await client.say({"id": "t", "type": "complete"})
        await client.say({"type": "ping"})
        while (await client.hear())["type"] != "pong":
            pass
        assert engine.open_streams == 0
        await client.say({"id": "unknown", "type": "complete"})
        await client.say(TICKS)
        assert (await client.hear())["payload"] == {"data": {"ticks": 0}}


async def test_pings_are_answered_with_what_they_hold(app: Starlette) -> None:
    async with socket(app) as client:
        await client.next()
        await client.say({"type": "ping"})
        assert await client.hear() == {"type": "pong"}
        await client.say({"type": "connection_init"})
        await client.hear()
        await client.say({"type": "pong"})
        await client.say({"type": "ping", "payload": {"a": 1}})
        assert await client.hear() == {"type": "pong", "payload": {"a": 1}}


async def test_a_client_that_leaves_ends_its_operations(app: Starlette, engine: SmallEngine) -> None:
    async with socket(app, init={}) as client:
        await client.say(TICKS)
        await client.say({"id": "w", "type": "subscribe", "payload": {"query": "{ wait(seconds: 60) }"}})
        await client.hear()
        await asyncio.sleep(0.02)
    assert (engine.open_streams, engine.cancelled) == (0, 1)


class TestClosing:
    @pytest.mark.parametrize("subprotocols", [("graphql-ws",), ("other", "graphql-ws"), ()])
    async def test_4406_for_other_subprotocols(self, app: Starlette, subprotocols: tuple[str, ...]) -> None:
        async with socket(app, subprotocols) as client:
            first = subprotocols[0] if subprotocols else None
            assert await client.next() == {"type": "websocket.accept", "subprotocol": first}
            assert await client.closed() == 4406

    async def test_ours_is_chosen_among_others(self, app: Starlette) -> None:
        async with socket(app, ("graphql-ws", "graphql-transport-ws")) as client:
            assert (await client.next())["subprotocol"] == "graphql-transport-ws"

    @pytest.mark.parametrize(
        "message",
        [
            "", "nonsense", "{", "null", "1", '"x"', "[]", "{}", '{"type":1}', '{"type":"start","id":"1","payload":{"query":"{ hello }"}}',
            '{"type":"subscribe","payload":{"query":"{ hello }"}}', '{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}',
            '{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}', '{"type":"subscribe","id":"1"}', '{"type":"subscribe","id":"1","payload":{}}',
            '{"type":"subscribe","id":"1","payload":[]}', '{"type":"subscribe","id":"1","payload":{"query":1}}',
            '{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}', '{"type":"complete"}', '{"type":"ping","payload":1}',
            '{"type":"pong","payload":[]}', "[" * 5_000, '{"type":"ping","payload":{"a":' + "1" * 5_000 + "}}", '{"type":"ping","payload":{"a":"\\ud800"}}',
            '{"type":"complete","id":"' + "x" * 300 + '"}', '{"type":"ping","payload":{"a":"\\u0000"}}', '{"type":"connection_ack"}',
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("introduced", [True, False])
    async def test_4400_for_what_is_no_message(self, app: Starlette, message: str, introduced: bool) -> None:
        async with socket(app, init={} if introduced else None) as client:
            if not introduced:
                await client.next()
            await client.say(message)
            assert await client.closed() == 4400

    async def test_4400_for_binary(self, app: Starlette) -> None:
        async with socket(app, init={}) as client:
            await client.put({"type": "websocket.receive", "bytes": b'{"type":"ping"}'})
            assert await client.closed() == 4400

    async def test_4401_for_operations_of_who_is_not_introduced(self, app: Starlette) -> None:
        async with socket(app) as client:
            await client.next()
            await client.say(HELLO)
            assert await client.closed() == 4401

    async def test_4408_for_silence(self, app: Starlette, door: Door) -> None:
        door.settings = door.settings.model_copy(update={"websocket_init_seconds": 0.05})
        async with socket(app) as client:
            await client.next()
            await client.say({"type": "ping"})
            await client.hear()
            assert await client.closed() == 4408

    async def test_4409_for_an_id_twice(self, app: Starlette) -> None:
        async with socket(app, init={}) as client:
            await client.say({"id": "w", "type": "subscribe", "payload": {"query": "{ wait(seconds: 60) }"}})
            await client.say({"id": "w", "type": "subscribe", "payload": {"query": "{ hello }"}})
            assert await client.closed() == 4409

    async def test_4429_for_a_second_introduction(self, app: Starlette) -> None:
        async with socket(app, init={}) as client:
            await client.say({"type": "connection_init"})
            assert await client.closed() == 4429

    async def test_1009_for_a_message_that_is_too_large(self, app: Starlette) -> None:
        async with socket(app, init={}) as client:
            await client.say({"type": "ping", "payload": {"a": "四" * 7_000}})
            assert await client.closed() == 1009

    async def test_reasons_fit_into_a_frame(self, app: Starlette) -> None:
        async with socket(app, init={}) as client:
            wait = {"id": "四" * 200, "type": "subscribe", "payload": {"query": "{ wait(seconds: 60) }"}}
            await client.say(wait)
            await client.say(wait)
            message = await client.next()
            assert message["code"] == 4409
            assert len(message["reason"].encode()) <= 123


class TestCaller:
    async def me(self, client: Socket) -> Any:
        await client.say({"id": "m", "type": "subscribe", "payload": {"query": "{ me }"}})
        found = (await client.hear())["payload"]["data"]["me"]
        await client.hear()
        return found

    @pytest.mark.parametrize("name", ["Authorization", "authorization"])
    async def test_a_token_in_the_introduction(self, app: Starlette, name: str) -> None:
        async with socket(app, init={name: "Bearer good"}) as client:
            assert await self.me(client) is not None

    @pytest.mark.parametrize("payload", [{"Authorization": "Bearer bad"}, {"Authorization": "good"}])
    async def test_4403_for_a_bad_token(self, app: Starlette, payload: Any) -> None:
        async with socket(app) as client:
            await client.next()
            await client.say({"type": "connection_init", "payload": payload})
            assert await client.closed() == 4403

    async def test_4400_for_a_token_that_is_not_text(self, app: Starlette) -> None:
        async with socket(app) as client:
            await client.next()
            await client.say({"type": "connection_init", "payload": {"authorization": 7}})
            assert await client.closed() == 4400

    async def test_nobody(self, app: Starlette) -> None:
        async with socket(app, init={}) as client:
            assert await self.me(client) is None

    async def test_a_bad_token_at_the_opening_may_be_mended_by_the_introduction(self, app: Starlette) -> None:
        async with socket(app, init={"authorization": "Bearer good"}, authorization="Bearer bad") as client:
            assert await self.me(client) is not None
        async with socket(app, authorization="Bearer bad") as client:
            await client.next()
            await client.say({"type": "connection_init"})
            assert await client.closed() == 4403

    @pytest.mark.parametrize("origin", [None, "http://localhost:8000"])
    async def test_a_cookie_from_our_pages(self, app: Starlette, origin: str | None) -> None:
        headers = {"cookie": "quadrant=anna"} | ({} if origin is None else {"origin": origin})
        async with socket(app, init={}, **headers) as client:
            assert await self.me(client) is not None

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:80"])
    async def test_a_cookie_from_elsewhere_does_not_open(self, app: Starlette, origin: str) -> None:
        async with socket(app, cookie="quadrant=anna", origin=origin) as client:
            assert await client.closed() == 4403

    async def test_strangers_may_come_from_anywhere(self, app: Starlette) -> None:
        async with socket(app, init={}, origin="https://partner.example") as client:
            assert await self.me(client) is None

    @pytest.mark.parametrize("quiet", [True, False])
    @pytest.mark.parametrize("by", ["token", "cookie"])
    async def test_4403_when_the_standing_ends(
        self, app: Starlette, door: Door, callers: NamedCallers, engine: SmallEngine, by: str, quiet: bool
    ) -> None:
        door.standing_seconds = 0.05
        init = {"authorization": "Bearer good"} if by == "token" else {}
        headers = {"cookie": "quadrant=anna"} if by == "cookie" else {}
        async with socket(app, init=init, **headers) as client:
            if not quiet:
                await client.say(TICKS)
            await asyncio.sleep(0.12)
            assert not client.task.done()
            callers.gone = True
            message = await client.next()
            while message["type"] == "websocket.send":
                message = await client.next()
            assert message["code"] == 4403
        assert engine.open_streams == 0


async def test_4500_when_we_fail(app: Starlette, callers: NamedCallers) -> None:
    async with socket(app) as client:
        await client.next()
        callers.away = True
        await client.say({"type": "connection_init", "payload": {"authorization": "Bearer good"}})
        message = await client.next()
        assert message == {"type": "websocket.close", "code": 4500, "reason": "Internal server error"}


class TestBounds:
    async def test_subscriptions_of_one_connection(self, app: Starlette, door: Door) -> None:
        door.settings = door.settings.model_copy(update={"graphql_subscriptions": 2})
        async with socket(app, init={}) as client:
            wait = {"type": "subscribe", "payload": {"query": "{ wait(seconds: 60) }"}}
            for name in ("a", "b", "c"):
                await client.say(wait | {"id": name})
            message = await client.hear()
            assert (message["id"], message["payload"][0]["extensions"]["code"]) == ("c", "LIMIT_SUBSCRIPTIONS")
            await client.say({"id": "a", "type": "complete"})
            await client.say(HELLO | {"id": "c"})
            assert (await client.hear())["type"] == "next"

    async def test_time_of_a_query(self, app: Starlette, door: Door, engine: SmallEngine) -> None:
        door.deadlines = Deadlines(0.05)
        async with socket(app, init={}) as client:
            await client.say({"id": "w", "type": "subscribe", "payload": {"query": "{ wait(seconds: 60) }"}})
            message = await client.hear()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "TIMEOUT")
            assert engine.cancelled == 1

    async def test_a_client_that_does_not_read_is_left(self, door: Door, app: Starlette, engine: SmallEngine) -> None:
        door.settings = door.settings.model_copy(update={"graphql_send_seconds": 0.05})
        async with socket(app, init={}) as client:
            await client.say(TICKS)
            await client.hear()
            client.sent._maxsize = 1
            await client.ended()
            client.sent._maxsize = 0
        assert engine.open_streams == 0
