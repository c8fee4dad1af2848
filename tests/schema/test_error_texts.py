"""Errors of the database reach clients as a reference and nothing else: no table, column, constraint, role, statement or value."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from domain.tables import METADATA
from foundation.database import APPLICATION_ROLE, OWNER_ROLE, Database, connect
from foundation.settings import Settings
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import STAFF
from tests.rows import NOW
from tests.schema.worlds import Worlds, copied, worlds

READ = "{ products(first: 5) { nodes { brand name category { name } variants { sku } } } }"
INTROSPECTING = "{ __typename products(first: 5) { nodes { brand } } __schema { queryType { name } } }"
LOG = """mutation($customer: ID!) { logInteraction(input: {
    customer: $customer, kind: VISIT, at: "2026-11-24T07:00:00Z", subject: "geheim", summary: "geheim"
}) { interaction { id } errors { code message } } }"""

TAKEN_KEY = """
    update interaction set subject = 'geheim' where id = (select id from interaction limit 1);
    create unique index secret_key on interaction (subject) where subject = 'geheim'
"""
TRIGGER = """
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'secret reason'; end $$;
    create trigger secret_trigger before insert on interaction for each row execute function refuse()
"""
# Ways to make a statement fail, and which operation then does.
BROKEN = {
    "a column is gone": ("alter table product rename column brand to brand_gone", READ),
    "a column is gone, and graphql-core executes": ("alter table product rename column brand to brand_gone", INTROSPECTING),
    "a table may not be read": ("revoke select on product from quadrant_app", READ),
    "a function fails on a value": ("alter policy reads on product using (1 / (position - position) = 1)", READ),
    "a check refuses": ("alter table interaction add constraint secret_rule check (subject <> 'geheim') not valid", LOG),
    "a key is there already": (TAKEN_KEY, LOG),
    "a column to write is gone": ("alter table interaction drop column created_at", LOG),
    "a column may not be empty": ("alter table interaction add column secret text not null default 'x'; alter table interaction alter column secret drop default", LOG),
    "a text is too long": ("alter table interaction alter column summary type varchar(3) using 'x'", LOG),
    "a table may not be written": ("revoke insert on interaction from quadrant_app", LOG),
    "a policy refuses": ("drop policy inserts on interaction", LOG),
    "a trigger raises": (TRIGGER, LOG),
    "the outbox is gone": ("drop table outbox_event", LOG),
}  # fmt: skip

# What no client may read. Words of our messages that are also names of tables are not among them.
NAMES = {name for table in METADATA.tables.values() for name in (table.name, *table.c.keys()) if "_" in name}
NAMES |= {str(each.name) for table in METADATA.tables.values() for each in (*table.constraints, *table.indexes)}
TELLING = re.compile(
    r"\b("
    + "|".join(sorted(map(re.escape, NAMES)))
    + rf"|{APPLICATION_ROLE}|{OWNER_ROLE}|secret\w*|geheim|brand_gone|select|insert|update|delete|policy|relation|constraint"
    r"|violates|column|permission|denied|division|trigger|null value|asyncpg|sqlalchemy|postgres\w*|traceback|exception"
    r"|\w+\.py|\w*Error)\b",
    re.IGNORECASE,
)


END_WAITING = """
    select bool_or(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
"""


@pytest.fixture(scope="module")
async def both(own_database: Database, settings: Settings) -> AsyncIterator[Worlds]:
    async with worlds(own_database, settings, ("staff",)) as made:
        yield made


def told(answer: Answer) -> str:
    """All that an answer's errors say, without the keys of the response, which the client chose."""
    errors = orjson.loads(answer.body)["errors"]
    return orjson.dumps(
        [{key: each[key] for key in each if key not in {"path", "locations"}} for each in errors]
    ).decode()


@asynccontextmanager
async def broken(both: Worlds, settings: Settings, statement: str) -> AsyncGenerator[Database]:
    """A copy of the world in which something has been broken."""
    await both.full.engine.dispose()
    template = str(both.full.addresses.owner.database)
    async with copied(both.full, settings, template, f"{template}_broken") as database:
        assert database.addresses.superuser is not None
        superuser = await connect(database.addresses.superuser)
        try:
            await superuser.execute(statement)
        finally:
            await superuser.close()
        yield database


async def asked(database: Database, both: Worlds, settings: Settings, source: str, **more: Any) -> Answer:
    """The answer of an engine of its own to somebody of the staff."""
    limits = DocumentLimits.of(settings)
    engine = Engine(compiled_views((STAFF,)), database, limits, clock=lambda: NOW, **more)
    variables = {"customer": both.world.of("customer")[0].global_id} if "$customer" in source else {}
    try:
        # Captured, because a traceback drawn for people takes seconds.
        with capture_logs():
            return await engine.execute(both.viewers["staff"], Operation(source, variables))
    finally:
        await engine.close()


@pytest.mark.parametrize("source", [READ, INTROSPECTING, LOG])
async def test_the_operations_work_when_nothing_is_broken(both: Worlds, settings: Settings, source: str) -> None:
    async with broken(both, settings, "select 1") as database:
        answer = await asked(database, both, settings, source)
    assert not orjson.loads(answer.body).get("errors")


@pytest.mark.parametrize("how", BROKEN)
async def test_an_error_of_the_database_is_a_reference(both: Worlds, settings: Settings, how: str) -> None:
    statement, source = BROKEN[how]
    async with broken(both, settings, statement) as database:
        answer = await asked(database, both, settings, source)
    text = told(answer)
    assert not TELLING.search(text), text
    assert [each["extensions"]["code"] for each in orjson.loads(text)] == ["INTERNAL"]
    assert all("reference" in each["extensions"] for each in orjson.loads(text))


@pytest.mark.parametrize("source", [READ, INTROSPECTING, LOG])
async def test_a_statement_that_takes_too_long_says_only_that(both: Worlds, settings: Settings, source: str) -> None:
    slow = settings.model_copy(update={"statement_seconds": 0.3})
    async with broken(both, slow, "select 1") as database:
        assert database.addresses.superuser is not None
        superuser = await connect(database.addresses.superuser)
        try:
            await superuser.execute("begin; lock table product, interaction in access exclusive mode")
            answer = await asked(database, both, slow, source)
        finally:
            await superuser.close()
    text = told(answer)
    assert not TELLING.search(text), text
    assert {each["extensions"]["code"] for each in orjson.loads(text)} <= {"TIMEOUT", "INTERNAL"}


async def test_a_lost_connection_says_nothing(both: Worlds, settings: Settings) -> None:
    async with broken(both, settings, "select 1") as database:
        assert database.addresses.superuser is not None
        locking = await connect(database.addresses.superuser)
        ending = await connect(database.addresses.superuser)
        try:
            await locking.execute("begin; lock table product in access exclusive mode")
            asking = asyncio.ensure_future(asked(database, both, settings, READ))
            async with asyncio.timeout(20):
                while not await ending.fetchval(END_WAITING):  # noqa: ASYNC110 - the server tells nobody who waits.
                    await asyncio.sleep(0.02)
                answer = await asking
        finally:
            await locking.close()
            await ending.close()
    assert not TELLING.search(told(answer)), told(answer)


def test_the_words_of_these_tests_would_tell() -> None:
    for text in (
        'relation "product" does not exist',
        'duplicate key value violates unique constraint "uq_team_member_manager"',
        "permission denied for table customer",
        "new row violates row-level security policy",
        "(sqlalchemy.exc.DBAPIError) asyncpg.exceptions.CheckViolationError",
        "quadrant_app",
    ):
        assert TELLING.search(text), text
