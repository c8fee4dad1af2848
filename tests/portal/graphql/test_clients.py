"""Clients that other people wrote, against the door on a real port."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import orjson
import pytest
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError, TransportServerError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from starlette.applications import Starlette

from foundation.settings import Settings
from portal.graphql.door import Door
from portal.graphql.routes import graphql_routes
from portal.graphql.trusted import TrustedDocuments
from tests.portal.graphql.live import node, served
from tests.portal.graphql.small_engine import NamedCallers, SmallEngine

COUNT = "subscription($to: Int!) { count(to: $to) }"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    door = Door(SmallEngine(), NamedCallers(), Settings(), TrustedDocuments([]))
    with served(Starlette(routes=graphql_routes(door))) as found:
        yield found


@pytest.mark.node
async def test_the_audit_suite_of_graphql_http(address: str) -> None:
    audits = await node("audit.mjs", f"http://{address}/graphql")
    assert len(audits) > 60
    assert [audit for audit in audits if audit["status"] != "ok"] == []


@pytest.mark.node
class TestGraphqlWs:
    async def heard(self, address: str, *operations: dict[str, Any], **options: Any) -> Any:
        asked = orjson.dumps({"operations": operations} | options).decode()
        return await node("websocket.mjs", f"ws://{address}/graphql", asked)

    async def test_operations(self, address: str) -> None:
        heard = await self.heard(
            address,
            {"query": COUNT, "variables": {"to": 3}},
            {"query": "subscription { ticks }", "take": 3},
            {"query": "{ hello }"},
            {"query": "{ nothing }"},
            {"query": "{ secret }"},
            {"query": COUNT},
        )
        counted, ticks, hello, *refused = heard["operations"]
        assert counted == {"results": [{"data": {"count": n}} for n in (1, 2, 3)], "error": None}
        assert ticks == {"results": [{"data": {"ticks": n}} for n in (0, 1, 2)], "error": None}
        assert hello == {"results": [{"data": {"hello": "Hello, world!"}}], "error": None}
        codes = [entry["error"][0]["extensions"]["code"] for entry in refused]
        assert codes == ["GRAPHQL_VALIDATION_FAILED", "INSUFFICIENT_SCOPE", "BAD_USER_INPUT"]

    async def test_a_token(self, address: str) -> None:
        heard = await self.heard(address, {"query": "{ me }"}, connectionParams={"Authorization": "Bearer good"})
        assert heard["operations"][0]["results"][0]["data"]["me"]
        heard = await self.heard(address, {"query": "{ me }"}, connectionParams={"Authorization": "Bearer bad"})
        assert (heard["closed"], heard["operations"][0]["error"]) == (4403, 4403)

    async def test_the_legacy_subprotocol(self, address: str) -> None:
        heard = await self.heard(address, {"query": "{ me }"}, subprotocol="graphql-ws")
        assert heard["operations"][0]["error"] == 4406


@pytest.mark.node
class TestGraphqlSse:
    @pytest.mark.parametrize("path", ["/graphql", "/graphql/stream"])
    async def test_operations(self, address: str, path: str) -> None:
        operations = [
            {"query": COUNT, "variables": {"to": 3}},
            {"query": "subscription { ticks }", "take": 3},
            {"query": "{ hello }"},
            {"query": "{ nothing }"},
        ]
        counted, ticks, hello, nothing = await node(
            "stream.mjs", f"http://{address}{path}", orjson.dumps({"operations": operations}).decode()
        )
        assert counted == {"results": [{"data": {"count": n}} for n in (1, 2, 3)], "error": None}
        assert ticks == {"results": [{"data": {"ticks": n}} for n in (0, 1, 2)], "error": None}
        assert hello == {"results": [{"data": {"hello": "Hello, world!"}}], "error": None}
        assert nothing["results"][0]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"

    async def test_a_bad_token(self, address: str) -> None:
        asked = {"operations": [{"query": "{ me }"}], "headers": {"authorization": "Bearer bad"}}
        (me,) = await node("stream.mjs", f"http://{address}/graphql/stream", orjson.dumps(asked).decode())
        assert me["error"] == 401


@pytest.mark.parametrize("transport", [AIOHTTPTransport, HTTPXAsyncTransport])
class TestGqlOverHttp:
    async def test_operations(self, address: str, transport: Any) -> None:
        good = transport(url=f"http://{address}/graphql", headers={"authorization": "Bearer good"})
        async with Client(transport=good) as session:
            asked = gql("query($n: String) { hello(name: $n) me }")
            asked.variable_values = {"n": "gql"}
            result = await session.execute(asked)
            assert (result["hello"], bool(result["me"])) == ("Hello, gql!", True)
            assert await session.execute(gql('mutation { remember(text: "x") }')) == {"remember": "x"}
            with pytest.raises(TransportQueryError, match="nothing"):
                await session.execute(gql("{ nothing }"))

    async def test_the_schema_by_introspection(self, address: str, transport: Any) -> None:
        async with Client(
            transport=transport(url=f"http://{address}/graphql"), fetch_schema_from_transport=True
        ) as session:
            assert session.client.schema.query_type.fields.keys() >= {"hello", "rows"}

    async def test_a_bad_token(self, address: str, transport: Any) -> None:
        bad = transport(url=f"http://{address}/graphql", headers={"authorization": "Bearer bad"})
        async with Client(transport=bad) as session:
            with pytest.raises((TransportServerError, TransportQueryError)):
                await session.execute(gql("{ me }"))


class TestGqlOverWebSocket:
    def client(self, address: str, **payload: str) -> Client:
        return Client(transport=WebsocketsTransport(url=f"ws://{address}/graphql", init_payload=payload))

    async def test_operations(self, address: str) -> None:
        async with self.client(address, Authorization="Bearer good") as session:
            asked = gql(COUNT)
            asked.variable_values = {"to": 3}
            assert [result["count"] async for result in session.subscribe(asked)] == [1, 2, 3]
            async with aclosing(session.subscribe(gql("subscription { ticks }"))) as ticks:
                async for result in ticks:
                    if result["ticks"] == 3:
                        break
            assert (await session.execute(gql("{ me }")))["me"]
            with pytest.raises(TransportQueryError, match="nothing"):
                await session.execute(gql("{ nothing }"))
            both = [session.execute(gql("{ hello }")) for _ in range(5)]
            assert await asyncio.gather(*both) == [{"hello": "Hello, world!"}] * 5

    async def test_a_bad_token(self, address: str) -> None:
        with pytest.raises(TransportConnectionFailed):
            async with self.client(address, Authorization="Bearer bad"):
                pass
