"""Under row security every main list is read in the order of an index: EXPLAIN of what the planner makes, over 50,000 rows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from foundation.database import Database
from resolvers.planner.documents import Document
from schema.root import MASTER
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, GOVERNMENT, MILITARY, STAFF, Audience
from segments.views import compile_views
from tests.resolvers.planner.big_tables import (
    CATEGORY,
    CUSTOMER,
    NOW,
    ORDER,
    PAYMENT,
    PROGRAMME,
    RETURN,
    fill,
    key,
    viewer,
)
from tests.resolvers.planner.conftest import UNLIMITED
from tests.resolvers.planner.oracle.texts import cursor, global_id

VIEWS = compile_views(MASTER)
BIG = frozenset(
    {"customer", "product", "order", "interaction", "equipment", "equipment_state", "payment", "order_return"}
)
# A page and one more, and what row policies hide on the way; a scan would read 5,000 at least.
ROWS_READ_MAX = 300


@dataclass(frozen=True)
class Question:
    """A list as somebody asks for it. `sorts`: its rows come from several places, a page from each, and are then sorted."""

    audience: Audience
    source: str
    variables: dict[str, Any] = field(default_factory=dict[str, Any])
    sorts: bool = False

    def __str__(self) -> str:
        return f"{self.audience.value}: {self.source}"


PAGE = "{ edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage endCursor } }"
CATEGORY_ID = {"id": global_id("Category", key(CATEGORY, 9))}
CUSTOMER_ID = {"id": global_id("Customer", key(CUSTOMER, 9))}
PROGRAMME_ID = {"id": global_id("Programme", key(PROGRAMME, 9))}
# Far down the list, where a cursor that no index starts from would cost the most.
DEEP = {"cursor": cursor([NOW - timedelta(days=170), key(ORDER, 5)])}
DEEP_PAYMENT = {"cursor": cursor([NOW - timedelta(days=170), key(PAYMENT, 5)])}
DEEP_RETURN = {"cursor": cursor([NOW - timedelta(days=170), key(RETURN, 5)])}
ORDER_ID = {"id": global_id("Order", key(ORDER, 9))}
DEEP_NAME = {"cursor": cursor(["cf8", key(CUSTOMER, 5)])}

QUESTIONS = (
    Question(STAFF, "{ customers(first: 20) %s }"),
    Question(STAFF, "{ customers(last: 20) %s }"),
    Question(STAFF, "{ customers(first: 20, filter: {segment: MILITARY}) %s }"),
    Question(STAFF, "query($cursor: String) { customers(first: 20, after: $cursor) %s }", DEEP_NAME),
    Question(STAFF, "query($cursor: String) { customers(last: 20, before: $cursor) %s }", DEEP_NAME),
    Question(STAFF, "{ orders(first: 20) %s }"),
    Question(STAFF, "query($cursor: String) { orders(first: 20, after: $cursor) %s }", DEEP),
    Question(STAFF, "query($cursor: String) { orders(last: 20, before: $cursor) %s }", DEEP),
    Question(STAFF, "query($id: ID) { orders(first: 20, filter: {customer: $id}) %s }", CUSTOMER_ID),
    Question(STAFF, '{ orders(first: 20, filter: {number: "o77"}) %s }', sorts=True),
    Question(STAFF, '{ store(code: "S1") { openSales(first: 20) %s } }'),
    Question(STAFF, '{ store(code: "S1") { sales(first: 20) %s } }'),
    Question(STAFF, "{ payments(first: 20) %s }"),
    Question(STAFF, "{ payments(first: 20, filter: {state: FAILED}) %s }"),
    Question(STAFF, "query($cursor: String) { payments(last: 20, before: $cursor, filter: {state: CAPTURED}) %s }", DEEP_PAYMENT),
    Question(STAFF, "query($id: ID) { payments(first: 20, filter: {order: $id}) %s }", ORDER_ID),
    Question(STAFF, "{ orderReturns(first: 20) %s }"),
    Question(STAFF, "query($cursor: String) { orderReturns(first: 20, after: $cursor) %s }", DEEP_RETURN),
    Question(STAFF, "{ orderReturns(first: 20, filter: {state: REQUESTED}) %s }"),
    Question(STAFF, "query($id: ID!) { order(id: $id) { payments(first: 5) %s returns(first: 5) { nodes { id } } } }", ORDER_ID),
    Question(STAFF, "{ interactions(first: 20) %s }"),
    Question(STAFF, "query($cursor: String) { interactions(first: 20, after: $cursor) %s }", DEEP),
    Question(STAFF, "query($id: ID) { interactions(first: 20, customer: $id) %s }", CUSTOMER_ID),
    Question(STAFF, "query($id: ID!) { customer(id: $id) { orders(first: 5) %s interactions(first: 5) { nodes { id } } } }", CUSTOMER_ID),
    Question(STAFF, "query($id: ID!) { customer(id: $id) { timeline(first: 5) { edges { cursor node { at } } pageInfo { hasNextPage } } } }", CUSTOMER_ID, sorts=True),
    Question(STAFF, "{ equipment(first: 20) %s }"),
    Question(STAFF, "query($id: ID) { equipment(first: 20, filter: {programme: $id}) %s }", PROGRAMME_ID),
    Question(STAFF, "{ programmes(first: 20) { nodes { equipment(first: 3) %s } } }"),
    Question(STAFF, "{ products(first: 20) %s }"),
    Question(STAFF, "query($id: ID) { products(first: 20, filter: {category: $id}) %s }", CATEGORY_ID, sorts=True),
    Question(CONSUMER, "{ products(first: 20) %s }"),
    Question(GOVERNMENT, "{ products(last: 20) %s }"),
    Question(DIVISION, "{ products(first: 20) %s }"),
    Question(ENTERPRISE, "query($id: ID) { products(first: 20, filter: {category: $id}) %s }", CATEGORY_ID, sorts=True),
    Question(ENTERPRISE, "{ orders(first: 20) %s }"),
    Question(ENTERPRISE, "query($cursor: String) { orders(first: 20, after: $cursor) %s }", DEEP),
    Question(MILITARY, "{ equipment(first: 20) %s }"),
    Question(MILITARY, "{ equipment(last: 20) %s }"),
    Question(MILITARY, "{ fleet(first: 20) %s }"),
    Question(MILITARY, "{ programmes(first: 20) { nodes { equipment(first: 3) %s } } }"),
)  # fmt: skip


@pytest.fixture(scope="module")
async def big(own_database: Database) -> AsyncIterator[Any]:
    """A raw connection to a database with big tables."""
    await fill(own_database)
    connection = await own_database.connect_raw()
    yield connection
    await connection.close()


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_lists_are_read_in_the_order_of_an_index(big: Any, question: Question) -> None:
    source = question.source.replace("%s", PAGE)
    found = list(nodes(await explained(big, question, source)))
    read = [each for each in found if each.get("Relation Name") in BIG]
    assert read, "the question reads none of the big tables"
    assert max(each["Actual Rows"] * each["Actual Loops"] for each in read) > 0
    for each in read:
        assert each["Node Type"] != "Seq Scan", each
        touched = (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        assert touched <= ROWS_READ_MAX, each
    if not question.sorts:
        assert [each for each in found if "Sort" in each["Node Type"]] == []


async def explained(connection: Any, question: Question, source: str) -> Any:
    """The plan that PostgreSQL keeps for the statement, run once as the viewer."""
    document = Document(VIEWS[question.audience], source, None, UNLIMITED)
    variables = document.admit(viewer(question.audience).scopes, question.variables)
    plan = document.plan(variables)
    statement = await connection.prepare(plan.sql, name=plan.name)
    values = plan.arguments(variables, viewer(question.audience), NOW)
    written = ", ".join("null" if value is None else quoted(value) for value in values)
    lines = await connection.fetchval(f'explain (analyze, format json) execute "{plan.name}"({written})')
    assert statement.get_name() == plan.name  # it lives as long as this object of the driver's does
    return json.loads(lines)[0]["Plan"]


def quoted(value: Any) -> str:
    """A parameter of ours as a literal."""
    return "'" + str(value).replace("'", "''") + "'"


def nodes(plan: Any) -> Iterator[Any]:
    """Every node of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
