"""The comparison on a small schema that has what the platform's own has not: nulls in orders, keys in both directions,
hidden values of enums, fields that Python computes, value objects in lists, arguments that nest."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.database import Database
from foundation.session import transaction
from resolvers.planner import batches, compiler, paging, values
from resolvers.planner.engine import Engine, Operation
from segments.audiences import CONSUMER, STAFF, Audience
from segments.viewer import Viewer
from segments.views import compile_views
from tests.resolvers.planner.comparison import Comparison
from tests.resolvers.planner.conftest import UNLIMITED, Stage
from tests.resolvers.planner.odd import schema, tables, world
from tests.resolvers.planner.odd.told import ODD_ANSWERS
from tests.resolvers.planner.operations.documents import Writer
from tests.resolvers.planner.operations.pool import pool_of
from tests.resolvers.planner.oracle.schema import Oracle
from tests.resolvers.planner.oracle.seen import read
from tests.resolvers.planner.sabotage import Sabotage, committed
from tests.resolvers.planner.seeded.factory import NOW
from tests.resolvers.planner.seeded.world import insert_rows
from tests.resolvers.planner.test_sabotage import forget, operations_until_caught

EXAMPLES = settings(max_examples=150, suppress_health_check=list(HealthCheck))

SABOTAGES = (
    Sabotage(
        "a null key is beyond no cursor",
        paging.Key.beyond,
        "sa.or_(past, self.column.is_(None)) if after and self.nullable else past",
        "past",
    ),
    Sabotage("nothing is before a null key", paging.Key.beyond, "self.column.is_not(None)", "sa.false()"),
    Sabotage("nulls come first", paging.Key.ordered, "term.nulls_first() if backwards else term.nulls_last()", "term"),
    Sabotage("a null key equals nothing", paging.Key.equals, "self.column.is_(None)", "sa.false()"),
    Sabotage("hidden values are shown", compiler.enum_leaf, 'getattr(type_, "hides_values", False)', "False"),
    Sabotage(
        "Python answers rows in the wrong order",
        batches.fill_batches,
        "zip(waiting, computed",
        "zip(waiting, computed[::-1]",
    ),
    Sabotage(
        "members of an inner input object are lost",
        values.member_of,
        "None if found is g.Undefined",
        "None if found is g.Undefined or isinstance(found, dict)",
    ),
    Sabotage("64 bits are a number", compiler.leaf, '"BigInt", ', ""),
)


@pytest.fixture(scope="module")
async def engine(own_database: Database) -> AsyncIterator[Engine]:
    await tables.create(own_database)
    views = compile_views(schema.ODD, schema.AUDIENCES)
    engine = Engine(views, own_database, UNLIMITED, read_pool_size=2, clock=lambda: NOW)
    yield engine
    await engine.close()


@pytest.fixture(scope="module")
async def stages(own_database: Database, engine: Engine) -> dict[Audience, Stage]:
    async with transaction(own_database, Viewer.system().row_settings()) as session:
        await insert_rows(session, world.made())
    every = tables.Odd.metadata.sorted_tables
    whole = await read(own_database, Viewer.system(), NOW, every)
    found: dict[Audience, Stage] = {}
    for audience, view in compile_views(schema.ODD, schema.AUDIENCES).items():
        oracle = Oracle(view.core, ODD_ANSWERS)
        viewers = [viewer for viewer in world.VIEWERS if viewer.audience is audience]
        seen = {viewer: await read(own_database, viewer, NOW, every) for viewer in viewers}
        types = schema.ODD.core.type_map.values()
        pools = {viewer: pool_of(oracle, seen[viewer], whole, types) for viewer in viewers}
        found[audience] = Stage(Comparison(engine, oracle, seen), pools)
    return found


@pytest.mark.parametrize("audience", schema.AUDIENCES)
@given(data=st.binary(min_size=400, max_size=400))
@EXAMPLES
async def test_written_operations(stages: dict[Audience, Stage], audience: Audience, data: bytes) -> None:
    stage = stages[audience]
    viewer = stage.viewers[data[0] % len(stage.viewers)]
    writer = Writer(stage.comparison.oracle.schema, stage.pools[viewer], data[1:])
    source, variables = writer.operation()
    for given_now in (variables, writer.again()):
        difference = await stage.comparison.difference(viewer, source, given_now)
        assert difference is None, f"{difference}\n{viewer}\n{source}\n{given_now}"


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.says)
async def test_sabotage_is_caught(stages: dict[Audience, Stage], engine: Engine, sabotage: Sabotage) -> None:
    forget(engine)
    with committed(sabotage), structlog.testing.capture_logs():
        caught = await operations_until_caught(stages, sabotage)
    forget(engine)
    assert caught is not None


async def asked(engine: Engine, source: str, audience: Audience = STAFF, **variables: object) -> object:
    viewer = next(each for each in world.VIEWERS if each.audience is audience)
    answer = await engine.execute(viewer, Operation(source, variables))
    return orjson.loads(answer.body)


@pytest.mark.usefixtures("stages")
async def test_python_fields_are_computed_at_once(engine: Engine) -> None:
    """One call for all rows of an answer, wherever they stand in it; none where there are none."""
    schema.CALLS.clear()
    source = "{ notes(first: 7) { nodes { loud author { allNotes { a: loud b: loud } } } } authors { totalCount } }"
    body = await asked(engine, source)
    assert isinstance(body, dict)
    rows = [note for node in body["data"]["notes"]["nodes"] for note in node["author"]["allNotes"]]
    assert [7 + 2 * len(rows)] == schema.CALLS
    schema.CALLS.clear()
    assert await asked(engine, '{ node(id: "zz") { ... on Note { loud } } }') == {"data": {"node": None}}
    assert schema.CALLS == []


@pytest.mark.usefixtures("stages")
async def test_sixty_four_bits_survive_as_text(engine: Engine) -> None:
    body = await asked(engine, '{ notes(first: 1, filter: {hits: "9223372036854775807"}) { nodes { hits } } }')
    assert body == {"data": {"notes": {"nodes": [{"hits": "9223372036854775807"}]}}}
    for beyond in ("9223372036854775808", "-9223372036854775809", "1" * 4000):
        refused = await asked(engine, "query($n: BigInt) { notes(filter: {hits: $n}) { totalCount } }", n=beyond)
        assert isinstance(refused, dict)
        assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.usefixtures("stages")
async def test_a_hidden_value_of_an_enum_is_null(engine: Engine) -> None:
    source = "{ authors(first: 100) { nodes { mood } } }"
    seen = {audience: await asked(engine, source, audience) for audience in (CONSUMER, STAFF)}
    moods = {audience: [node["mood"] for node in body["data"]["authors"]["nodes"]] for audience, body in seen.items()}  # type: ignore[index]
    assert "SECRETLY_GLAD" in moods[STAFF]
    assert moods[CONSUMER] == [None if mood == "SECRETLY_GLAD" else mood for mood in moods[STAFF]]
