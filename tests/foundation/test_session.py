"""Transactions: row settings end with them, success commits, an exception rolls back."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.database import Database
from foundation.refusals import Refusal
from foundation.session import set_statement, transaction
from segments.viewer import Viewer

SYSTEM = Viewer.system().row_settings()


async def insert(database: Database, code: str, then_raise: Exception | None = None) -> None:
    async with transaction(database, SYSTEM) as session:
        statement = text("insert into region (id, code, name) values (:id, :code, 'x')")
        await session.execute(statement, {"id": uuid.uuid4(), "code": code})
        if then_raise is not None:
            raise then_raise


async def regions(database: Database) -> int:
    async with transaction(database, SYSTEM) as session:
        return (await session.execute(text("select count(*) from region"))).scalar_one()


async def test_settings_are_seen_inside_and_gone_afterwards(own_database: Database) -> None:
    async with transaction(own_database, {"q.audience": "staff", "q.customer": 'it\'s \\ "quoted"'}) as session:
        row = (await session.execute(text("select current_setting('q.audience'), current_setting('q.customer')"))).one()
        assert tuple(row) == ("staff", 'it\'s \\ "quoted"')
    async with transaction(own_database, {}) as session:
        assert (await session.execute(text("select current_setting('q.audience', true)"))).scalar_one() in {None, ""}


async def test_without_settings_guarded_tables_are_empty_and_closed(own_database: Database) -> None:
    await insert(own_database, "guarded")
    async with transaction(own_database, {}) as session:
        assert (await session.execute(text("select count(*) from region"))).scalar_one() == 0
    assert await regions(own_database) > 0


async def test_success_commits_and_an_exception_rolls_back(own_database: Database) -> None:
    before = await regions(own_database)
    with pytest.raises(Refusal):
        await insert(own_database, "refused", then_raise=Refusal("NO"))
    assert await regions(own_database) == before
    await insert(own_database, "kept")
    assert await regions(own_database) == before + 1


async def test_a_connection_returned_after_a_failure_carries_nothing_over(own_database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction(own_database, SYSTEM):
            raise ZeroDivisionError
    for _ in range(own_database.engine.pool.size() + 1):  # type: ignore[attr-defined]
        async with transaction(own_database, {}) as session:
            assert (await session.execute(text("select count(*) from region"))).scalar_one() == 0


async def test_raw_connections_return_json_as_bytes_and_know_their_settings(database: Database) -> None:
    connection = await database.connect_raw()
    try:
        assert await connection.fetchval("select json_build_object('名', 1)") == '{"名" : 1}'.encode()
        for name, value in (("jit", "off"), ("plan_cache_mode", "force_generic_plan"), ("timezone", "UTC")):
            assert await connection.fetchval(f"show {name}") == value
        assert await connection.fetchval("show statement_timeout") == "10s"
    finally:
        await connection.close()


async def test_a_message_of_the_engine_hides_parameters(own_database: Database) -> None:
    await insert(own_database, "twice")
    with pytest.raises(IntegrityError, match="hidden due to hide_parameters"):
        await insert(own_database, "twice")


@pytest.mark.parametrize("name", ["search_path", "q.", "q.audience; drop table x", "Q.AUDIENCE", "q.audience\n"])
def test_only_row_settings_are_set(name: str) -> None:
    with pytest.raises(ValueError, match="not a row setting"):
        set_statement({name: "x"})
