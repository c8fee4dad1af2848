"""Roles and rights on the embedded server and on one that is given by its URL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import URL

from foundation import embedded
from foundation.database import addresses, connect, open_database
from foundation.migrations import check_from_zero, upgrade
from foundation.provision import LEAKPROOF_FUNCTIONS, POWERLESS, ProvisionError, drop_database, make_database, provision
from foundation.session import transaction
from foundation.settings import Settings


@pytest.fixture(scope="module")
async def superuser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[URL]:
    """A server of its own, because roles belong to the whole server."""
    settings = Settings(data_directory=tmp_path_factory.mktemp("provision"), database_durable=False)
    server = embedded.start(settings.data_directory, durable=False)
    url = addresses(settings, server).superuser
    assert url is not None
    yield url.set(database="postgres")
    embedded.release(server)


async def execute(url: URL, *statements: str) -> None:
    connection = await connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def given(superuser: URL, powers: str) -> Settings:
    """A server as its owner's URL gives it: a database, a role with some powers, and no role of ours."""
    await drop_database(superuser, "given")
    await execute(
        superuser,
        "drop role if exists quadrant_app",
        "drop role if exists given",
        f"create role given login {powers}",
        "create database given owner given",
    )
    url = superuser.set(username="given", database="given").render_as_string(hide_password=False)
    return Settings(database_url=url, database_app_password="it's \\ secret")


async def test_an_owner_that_may_make_roles_makes_ours(superuser: URL) -> None:
    settings = await given(superuser, "createrole")
    await provision(settings)
    await provision(settings)
    await upgrade(settings)
    database = open_database(settings)
    try:
        async with transaction(database, {"q.audience": "system"}) as session:
            await session.connection()
        connection = await connect(superuser)
        role = await connection.fetchrow("select * from pg_authid where rolname = 'quadrant_app'")
        await connection.close()
        assert role is not None
        powers = ("rolsuper", "rolbypassrls", "rolcreatedb", "rolcreaterole", "rolreplication")
        assert [power for power in powers if role[power]] == []
        assert role["rolpassword"].startswith("SCRAM-SHA-256$")
    finally:
        await database.close()


async def test_an_owner_that_may_not_says_what_an_administrator_must_do(superuser: URL) -> None:
    settings = await given(superuser, "")
    with pytest.raises(ProvisionError, match="create role quadrant_app login nosuperuser"):
        await provision(settings)
    await execute(superuser, f"create role quadrant_app login {POWERLESS}")
    await provision(settings)


async def test_a_role_that_passes_row_security_is_refused(superuser: URL) -> None:
    settings = await given(superuser, "createrole")
    await execute(superuser, "create role quadrant_app login bypassrls")
    with pytest.raises(ProvisionError, match="row security would not bind it"):
        await provision(settings)


async def test_a_given_superuser_declares_functions_leakproof(superuser: URL) -> None:
    settings = await given(superuser, "superuser")
    await provision(settings)
    assert await leakproof(superuser.set(database="given")) == len(LEAKPROOF_FUNCTIONS)


async def test_the_embedded_server_has_both_roles_and_leakproof_functions(settings: Settings) -> None:
    fresh = settings.model_copy(update={"database_name": f"{settings.database_name}_fresh"})
    server = embedded.start(fresh.data_directory, durable=False)
    url = addresses(fresh, server).superuser
    assert url is not None
    try:
        await provision(fresh)
        await make_database(url, fresh.database_name)  # It exists; nothing happens.
        assert await leakproof(url) == len(LEAKPROOF_FUNCTIONS)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(url.set(username="quadrant_owner"), "create role stray")
    finally:
        await drop_database(url, fresh.database_name)
        embedded.release(server)


async def test_migrations_lead_from_zero_to_the_declared_tables(settings: Settings) -> None:
    await check_from_zero(settings)


def test_the_owner_password_is_not_lent_to_the_application() -> None:
    settings = Settings(database_url="postgresql+asyncpg://owner:opensesame@db.example:6543/q?sslmode=require")
    places = addresses(settings, None)
    assert places.owner.render_as_string(hide_password=False).startswith("postgresql://owner:opensesame@")
    shown = places.application.render_as_string(hide_password=False)
    assert shown == "postgresql://quadrant_app@db.example:6543/q?sslmode=require"
    assert places.superuser is None
    with pytest.raises(ValueError, match="QUADRANT_DATABASE_URL"):
        addresses(Settings(), None)


async def leakproof(url: URL) -> int:
    connection = await connect(url)
    try:
        names = [function.partition("(")[0] for function in LEAKPROOF_FUNCTIONS]
        return await connection.fetchval("select count(*) from pg_proc where proleakproof and proname = any($1)", names)
    finally:
        await connection.close()
