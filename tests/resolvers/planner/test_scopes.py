"""Scopes hold on every path to what asks for them, and are known before anything runs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from foundation.database import Database
from foundation.settings import Settings
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import DIVISION, ENTERPRISE, GOVERNMENT, STAFF, Audience
from segments.scopes import AUDIENCE_SCOPES
from segments.viewer import Viewer

ORDER, CUSTOMER = encode_id("Order", uuid.UUID(int=1)), encode_id("Customer", uuid.UUID(int=1))
PRODUCT, PROGRAMME = encode_id("Product", uuid.UUID(int=1)), encode_id("Programme", uuid.UUID(int=1))
REGION = encode_id("Region", uuid.UUID(int=1))
BY_ID = "query($id: ID!) { node(id: $id) { id } }"
BY_IDS = "query($ids: [ID!]!) { some: nodes(ids: $ids) { __typename } }"
ORDERS, CATALOGUE, ORIGIN = "orders:read", "catalogue:read", "programmes:origin"


@pytest.fixture(scope="module")
async def engine(database: Database, settings: Settings) -> AsyncIterator[Engine]:
    made = Engine(compiled_views(), database, DocumentLimits.of(settings))
    yield made
    await made.close()


async def ask(engine: Engine, audience: Audience, source: str, *scopes: str, **variables: Any) -> Answer:
    viewer = Viewer(audience, customer_id=uuid.UUID(int=1), scopes=frozenset(scopes), language="en")
    return await engine.execute(viewer, Operation(source, variables))


@pytest.mark.parametrize(
    ("audience", "source", "variables", "missing", "path"),
    [
        (STAFF, "{ orders(first: 1) { totalCount } }", {}, ORDERS, ["orders"]),
        (STAFF, "{ orders(first: 1) { __typename } }", {}, ORDERS, ["orders"]),
        (STAFF, '{ order(id: "x") { __typename } }', {}, ORDERS, ["order"]),
        (STAFF, "{ customers { nodes { mine: orders { totalCount } } } }", {}, ORDERS, ["customers", "nodes", "mine"]),
        # A timeline holds orders among others: its count would tell of them, whatever is selected of its nodes.
        (STAFF, "{ customers { nodes { timeline { totalCount } } } }", {}, ORDERS, ["customers", "nodes", "timeline"]),
        (STAFF, '{ customer(id: "x") { timeline { nodes { at } } } }', {}, ORDERS, ["customer", "timeline"]),
        (STAFF, BY_ID, {"id": ORDER}, ORDERS, ["node"]),
        (STAFF, f'{{ node(id: "{ORDER}") {{ id }} }}', {}, ORDERS, ["node"]),
        (STAFF, "query($id: ID!) { ...F } fragment F on Query { a: node(id: $id) { id } }", {"id": ORDER}, ORDERS, ["a"]),
        (STAFF, BY_IDS, {"ids": [CUSTOMER, "x", ORDER]}, ORDERS, ["some"]),
        (STAFF, "query($id: ID!) { __schema { queryType { name } } node(id: $id) { id } }", {"id": ORDER}, ORDERS, ["node"]),
        (STAFF, '{ node(id: "x") { ... on Order { number } } }', {}, ORDERS, ["node", "number"]),
        (STAFF, '{ node(id: "x") { ... on Customer { orders { totalCount } } } }', {}, ORDERS, ["node", "orders"]),
        (DIVISION, "{ products { totalCount } }", {}, CATALOGUE, ["products"]),
        (DIVISION, BY_ID, {"id": PRODUCT}, CATALOGUE, ["node"]),
        (DIVISION, BY_ID, {"id": PROGRAMME}, ORIGIN, ["node"]),
        (STAFF, "{ orderTotals { orders } }", {}, ORDERS, ["orderTotals"]),
        (STAFF, "{ products { nodes { cost { amount } } } }", {}, "products:cost", ["products", "nodes", "cost"]),
    ],
)  # fmt: skip
async def test_no_path_leads_around_a_scope(
    engine: Engine, audience: Audience, source: str, variables: dict[str, Any], missing: str, path: list[str]
) -> None:
    refused = await ask(engine, audience, source, **variables)
    assert (refused.refused, refused.code, refused.scopes) == (True, "INSUFFICIENT_SCOPE", (missing,))
    assert orjson.loads(refused.body)["errors"][0]["path"] == path
    assert b"data" not in refused.body
    every_other = AUDIENCE_SCOPES[audience] - {missing}
    assert (await ask(engine, audience, source, *every_other, **variables)).scopes == (missing,)
    assert not (await ask(engine, audience, source, *AUDIENCE_SCOPES[audience], **variables)).refused


async def test_an_id_asks_for_the_scopes_of_its_type_alone(engine: Engine) -> None:
    for id_ in (CUSTOMER, REGION, "x", encode_id("Programme", uuid.UUID(int=1))):
        assert not (await ask(engine, STAFF, BY_ID, id=id_)).refused
        assert not (await ask(engine, STAFF, BY_IDS, ids=[id_, id_])).refused
    # The document is the same for all ids, and so is its cache.
    assert (await ask(engine, STAFF, BY_ID, id=ORDER)).refused
    assert not (await ask(engine, STAFF, BY_ID, ORDERS, id=ORDER)).refused
    assert not (await ask(engine, DIVISION, BY_ID, id=REGION)).refused


async def test_all_that_is_missing_is_told_and_nothing_that_is_held(engine: Engine) -> None:
    source = "{ orders { totalCount } products { nodes { cost { amount } } } programmes { nodes { cost { amount } } } }"
    refused = await ask(engine, STAFF, source, "products:cost")
    assert refused.scopes == ("orders:read", "programmes:cost")
    assert orjson.loads(refused.body)["errors"][0]["path"] == ["orders"]
    refused = await ask(engine, STAFF, source, "orders:read", "customers:write")
    assert refused.scopes == ("products:cost", "programmes:cost")


async def test_a_scope_of_staff_is_asked_of_no_customer(engine: Engine) -> None:
    """Customers see their own orders by their rows alone; an enterprise's programs need the right of its people."""
    for source in ("{ orders { totalCount } }", "{ viewer { customer { timeline { totalCount } } } }"):
        assert not (await ask(engine, GOVERNMENT, source)).refused
        assert (await ask(engine, ENTERPRISE, source)).scopes == (ORDERS,)
        assert not (await ask(engine, ENTERPRISE, source, ORDERS)).refused
    assert not (await ask(engine, GOVERNMENT, BY_ID, id=ORDER)).refused


async def test_a_mutation_asks_before_it_runs(engine: Engine) -> None:
    source = 'mutation { moveSegment(input: {customer: "x", toSegment: ENTERPRISE, reason: "x"}) { errors { code } } }'
    assert (await ask(engine, STAFF, source, "customers:write")).scopes == ("customers:move",)
    assert b"NOT_FOUND" in (await ask(engine, STAFF, source, "customers:move")).body


async def test_a_payload_is_no_way_around_a_scope(engine: Engine) -> None:
    source = """mutation { updateCustomer(input: {customer: "x", version: 1}) {
        customer { orders { totalCount } } errors { code }
    } }"""
    assert (await ask(engine, STAFF, source, "customers:write")).scopes == (ORDERS,)


async def test_a_subscription_asks_before_it_begins(engine: Engine) -> None:
    viewer = Viewer(STAFF, language="en")
    source = "subscription { interactionLogged { customer { orders { totalCount } } } }"
    async with asyncio.timeout(10):
        answers = [answer async for answer in engine.subscribe(viewer, Operation(source, {}))]
    assert [answer.scopes for answer in answers] == [(ORDERS,)]
