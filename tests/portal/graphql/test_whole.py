"""Other people's clients against the whole application on a real port: real views, real rows, real events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

from domain.customers.tables import Employee
from domain.identity.tables import Person
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from portal.app import create_app
from segments.audiences import ENTERPRISE, STAFF
from segments.classification import Classification
from tests.people import IDS, SYSTEM, organisation, person, store, token_of
from tests.portal.graphql.live import node, served

FOLLOW = "subscription { interactionLogged { subject customer { name } } }"
LOG = """
    mutation($input: LogInteractionInput!) { logInteraction(input: $input) { interaction { subject } errors { code } } }
"""
SCOPES = ("customers:write", "interactions:write")


@dataclass(frozen=True)
class House:
    """A running application and tokens of people in it."""

    address: str
    staff: str
    reader: str
    buyer: str
    stranger: str
    customer: str

    def http(self, token: str) -> Client:
        headers = {"authorization": f"Bearer {token}"}
        return Client(transport=AIOHTTPTransport(url=f"http://{self.address}/graphql", headers=headers))

    def websocket(self, token: str) -> Client:
        payload = {"Authorization": f"Bearer {token}"}
        return Client(transport=WebsocketsTransport(url=f"ws://{self.address}/graphql", init_payload=payload))

    async def log(self, subject: str) -> None:
        """Log an interaction, as staff do."""
        said = {
            "kind": "CALL",
            "at": "2026-11-01T08:00:00Z",
            "subject": subject,
            "summary": "x",
            "customer": self.customer,
        }
        asked = gql(LOG)
        asked.variable_values = {"input": said}
        async with self.http(self.staff) as session:
            assert (await session.execute(asked))["logInteraction"]["errors"] == []


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> AsyncIterator[House]:
    own = settings.model_copy(update={"database_name": own_database.addresses.owner.database})
    firm, other = organisation("某航测有限公司"), organisation("别的公司")
    employee = Employee(
        id=IDS(), name="李伟", name_en=None, title="经理", department="销售", phone="1", email="l@example.com"
    )
    staff = person("staff@example.com", STAFF, roles=("account_manager",), clearance=Classification.SECRET)
    staff.employee_id = employee.id
    reader = person("reader@example.com", STAFF, clearance=Classification.SECRET)
    buyer = person("buyer@example.com", ENTERPRISE, customer_id=firm.id)
    stranger = person("stranger@example.com", ENTERPRISE, customer_id=other.id)
    async with transaction(own_database, SYSTEM) as session:
        session.add(employee)
    await store(own_database, firm, other, staff, reader, buyer, stranger)

    async def token(someone: Person, *scopes: str) -> str:
        return await token_of(own_database, own, someone, *scopes)

    with served(create_app(own), ws_max_size=own.graphql_body_bytes) as address:
        bearer = await token(staff, *SCOPES)
        customers = {"query": "{ customers { nodes { id name } } }"}
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {bearer}"}) as client:
            found = (await client.post(f"http://{address}/graphql", json=customers)).json()
        customer = next(each["id"] for each in found["data"]["customers"]["nodes"] if each["name"] == firm.name)
        yield House(address, bearer, await token(reader), await token(buyer), await token(stranger), customer)


@pytest.mark.node
async def test_the_audit_suite_of_graphql_http(house: House) -> None:
    audits = await node("audit.mjs", f"http://{house.address}/graphql")
    assert len(audits) > 60
    assert [audit for audit in audits if audit["status"] != "ok"] == []


async def test_a_subscriber_hears_what_is_logged(house: House) -> None:
    async with house.websocket(house.staff) as session, aclosing(session.subscribe(gql(FOLLOW))) as events:
        following = asyncio.ensure_future(anext(events))
        await logged_until(house, following, "拜访")
        assert following.result() == {"interactionLogged": {"subject": "拜访", "customer": {"name": "某航测有限公司"}}}


@pytest.mark.node
async def test_a_subscriber_hears_what_is_logged_by_events(house: House) -> None:
    asked = {"operations": [{"query": FOLLOW, "take": 1}], "headers": {"authorization": f"Bearer {house.staff}"}}
    heard = asyncio.ensure_future(
        node("stream.mjs", f"http://{house.address}/graphql/stream", orjson.dumps(asked).decode())
    )
    await logged_until(house, heard, "电话")
    assert heard.result()[0]["results"][0]["data"]["interactionLogged"]["subject"] == "电话"


@pytest.mark.node
async def test_a_subscriber_hears_what_is_logged_by_graphql_ws(house: House) -> None:
    asked = {
        "operations": [{"query": FOLLOW, "take": 1}],
        "connectionParams": {"authorization": f"Bearer {house.staff}"},
    }
    heard = asyncio.ensure_future(node("websocket.mjs", f"ws://{house.address}/graphql", orjson.dumps(asked).decode()))
    await logged_until(house, heard, "会议")
    assert heard.result()["operations"][0]["results"][0]["data"]["interactionLogged"]["subject"] == "会议"


async def logged_until(house: House, heard: asyncio.Future[Any], subject: str) -> None:
    """Log the same again until it was heard: a subscription says nothing of when it has begun."""
    async with asyncio.timeout(30):
        while not heard.done():
            await house.log(subject)
            await asyncio.wait({heard}, timeout=0.2)


async def test_a_subscriber_does_not_hear_of_others(house: House) -> None:
    async with (
        house.websocket(house.staff) as staff,
        house.websocket(house.stranger) as stranger,
        aclosing(staff.subscribe(gql(FOLLOW))) as events,
        aclosing(stranger.subscribe(gql(FOLLOW))) as others,
    ):
        following, elsewhere = asyncio.ensure_future(anext(events)), asyncio.ensure_future(anext(others))
        await logged_until(house, following, "机密")
        await asyncio.sleep(0.2)
        assert not elsewhere.done()
        elsewhere.cancel()
        await asyncio.wait({elsewhere})


async def test_a_missing_scope_refuses_the_whole_request(house: House) -> None:
    body = {"query": 'mutation { completeFollowUp(input: {interaction: "x"}) { errors { code } } }'}
    headers = {"authorization": f"Bearer {house.reader}"}
    async with httpx.AsyncClient(base_url=f"http://{house.address}", headers=headers) as client:
        response = await client.post("/graphql", json=body)
    assert response.status_code == 403
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="interactions:write"'


async def test_what_another_view_has_is_unknown(house: House) -> None:
    async with house.http(house.buyer) as session:
        with pytest.raises(TransportQueryError, match="GRAPHQL_VALIDATION_FAILED"):
            await session.execute(gql("mutation { logInteraction { errors { code } } }"))


async def test_each_view_by_introspection(house: House) -> None:
    fields: dict[str, set[str]] = {}
    for token in (house.staff, house.buyer):
        async with Client(transport=house.http(token).transport, fetch_schema_from_transport=True) as session:
            query: Any = session.client.schema.query_type
            fields[token] = set(query.fields)
    assert fields[house.buyer] != fields[house.staff]
