"""What must exist before the first migration: the roles, the database, and the rights of the application role.

On the embedded server we are superuser and make everything. On a given server the owner of the URL makes the role when it
may; otherwise an administrator has, and we only check.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import URL

from foundation import embedded
from foundation.database import APPLICATION_ROLE, OWNER_ROLE, addresses, connect
from foundation.settings import Settings

if TYPE_CHECKING:
    from foundation.database import RawConnection

# Neither reveals its arguments by an error or a message, but PostgreSQL does not say so of them; row security then keeps
# them from being used in an index, because a policy must be judged first (docs/adr/0001-database.md has the times).
LEAKPROOF_FUNCTIONS = (
    "ts_match_vq(tsvector, tsquery)",
    "arraycontains(anyarray, anyarray)",
    "arraycontained(anyarray, anyarray)",
    "arrayoverlap(anyarray, anyarray)",
)
POWERLESS = "nosuperuser nobypassrls nocreatedb nocreaterole noreplication"
# Any number will do; it must differ from those of other programs on the server.
PROVISION_LOCK = 0x71756164


class ProvisionError(RuntimeError):
    """The server lacks something that only its administrator can give."""


async def provision(settings: Settings) -> None:
    """Make roles, database and rights where they are missing; doing it again changes nothing."""
    if settings.database_url is not None:
        await _provision_given(settings)
        return
    server = await asyncio.to_thread(embedded.start, settings.data_directory, durable=settings.database_durable)
    try:
        superuser = addresses(settings, server).superuser
        assert superuser is not None, "the embedded server always has one"
        await make_roles(superuser.set(database="postgres"))
        await make_database(superuser, settings.database_name)
    finally:
        await asyncio.to_thread(embedded.release, server)


async def make_roles(superuser: URL) -> None:
    """The owner that migrates and the application role that owns nothing; neither passes row security."""
    connection = await connect(superuser)
    try:
        await connection.execute("select pg_advisory_lock($1)", PROVISION_LOCK)
        for role in (OWNER_ROLE, APPLICATION_ROLE):
            if not await connection.fetchval("select 1 from pg_roles where rolname = $1", role):
                await connection.execute(f"create role {role} login")
            await connection.execute(f"alter role {role} {POWERLESS}")
    finally:
        await connection.close()


async def make_database(superuser: URL, name: str, template: str = "template0") -> None:
    """A database of the owner's, with the rights of the application role; a copy of `template`."""
    server = await connect(superuser.set(database="postgres"))
    try:
        await server.execute("select pg_advisory_lock($1)", PROVISION_LOCK)
        if await server.fetchval("select 1 from pg_database where datname = $1", name):
            return
        await server.execute(f'create database "{name}" owner {OWNER_ROLE} template "{template}"')
        await server.execute(f'revoke all on database "{name}" from public')
        await server.execute(f'grant connect on database "{name}" to {APPLICATION_ROLE}')
    finally:
        await server.close()
    database = await connect(superuser.set(database=name))
    try:
        await _declare_leakproof(database)
    finally:
        await database.close()


async def drop_database(superuser: URL, name: str) -> None:
    """Remove a database with all it holds, whoever is connected; for tests and a fresh demonstration."""
    server = await connect(superuser.set(database="postgres"))
    try:
        await server.execute(f'drop database if exists "{name}" with (force)')
    finally:
        await server.close()


async def _provision_given(settings: Settings) -> None:
    places = addresses(settings, None)
    owner = await connect(places.owner)
    try:
        await owner.execute("select pg_advisory_lock($1)", PROVISION_LOCK)
        me = await owner.fetchrow("select rolsuper, rolcreaterole from pg_roles where rolname = current_user")
        assert me is not None, "whoever is connected has a role"
        await _ensure_application_role(owner, places.application, may_create=me["rolsuper"] or me["rolcreaterole"])
        await owner.execute(f"grant usage on schema public to {APPLICATION_ROLE}")
        if me["rolsuper"]:
            await _declare_leakproof(owner)
    finally:
        await owner.close()


async def _ensure_application_role(owner: RawConnection, application: URL, *, may_create: bool) -> None:
    row = await owner.fetchrow("select rolsuper, rolbypassrls from pg_roles where rolname = $1", APPLICATION_ROLE)
    if row is not None and (row["rolsuper"] or row["rolbypassrls"]):
        raise ProvisionError(
            f"{APPLICATION_ROLE} must be neither superuser nor BYPASSRLS: row security would not bind it"
        )
    if row is None:
        if not may_create:
            raise ProvisionError(
                f"the role {APPLICATION_ROLE} does not exist and the owner of the URL may not make it; "
                f"as an administrator: create role {APPLICATION_ROLE} login {POWERLESS} password '…'"
            )
        await owner.execute(f"create role {APPLICATION_ROLE} login {POWERLESS}")
        if application.password:
            # A utility statement takes no parameters; PostgreSQL itself does the quoting.
            text = await owner.fetchval(
                "select format('alter role %I password %L', $1::text, $2::text)", APPLICATION_ROLE, application.password
            )
            await owner.execute(text)


async def _declare_leakproof(database: RawConnection) -> None:
    for function in LEAKPROOF_FUNCTIONS:
        await database.execute(f"alter function pg_catalog.{function} leakproof")
