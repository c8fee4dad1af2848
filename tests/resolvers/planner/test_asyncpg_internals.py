"""What asyncpg keeps to itself is still where we take it from, and says what its public calls say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from foundation.database import Database
from resolvers.planner.asyncpg_internals import protocol_calls, state_of

STATEMENT = "select json_build_object('n', $1::bigint, 't', $2::text)"


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Any]:
    raw = await database.connect_raw()
    yield raw
    await raw.close()


async def test_a_statement_answers_as_by_the_public_call(connection: Any) -> None:
    _, bind_execute = protocol_calls(connection)
    statement = await connection.prepare(STATEMENT, name="q_internals")
    for number in (1, 2**62, None):
        arguments = [number, "四方"]
        rows, _, _ = await bind_execute(state_of(statement), arguments, "", 1, True, None)
        assert len(rows) == 1
        assert rows[0][0] == await statement.fetchval(*arguments)


async def test_faults_are_those_of_the_public_call(connection: Any) -> None:
    _, bind_execute = protocol_calls(connection)
    statement = await connection.prepare("select 1 / $1::int", name="q_internals")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await bind_execute(state_of(statement), [0], "", 1, True, None)
    with pytest.raises(asyncpg.DataError):
        await bind_execute(state_of(statement), ["many"], "", 1, True, None)
    rows, _, _ = await bind_execute(state_of(statement), [1], "", 1, True, None)
    assert rows[0][0] == 1, "the connection goes on"


async def test_a_connection_says_that_it_is_gone(connection: Any) -> None:
    is_connected, _ = protocol_calls(connection)
    assert is_connected()
    connection.terminate()
    assert not is_connected()
