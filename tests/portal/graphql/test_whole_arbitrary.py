"""Whatever values a valid document holds, the whole application answers below 500: what nothing can store is refused."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import graphql as g
import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette

from domain.customers.tables import Segment
from domain.points import ledger, programmes
from domain.rewards.redeeming import redeem_reward
from domain.tables import METADATA
from foundation.database import Database
from foundation.logs import configure_logs
from foundation.session import transaction
from foundation.settings import Settings
from portal.graphql.door import Door
from portal.graphql.routes import graphql_routes
from portal.graphql.trusted import TrustedDocuments
from resolvers.planner.compiler import row_of
from resolvers.planner.engine import Engine
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from schema.root import MASTER
from segments.audiences import STAFF
from segments.classification import Classification
from segments.scopes import AUDIENCE_SCOPES
from segments.viewer import Viewer
from segments.views import compile_views
from tests.people import IDS, SYSTEM
from tests.portal.graphql.small_engine import NamedCallers
from tests.rows import NOW, PROGRAMME, Bundle

STRANGE_TEXTS = [
    "", " ", "a\0b", "\ud800", "é", "四方", "'", '"', "\\", "%", "_", "{", "}", "$1", "NaN", "x" * 5_000, "\u202e", "\U0001f681",
    "2026-02-30", "0000-00-00", "10000-01-01", "2026-11-24T25:00:00Z", "2026-11-24T08:00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00",
    "Q3VzdG9tZXI6AaINZDUtc464OdS3BT3mzw==", "Q3VzdG9tZXI6", "AAAA", "====", "UHJvZHVjdDp4", "W10=", "WzFd", "bnVsbA==", "e30=", "WyJhIixudWxsXQ==",
    "1e400", "-0", "1" * 5_000, "9223372036854775808", "-9223372036854775809", "0x10", "١٢٣", "1.5", "Infinity",
]  # fmt: skip
STRANGE_NUMBERS = [0, -1, 1, 100, 101, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, 2**63, 2**64, 1.5, 1e308, -0.0]

leaves = st.sampled_from([*STRANGE_TEXTS, *STRANGE_NUMBERS, None, True, False]) | st.text(max_size=8)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


class Name(str):
    """The name of an enum value, which a literal holds without quotes."""

    __slots__ = ()


class Strange:
    """Values for the input types of a schema: mostly of the right shape, with strange leaves or ids of rows that exist."""

    def __init__(self, draw: Any, ids: list[str]) -> None:
        self.draw = draw
        self.ids = ids

    def value(self, type_: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - a kind of type a line.
        if self.draw(st.integers(0, 12)) == 0:
            return self.draw(anything)
        if isinstance(type_, g.GraphQLNonNull):
            return self.value(type_.of_type, depth)
        if isinstance(type_, g.GraphQLList):
            return [self.value(type_.of_type, depth + 1) for _ in range(self.draw(st.integers(0, 2)))]
        if isinstance(type_, g.GraphQLInputObjectType):
            kept = {
                name: field
                for name, field in type_.fields.items()
                if g.is_required_input_field(field) or (depth < 3 and self.draw(st.booleans()))
            }
            return {name: self.value(field.type, depth + 1) for name, field in kept.items()}
        if isinstance(type_, g.GraphQLEnumType):
            return Name(self.draw(st.sampled_from(sorted(type_.values))))
        if type_.name == "Int":
            return self.draw(st.integers(-2, 102) | st.sampled_from(STRANGE_NUMBERS))
        if type_.name == "Boolean":
            return self.draw(st.booleans())
        if type_.name == "ID" and self.draw(st.booleans()):
            return self.draw(st.sampled_from(self.ids))
        if type_.name in {"DateTime", "Date"} and self.draw(st.booleans()):
            return self.draw(st.sampled_from(["2026-11-01T08:00:00Z", "2026-11-01"]))
        return self.draw(st.sampled_from(STRANGE_TEXTS) | leaves)


def literal(value: Any) -> str:
    """A value as a GraphQL literal; keys and texts as they come, so that some are no GraphQL."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return value if isinstance(value, Name) else json.dumps(value)


def selection(type_: Any, draw: Any, depth: int = 0) -> str:
    """Some fields of an output type that need no arguments."""
    named = g.get_named_type(type_)
    if g.is_leaf_type(named):
        return ""
    fields = getattr(named, "fields", {})
    easy = [name for name, field in fields.items() if not any(map(g.is_required_argument, field.args.values()))]
    leaves_ = [name for name in easy if g.is_leaf_type(g.get_named_type(fields[name].type))]
    deep = [name for name in easy if name not in leaves_] if depth < 3 else []
    chosen = draw(st.lists(st.sampled_from(leaves_), max_size=3, unique=True)) if leaves_ else []
    chosen += draw(st.lists(st.sampled_from(deep), max_size=2, unique=True)) if deep else []
    return " {__typename " + " ".join(name + selection(fields[name].type, draw, depth + 1) for name in chosen) + "}"


@st.composite
def requests(draw: Any, schema: g.GraphQLSchema, ids: list[str]) -> dict[str, Any]:
    """An operation on one root field whose arguments are strange, written as literals or sent as variables."""
    root: Any = draw(st.sampled_from([schema.query_type, schema.query_type, schema.mutation_type]))
    name = draw(st.sampled_from(sorted(root.fields)))
    field = root.fields[name]
    strange, variables, written, defined = Strange(draw, ids), {}, [], []
    for argument, declared in field.args.items():
        if g.is_required_argument(declared) or draw(st.booleans()):
            value = strange.value(declared.type)
            if draw(st.booleans()):
                written.append(f"{argument}: {literal(value)}")
            else:
                written.append(f"{argument}: ${argument}")
                defined.append(f"${argument}: {declared.type}")
                variables[argument] = value
    kind = "mutation" if root is schema.mutation_type else "query"
    head = f"{kind} ({', '.join(defined)})" if defined else kind
    arguments = f"({', '.join(written)})" if written else ""
    return {"query": f"{head} {{ {name}{arguments}{selection(field.type, draw)} }}", "variables": variables}


@dataclass(frozen=True)
class House:
    """The door to a database with a row of every table, and the ids of those rows."""

    client: httpx.AsyncClient
    schema: g.GraphQLSchema
    ids: list[str]


# Of what functions of the database alone write: these ask for an order with pieces kept, or a signed request.
UNWRITTEN = {"shipment", "shipment_line", "points_adjustment"}


async def add_points(session: AsyncSession, bundle: Bundle) -> None:
    """What functions alone write: the customer's points in a pool with a spender, and a reward that is a voucher."""
    of: dict[str, Any] = {"programme_id": bundle.ids[PROGRAMME], "customer_id": bundle.customer_id}
    await ledger.earn(session, key="earned", amount=1_000, earned_at=NOW - dt.timedelta(days=100), **of)
    await programmes.settle_due(session)
    await redeem_reward(
        session, NOW, IDS, reward_id=bundle.ids["reward"], customer_id=bundle.customer_id, key="redeemed"
    )
    await programmes.open_pool(session, *of.values())
    await programmes.set_spender(session, *of.values(), bundle.ids["person"], 100)


@pytest.fixture(scope="module")
async def house(own_database: Database) -> AsyncIterator[House]:
    limits = Settings(graphql_seconds=2)
    configure_logs(limits)
    bundle = Bundle(segment=Segment.ENTERPRISE, tier_id=None)
    async with transaction(own_database, SYSTEM) as session:
        await bundle.insert(session)
        await add_points(session, bundle)
        keyed = [table for table in METADATA.sorted_tables if "id" in table.c]
        written = {table.name: await session.scalar(sa.select(table.c.id).limit(1)) for table in keyed}
    callers = NamedCallers()
    callers.stranger = Viewer(
        STAFF, IDS(), employee_id=bundle.ids["employee"], clearance=Classification.SECRET, scopes=AUDIENCE_SCOPES[STAFF]
    )
    engine = Engine(compile_views(MASTER, [STAFF]), own_database, DocumentLimits.of(limits))
    schema = engine.views[STAFF].core
    rows = {name: row.table.__tablename__ for name, type_ in schema.type_map.items() if (row := row_of(type_))}
    # Where nothing was written the id is of a row that is not there, and nowhere else.
    assert {table for table in rows.values() if table not in bundle.ids and written[table] is None} == UNWRITTEN
    ids = [encode_id(name, bundle.ids.get(table) or written[table] or IDS()) for name, table in sorted(rows.items())]
    app = Starlette(routes=graphql_routes(Door(engine, callers, limits, TrustedDocuments([]))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield House(client, schema, ids)
    await engine.close()


@given(data=st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_strange_values(house: House, data: st.DataObject) -> None:
    request = data.draw(requests(house.schema, house.ids))
    content, headers = json.dumps(request).encode(), {"content-type": "application/json"}
    response = await house.client.post("/graphql", content=content, headers=headers)
    assert response.status_code < 500
    assert '"code":"INTERNAL"' not in response.text
