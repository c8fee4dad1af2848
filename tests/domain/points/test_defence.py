"""Nobody writes the ledger but its functions: not the application's role, and not even its owner against the constraints."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import sqlalchemy as sa

from domain.tables import METADATA
from foundation.database import Database, connect
from segments.viewer import Viewer
from tests.domain.points.ledgers import Ledger, ledger_of_owner

EARNED = ("order_earning", "qualifying_entry", "tier_membership", "tier_standing", "earn_budget", "earn_month")
TABLES = sorted(name for name in METADATA.tables if name.startswith("points_") or name in EARNED)
PARTITION = "points_transfer_rest"
# What the application adds itself, and then changes no more: of which lots their members were told. No points are in it.
ADDED_TO = ("points_lot_told",)
ATTEMPTS = {
    "insert": "insert into {table} default values",
    "update": "update {table} set {column} = {column}",
    "delete": "delete from {table}",
    "truncate": "truncate {table}",
    "disable trigger": "alter table {table} disable trigger all",
    "disable row security": "alter table {table} disable row level security",
    "drop": "drop table {table}",
    "lock": "lock table {table} in exclusive mode",
    "trigger": "create trigger mine before insert on {table} for each row execute function points_append_only()",
}
APPEND_ONLY = (
    "points_transfer",
    PARTITION,
    "points_lot_use",
    "points_request",
    "points_adjustment",
    "points_snapshot",
    "points_worth",
    *EARNED[:3],
)


@pytest.fixture(scope="module")
async def application(database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await connect(database.addresses.application)
    for name, value in Viewer.system().row_settings().items():
        await connection.execute("select set_config($1, $2, false)", name, value)
    yield connection
    await connection.close()


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    async with ledger_of_owner(database.addresses) as opened:
        yield opened


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_the_application_changes_no_table(application: asyncpg.Connection[asyncpg.Record], attempt: str) -> None:
    assert set(ADDED_TO) <= set(TABLES)
    for table in (*TABLES, PARTITION):
        if attempt == "insert" and table in ADDED_TO:
            continue
        columns: sa.Table | None = METADATA.tables.get(table)
        column = "amount" if columns is None else next(iter(columns.c)).name
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with application.transaction():
                await application.execute(ATTEMPTS[attempt].format(table=table, column=column))


@pytest.mark.parametrize(
    "statement",
    [
        "select points_post(null, now(), null, 'EARN', 'ISSUED', 'PENDING', 1)",
        "select points_take(null, null, 1)",
        "select points_settle('{}', now())",
        "select points_give_back(null, null, null, 1, now())",
        "create or replace function points_now() returns timestamptz language sql as 'select now()'",
        "alter function points_now() rename to points_then",
        "set role quadrant_owner",
        "set session authorization quadrant_owner",
        "set session_replication_role = replica",
    ],
)
async def test_the_application_does_nothing_that_its_functions_do_not(
    application: asyncpg.Connection[asyncpg.Record], statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(statement)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("attempt", ["update", "delete", "truncate"])
async def test_what_happened_is_not_changed_by_its_owner(ledger: Ledger, table: str, attempt: str) -> None:
    column = "amount" if table == "points_lot_use" else "id"
    with pytest.raises(asyncpg.PostgresError) as error:
        await ledger.connection.execute(ATTEMPTS[attempt].format(table=table, column=column))
    assert error.value.sqlstate == "QP000"


@pytest.mark.parametrize(
    "change",
    [
        "update points_account set available = available - 101",
        "update points_account set debt = -1",
        "update points_lot set remaining = 101",
        "update points_lot set remaining = -1",
        "update points_lot set open = false",
        "update points_lot set expired = 1",
        "update points_lot set clawed = 101",
        """insert into points_transfer select (jsonb_populate_record(t, '{"amount": 0}')).* from points_transfer as t""",
        """insert into points_transfer select (jsonb_populate_record(t, '{"debit": "HELD"}')).* from points_transfer as t""",
        """insert into points_transfer select (jsonb_populate_record(t, '{"credit": "ISSUED"}')).* from points_transfer as t""",
        """insert into points_transfer select (jsonb_populate_record(t, '{"effective_at": "2999-01-01"}')).*
            from points_transfer as t""",
        "insert into points_lot_use select id, id, id, 0 from points_transfer",
    ],
)
async def test_the_owner_too_is_bound_by_constraints(ledger: Ledger, change: str) -> None:
    await ledger.open()
    member = await ledger.member()
    await ledger.call("earn", member, 100)
    await ledger.settle()
    with pytest.raises(asyncpg.CheckViolationError):
        await ledger.connection.execute(change)


async def test_a_movement_is_refused_to_who_may_not_make_it(
    application: asyncpg.Connection[asyncpg.Record],
) -> None:
    """Row policies do not bind the functions, so they ask themselves; without a viewer nothing moves."""
    async with application.transaction():
        await application.execute("select set_config('q.audience', '', true)")
        for call in ("points_settle_due()", "points_open_pool(null, null)", "points_adjust(null)"):
            with pytest.raises(asyncpg.PostgresError) as error:
                async with application.transaction():
                    await application.execute(f"select {call}")
            assert error.value.sqlstate == "QP003"
