"""Statements and connections of reads: one statement a query, prepared by name, deallocated in time; no connection is reused
in an unknown state. What ran is asked of PostgreSQL itself: `pg_prepared_statements` counts each statement's executions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest
import structlog

from foundation.database import Database, connect
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.pool import STATEMENTS_PER_CONNECTION_MAX, ReadConnection, ReadPool
from schema.root import MASTER
from segments.audiences import CONSUMER, STAFF
from segments.classification import Classification
from segments.viewer import Viewer
from segments.views import compile_views
from tests.resolvers.planner.conftest import UNLIMITED
from tests.resolvers.planner.oracle.texts import cursor

VIEWS = compile_views(MASTER, (STAFF, CONSUMER))
STAFF_VIEWER = Viewer(STAFF, clearance=Classification.INTERNAL, scopes=frozenset({"orders:read"}))
REGIONS = "{ regions { nodes { code } } }"


@asynccontextmanager
async def running(database: Database, size: int = 2, wait_seconds: float = 5) -> AsyncIterator[Engine]:
    engine = Engine(VIEWS, database, UNLIMITED, read_pool_size=size, pool_wait_seconds=wait_seconds)
    try:
        yield engine
    finally:
        await engine.close()


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    async with running(database) as engine:
        yield engine


async def ask(engine: Engine, source: str, viewer: Viewer = STAFF_VIEWER, **variables: Any) -> Answer:
    return await engine.execute(viewer, Operation(source, variables))


def idle(engine: Engine) -> list[ReadConnection]:
    return engine.pool._idle


async def executions(engine: Engine) -> dict[str, int]:
    """How often each named statement has run on the only connection; every one of them with its generic plan."""
    (connection,) = idle(engine)
    rows = await connection.raw.fetch("select * from pg_prepared_statements where name ~ '^q[0-9]+$'")
    assert sum(row["custom_plans"] for row in rows) == 0
    return {row["name"]: row["generic_plans"] for row in rows}


QUERY = """query Q($n: Int, $id: ID!) {
  regions(first: $n) { totalCount nodes { code parent { name } cities(first: 2) { nodes { name } pageInfo { endCursor } } } }
  customers(first: 3) { nodes { timeline(first: 2) { nodes { at ... on Interaction { participants { id } } } } } }
  node(id: $id) { id ... on Region { code } }
  orderTotals { orders }
  viewer { name }
}"""


async def test_a_query_is_one_statement_however_much_it_asks(engine: Engine) -> None:
    for size in (3, 4, 5):
        assert not (await ask(engine, QUERY, n=size, id="zz")).refused
    assert list((await executions(engine)).values()) == [3]
    other = Viewer(STAFF, language="en", scopes=frozenset({"orders:read"}))
    await ask(engine, QUERY, other, n=1, id="zz")
    assert list((await executions(engine)).values()) == [4], "viewers of one view share its plans"


async def test_nothing_else_is_said_to_the_database(engine: Engine) -> None:
    await ask(engine, REGIONS)
    said: list[str] = []
    idle(engine)[0].raw.add_query_logger(lambda logged: said.append(logged.query))
    for _ in range(3):
        await ask(engine, REGIONS)
    assert said == [], "no BEGIN, no reset, no set_config of its own"


REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("{ regions(first: 101) { totalCount } }", {}, "BAD_USER_INPUT"),
    ("{ regions(first: -1) { totalCount } }", {}, "BAD_USER_INPUT"),
    ("{ regions(first: 1, last: 1) { totalCount } }", {}, "BAD_USER_INPUT"),
    ('{ regions(after: "zz") { totalCount } }', {}, "BAD_USER_INPUT"),
    ("query($c: String) { regions(before: $c) { totalCount } }", {"c": cursor(["a", None])}, "BAD_USER_INPUT"),
    ("query($c: String) { orders(after: $c) { totalCount } }", {"c": cursor(["a", "b"])}, "BAD_USER_INPUT"),
    ("query($t: String) { customers(filter: {text: $t}) { totalCount } }", {"t": "a\0b"}, "BAD_USER_INPUT"),
    ("query($t: String) { customers(filter: {text: $t}) { totalCount } }", {"t": "\ud800"}, "BAD_USER_INPUT"),
    ("query($at: DateTime) { fleet(at: $at) { totalCount } }", {"at": "2026-01-01T00:00:00"}, "BAD_USER_INPUT"),
    ("query($at: DateTime) { fleet(at: $at) { totalCount } }", {"at": "0001-01-01T00:00:00+14:00"}, "BAD_USER_INPUT"),
    ("query($at: DateTime) { fleet(at: $at) { __typename } }", {"at": "2026-01-01T00:00:00"}, "BAD_USER_INPUT"),
    ("query($n: Int!) { regions(first: $n) { totalCount } }", {"n": 2**31}, "BAD_USER_INPUT"),
    ("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["zz"] * 101}, "BAD_USER_INPUT"),
    ("{ regions { nodes { cities(first: 101) { totalCount } } } }", {}, "BAD_USER_INPUT"),
    ("{ programmes { nodes { cost { amount } } } }", {}, "INSUFFICIENT_SCOPE"),
    ("{ regions { colour } }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("{ regions { ", {}, "GRAPHQL_PARSE_FAILED"),
    ("query A { regions { totalCount } } query B { regions { totalCount } }", {}, "OPERATION_NOT_FOUND"),
)


@pytest.mark.parametrize(("source", "variables", "code"), REFUSED)
async def test_what_is_refused_is_refused_before_sql(
    engine: Engine, source: str, variables: dict[str, Any], code: str
) -> None:
    answer = await ask(engine, source, **variables)
    assert (answer.refused, answer.code) == (True, code)
    assert "data" not in orjson.loads(answer.body)
    assert idle(engine) == [], "a connection was opened"


async def test_statements_used_longest_ago_are_deallocated(database: Database) -> None:
    pool = ReadPool(database, 1, 5)
    try:
        for at in range(STATEMENTS_PER_CONNECTION_MAX + 5):
            await pool.fetch(f"q{at}", f"select {at}::text::json", [])
            await pool.fetch("q0", "select 0::text::json", [])
        (connection,) = pool._idle
        rows = await connection.raw.fetch("select name from pg_prepared_statements where name ~ '^q[0-9]+$'")
        names = {row["name"] for row in rows}
        assert len(names) == STATEMENTS_PER_CONNECTION_MAX
        assert names == set(connection.statements)
        assert "q0" in names, "it was used all the time"
        assert names.isdisjoint({"q1", "q2", "q3", "q4", "q5"})
        assert await pool.fetch("q1", "select 1::text::json", []) == b"1"
    finally:
        await pool.close()


async def test_a_statement_that_was_just_deallocated_is_prepared_again(database: Database) -> None:
    pool = ReadPool(database, 1, 5)
    try:
        for at in range(STATEMENTS_PER_CONNECTION_MAX + 1):
            await pool.fetch(f"q{at}", f"select {at}::text::json", [])
        for _ in range(3):
            assert await pool.fetch("q0", "select 0::text::json", []) == b"0"
        for at in range(STATEMENTS_PER_CONNECTION_MAX + 1):
            assert await pool.fetch(f"q{at}", f"select {at}::text::json", []) == str(at).encode()
    finally:
        await pool.close()


async def test_the_connection_used_last_is_used_next(engine: Engine) -> None:
    await asyncio.gather(ask(engine, REGIONS), ask(engine, REGIONS))
    first, last = idle(engine)
    await ask(engine, REGIONS)
    assert idle(engine) == [first, last]


async def test_the_viewer_ends_with_the_statement(engine: Engine) -> None:
    await ask(engine, REGIONS)
    connection = idle(engine)[0].raw
    for name in ("q.audience", "q.clearance", "q.compartments"):
        assert not await connection.fetchval("select current_setting($1, true)", name)
    assert await connection.fetchval("select count(*) from region") == 0


@asynccontextmanager
async def regions_locked(database: Database) -> AsyncIterator[None]:
    """Whoever reads regions waits within the block."""
    owner = await connect(database.addresses.owner)
    try:
        async with owner.transaction():
            await owner.execute("lock table region in access exclusive mode")
            yield
    finally:
        await owner.close()


async def backends(database: Database) -> set[int]:
    """The processes of the server that serve the application's reads of regions now."""
    owner = await connect(database.addresses.superuser or database.addresses.owner)
    try:
        found = await owner.fetch(
            "select pid from pg_stat_activity where datname = current_database() and query like '%FROM region%' "
            "and state = 'active' and pid <> pg_backend_pid()"
        )
        return {row["pid"] for row in found}
    finally:
        await owner.close()


async def test_a_cancelled_statement_takes_its_connection_with_it(database: Database, engine: Engine) -> None:
    await ask(engine, REGIONS)
    (before,) = idle(engine)
    async with regions_locked(database):
        waiting = asyncio.create_task(ask(engine, REGIONS))
        await until(lambda: backends(database))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert before.raw.is_closed()
        assert idle(engine) == []
    assert not (await ask(engine, REGIONS)).refused
    (after,) = idle(engine)
    assert after is not before


async def until(ask_it: Any) -> None:
    """Wait for something to be there, at most five seconds."""
    for _ in range(100):
        if await ask_it():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


async def test_a_failed_statement_takes_its_connection_with_it(engine: Engine) -> None:
    await ask(engine, REGIONS)
    (before,) = idle(engine)
    # The statement is gone behind the driver's back, as after a fail-over behind a proxy.
    await before.raw.execute("deallocate all")
    with structlog.testing.capture_logs() as logs:
        assert (await ask(engine, REGIONS)).code == "INTERNAL"
    assert [each["event"] for each in logs] == ["operation failed"]
    assert before.raw.is_closed()
    assert not (await ask(engine, REGIONS)).refused


async def test_a_connection_that_the_server_closed_is_replaced(database: Database, engine: Engine) -> None:
    await ask(engine, REGIONS)
    (before,) = idle(engine)
    superuser = await connect(database.addresses.superuser or database.addresses.owner)
    try:
        await superuser.execute(f"select pg_terminate_backend({before.raw.get_server_pid()})")
    finally:
        await superuser.close()
    await until(lambda: asyncio.sleep(0, before.raw.is_closed()))
    assert not (await ask(engine, REGIONS)).refused
    assert idle(engine)[0] is not before


async def test_who_waits_too_long_for_a_connection_is_refused(database: Database) -> None:
    async with running(database, size=1, wait_seconds=0.05) as engine:
        async with regions_locked(database):
            waiting = asyncio.create_task(ask(engine, REGIONS))
            await until(lambda: backends(database))
            assert (await ask(engine, "{ viewer { name } }")).code == "OVERLOADED"
        assert not (await waiting).refused
        assert not (await ask(engine, "{ viewer { name } }")).refused, "the place is free again"


async def test_no_place_is_lost_whoever_gives_up(database: Database) -> None:
    random = Random(7)  # noqa: S311 - the same moments in each run
    async with running(database, size=3) as engine:

        async def impatient(seconds: float) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await ask(engine, REGIONS)

        for _ in range(20):
            await asyncio.gather(*(impatient(random.choice((0, 0.0005, 0.002, 0.005, 5))) for _ in range(30)))
            assert len(idle(engine)) + engine.pool._more == 3
            assert not [each for each in idle(engine) if each.raw.is_closed()]
        answers = await asyncio.gather(*(ask(engine, REGIONS) for _ in range(30)))
        assert not any(answer.refused for answer in answers)


async def test_a_statement_that_takes_too_long_is_a_timeout(engine: Engine, database: Database) -> None:
    await ask(engine, REGIONS)
    await idle(engine)[0].raw.execute("set statement_timeout = 50")
    async with regions_locked(database):
        assert (await ask(engine, REGIONS)).code == "TIMEOUT"
    assert idle(engine) == []


async def test_a_statement_that_was_not_prepared_is_not_remembered(database: Database) -> None:
    connection = ReadConnection(await database.connect_raw())
    try:
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await connection.prepare("q1", "selekt")
        assert connection.statements == {}
    finally:
        await connection.raw.close()
