"""What the migrations have put in force: row security on every table, exactly as declared, and the application's few rights."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.tables import METADATA
from foundation.database import APPLICATION_ROLE, Database
from foundation.jobs import queries_over
from foundation.migrations import owner_connection
from foundation.settings import Settings
from segments.policies import policy_statements
from tests.rows import ROWS

# Alembic's own table holds no data of customers; the application reads its revision to say that it is ready.
OUR_TABLES = """
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p', 'f', 'v', 'm') and not c.relispartition
"""


@pytest.fixture
async def owner(database: Database, settings: Settings) -> AsyncIterator[AsyncConnection]:
    """The owner's connection; what a test does is rolled back."""
    async with owner_connection(settings) as connection:
        yield connection
        await connection.rollback()


async def rows(connection: AsyncConnection, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.execute(sa.text(statement), values)]


async def test_every_table_is_ours_and_forces_row_security(owner: AsyncConnection) -> None:
    found = await rows(
        owner, f"select c.relname, c.relkind::text, c.relrowsecurity, c.relforcerowsecurity {OUR_TABLES}"
    )
    expected = {(name, kind_of(table), True, True) for name, table in METADATA.tables.items()}
    assert set(found) == expected | {("alembic_version", "r", False, False)}


def kind_of(table: sa.Table) -> str:
    return "p" if table.dialect_options["postgresql"]["partition_by"] else "r"


async def test_a_partition_is_entered_through_its_parent_alone(owner: AsyncConnection) -> None:
    """Row security without a policy lets nobody in, and the application has no right to try."""
    found = await rows(
        owner,
        """select c.relname, c.relrowsecurity, c.relforcerowsecurity,
            exists (select 1 from pg_policy as p where p.polrelid = c.oid),
            has_table_privilege(:role, c.oid, 'select, insert, update, delete, truncate')
        from pg_class as c where c.relispartition and c.relkind = 'r'""",
        role=APPLICATION_ROLE,
    )
    assert {tuple(facts) for _, *facts in found} == {(True, True, False, False)}
    assert "points_transfer_rest" in {name for name, *_ in found}


async def test_the_queue_of_jobs_is_the_system_s_alone(owner: AsyncConnection) -> None:
    """PgQueuer's tables stand in a schema of their own, as it makes them (docs/adr/0015-jobs.md)."""
    found = await rows(
        owner,
        """select c.relname, c.relrowsecurity, c.relforcerowsecurity,
            (select array_agg(pg_get_expr(p.polqual, c.oid) || ' | ' || pg_get_expr(p.polwithcheck, c.oid))
                from pg_policy as p where p.polrelid = c.oid and p.polcmd = '*' and p.polpermissive),
            has_table_privilege(:role, c.oid, 'truncate')
        from pg_class as c where c.relnamespace = 'jobs'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')""",
        role=APPLICATION_ROLE,
    )
    system = "(( SELECT current_setting('q.audience'::text, true) AS current_setting) = 'system'::text)"
    assert {tuple(map(str, facts)) for _, *facts in found} == {("True", "True", str([f"{system} | {system}"]), "False")}
    tables = ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")
    assert sorted(name for name, *_ in found) == list(tables)


async def test_what_pgqueuer_finds_is_what_it_declares(owner: AsyncConnection) -> None:
    """A newer PgQueuer that wants other tables fails here, and its upgrade is a migration of ours."""
    connection = await owner.get_raw_connection()
    assert connection.driver_connection is not None
    plan = await queries_over(connection.driver_connection).plan_upgrade()
    assert (plan.statements, plan.notes) == ((), ())


async def test_every_table_has_policies_for_all_it_grants(owner: AsyncConnection) -> None:
    policies = await rows(
        owner, "select tablename, cmd, permissive, roles::text from pg_policies where schemaname = 'public'"
    )
    assert {(permissive, roles) for _, _, permissive, roles in policies} == {("PERMISSIVE", "{public}")}
    by_table = {name: sorted(cmd for table, cmd, _, _ in policies if table == name) for name in METADATA.tables}
    for name, commands in by_table.items():
        rule = ROWS[name]
        changes = {"INSERT", "SELECT"} if rule.append_only else {"DELETE", "INSERT", "SELECT", "UPDATE"}
        assert commands == sorted(changes | {"UPDATE"} if rule.regraded else changes), name
    assert len(policies) == sum(map(len, by_table.values())), "a policy stands on a table that is not declared"


# Each reads from the catalogue how PostgreSQL itself writes down what it understood. Partitions are left out: the
# database's own functions make them in time, and only their parent is declared; and so are the constraints that are triggers.
ASPECTS = {
    "policies": "select tablename, policyname, permissive, roles::text, cmd, qual, with_check from pg_policies where schemaname = :schema",
    "indexes": """
        select indexdef from pg_indexes
        where schemaname = :schema and tablename <> 'alembic_version' and tablename not in (select relname from pg_class where relispartition)
    """,
    "constraints": """
        select conrelid::regclass::text, conname, pg_get_constraintdef(c.oid) from pg_constraint as c
        join pg_namespace as n on n.oid = connamespace
        where nspname = :schema and contype <> 't' and conname not like 'alembic%' and conrelid::regclass::text not in (select relname from pg_class where relispartition)
    """,
    "columns": """
        select table_name, column_name, data_type, collation_name, is_nullable, column_default, is_identity, identity_generation
        from information_schema.columns where table_schema = :schema and table_name <> 'alembic_version' and table_name not in (select relname from pg_class where relispartition)
    """,
    "rights": """
        select table_name, privilege_type, is_grantable from information_schema.role_table_grants
        where table_schema = :schema and grantee = 'quadrant_app' and table_name <> 'alembic_version'
    """,
}


@pytest.mark.parametrize("aspect", ASPECTS)
async def test_what_is_deployed_is_what_is_declared(owner: AsyncConnection, aspect: str) -> None:
    deployed = await rows(owner, ASPECTS[aspect], schema="public")
    await owner.execute(sa.text("create schema declared"))
    await owner.execute(sa.text("set local search_path = declared"))
    await owner.run_sync(METADATA.create_all, checkfirst=False)
    for table in METADATA.sorted_tables:
        for statement in policy_statements(table, ROWS[table.name]):
            await owner.execute(sa.text(statement))
    declared = [
        tuple(
            re.sub(r" ON (ONLY )?declared\.", r" ON \1public.", value) if isinstance(value, str) else value
            for value in row
        )
        for row in await rows(owner, ASPECTS[aspect], schema="declared")
    ]
    # Compared as sets: a difference of long, similar texts takes pytest minutes to show.
    assert set(deployed) - set(declared) == set()
    assert set(declared) - set(deployed) == set()
    assert deployed


async def test_the_application_role_has_no_power(owner: AsyncConnection) -> None:
    [powers] = await rows(
        owner,
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = :role",
        role=APPLICATION_ROLE,
    )
    assert not any(powers)
    memberships = "select roleid::regrole::text from pg_auth_members where member = cast(:role as text)::regrole"
    assert await rows(owner, memberships, role=APPLICATION_ROLE) == []


async def test_the_application_role_owns_nothing(owner: AsyncConnection) -> None:
    owned = """
        select classid::regclass::text, objid from pg_shdepend
        where refclassid = 'pg_authid'::regclass and refobjid = cast(:role as text)::regrole and deptype = 'o'
    """
    assert await rows(owner, owned, role=APPLICATION_ROLE) == []


async def test_the_application_role_has_the_rights_on_rows_and_no_others(owner: AsyncConnection) -> None:
    for name in METADATA.tables:
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"):
            [(version,)] = await rows(owner, "select current_setting('server_version_num')::int")
            if right == "MAINTAIN" and version < 170000:
                continue
            [(granted,)] = await rows(
                owner,
                "select has_table_privilege(:role, cast(:name as text), :right)",
                role=APPLICATION_ROLE,
                name=f'public."{name}"',
                right=right,
            )
            assert granted == (right.lower() in ROWS[name].privileges()), f"{right} on {name}"
    writing = "select has_table_privilege(:role, 'alembic_version', 'insert, update, delete, truncate')"
    assert await rows(owner, writing, role=APPLICATION_ROLE) == [(False,)]


async def test_the_application_role_can_make_no_objects(owner: AsyncConnection) -> None:
    schemas = "select nspname from pg_namespace where has_schema_privilege(:role, oid, 'create')"
    assert await rows(owner, schemas, role=APPLICATION_ROLE) == []
    rights = "select has_database_privilege(:role, current_database(), 'create, temporary')"
    assert await rows(owner, rights, role=APPLICATION_ROLE) == [(False,)]


async def test_no_other_function_runs_with_its_owners_rights(owner: AsyncConnection) -> None:
    definers = """
        select p.proname from pg_proc as p join pg_namespace as n on n.oid = pronamespace
        where prosecdef and nspname not in ('pg_catalog', 'information_schema')
    """
    # docs/adr/0012-points-ledger.md: points move by these alone; each asks by itself whose points the viewer may move.
    movements = (
        "adjust capture claw_back colleague earn hold make_partitions open_pool propose_adjustment release restore send "
        "send_to set_programme set_spender settle_due spend take_snapshot told "
        # Earning by rules, which count, post and look at tiers.
        "claw_back_order count_earning earn_orders lock_order lock_orders open_budget review_tier review_tiers"
    )
    # docs/adr/0017-shop.md: customers' orders change by these alone; each asks by itself whose order it is.
    orders = "cancel capture deliver free pay place settle ship"
    expected = {
        *(f"order_{name}" for name in orders.split()),
        # docs/adr/0010-audit.md: the application appends to chains that it can neither read nor write.
        "audit_chain",
        # docs/adr/0009-oauth.md: whoever switches a program off ends grants that they do not see.
        "client_loses_rights",
        "customer_closes",
        "delegator_loses_rights",
        "person_loses_rights",
        *(f"points_{name}" for name in movements.split()),
        # docs/adr/0016-payments.md: customers wish to pay and to be given back; they write no payment.
        "payment_open",
        "payment_refund",
        "payment_retry_refund",
        "order_return_request",
        # docs/adr/0019-till.md: staff sell at a store what lies there, and write what was paid by these alone.
        *(f"till_{name}" for name in ("open", "pay_out", "place", "take")),
        # Members use what is theirs; who calls is asked by each (domain/vouchers/using.py).
        *(f"voucher_{name}" for name in ("cancel", "give_back", "issue", "quote", "take", "use")),
        *(f"reward_{name}" for name in ("cancel", "hand_over", "redeem")),
        # Guests take places of slots that they cannot write (domain/stores/booking.py).
        "appointment_takes_place",
    }
    assert {name for (name,) in await rows(owner, definers)} == expected


async def test_a_function_with_its_owners_rights_has_a_fixed_search_path(owner: AsyncConnection) -> None:
    paths = """
        select distinct setting from pg_proc as p join pg_namespace as n on n.oid = pronamespace
        left join lateral unnest(proconfig) as setting on starts_with(setting, 'search_path=')
        where prosecdef and nspname not in ('pg_catalog', 'information_schema')
    """
    assert await rows(owner, paths) == [("search_path=pg_catalog, public, pg_temp",)]


async def test_functions_with_their_owners_rights_keep_no_plan_that_reads_whole_tables(owner: AsyncConnection) -> None:
    """A migration that makes or replaces one writes `set enable_seqscan = off` beside its `set search_path` (0027 says why)."""
    without = """
        select p.proname from pg_proc as p join pg_namespace as n on n.oid = pronamespace
        where prosecdef and prorettype <> 'trigger'::regtype and nspname not in ('pg_catalog', 'information_schema')
            and not coalesce('enable_seqscan=off' = any(proconfig), false)
    """
    assert await rows(owner, without) == []


async def test_every_classified_row_is_watched(owner: AsyncConnection) -> None:
    """A degree that changes leaves its trace, whichever way the change came."""
    watched = """
        select tgrelid::regclass::text from pg_trigger as t join pg_proc as p on p.oid = tgfoid
        where proname = 'audit_change' and tgname = 'classification' and tgenabled = 'O'
    """
    found = {name.strip('"') for (name,) in await rows(owner, watched)}
    columns = {"classification", "compartments"}
    edited = {
        name
        for name, rule in ROWS.items()
        if (not rule.append_only or rule.regraded) and columns <= set(METADATA.tables[name].c.keys())
    }
    assert found == edited
    guarded = watched.replace("audit_change", "two_people").replace("'classification'", "'two_people'")
    assert {name.strip('"') for (name,) in await rows(owner, guarded)} == edited


async def test_of_history_only_the_degree_can_be_changed(owner: AsyncConnection) -> None:
    rights = """
        select c.relname, array_agg(a.attname order by a.attname) from pg_attribute as a
        join pg_class as c on c.oid = a.attrelid cross join aclexplode(a.attacl) as given
        where given.grantee = cast(:role as text)::regrole and given.privilege_type = 'UPDATE' group by c.relname
    """
    expected = {name: ["classification", "compartments"] for name, rule in ROWS.items() if rule.regraded}
    assert dict(await rows(owner, rights, role=APPLICATION_ROLE)) == expected


async def test_a_descending_index_orders_as_lists_do(owner: AsyncConnection) -> None:
    """A list that goes down orders `desc` where the column is never null, `desc nulls last` where it may be."""
    descending = """
        select i.indexrelid::regclass::text, a.attname from pg_index as i
        join lateral unnest(i.indkey::int2[], i.indoption::int2[]) as k (attnum, option) on true
        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
        join pg_class as c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace
        where k.option & 1 = 1 and (k.option & 2 = 2) <> a.attnotnull
    """
    assert await rows(owner, descending) == []
