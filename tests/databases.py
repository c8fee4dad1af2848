"""Databases for tests: a template migrated once, cloned in a quarter of a second, dropped after use."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL

from domain.audit.verifying import Verified, verify
from foundation import embedded, provision
from foundation.database import Database, addresses, connect, open_database
from foundation.migrations import ROOT, upgrade
from foundation.session import transaction
from foundation.settings import Settings
from segments.audiences import STAFF
from segments.classification import Classification
from segments.installation import ONLY
from segments.viewer import Viewer

# What decides how a migrated database looks; the template is named after its content.
SOURCES = (
    "migrations/**/*.py",
    "migrations/**/*.sql",
    "foundation/migrations.py",
    "foundation/provision.py",
    "tests/databases.py",
)


AUDITOR = Viewer(STAFF, roles=frozenset({"audit_administrator"}))


@asynccontextmanager
async def cloned(settings: Settings) -> AsyncGenerator[Database]:
    """A new migrated database of the settings' name, dropped at the end."""
    server = await asyncio.to_thread(embedded.start, settings.data_directory, durable=False)
    superuser = addresses(settings, server).superuser
    assert superuser is not None
    name = settings.database_name
    async with one_at_a_time(settings.data_directory / "template.lock"):
        template = await migrated_template(settings, superuser)
        await provision.make_database(superuser, name, template)
    database = open_database(settings)
    try:
        yield database
        await check_audit_log(database)
    finally:
        await database.close()
        await provision.drop_database(superuser, name)
        await asyncio.to_thread(embedded.release, server)


async def check_audit_log(database: Database) -> None:
    """Whatever the tests did, the log of their database is whole. A test that breaks it puts it right again."""
    async with transaction(database, AUDITOR.row_settings()) as session:
        found = await verify(session)
    assert isinstance(found, Verified), found


async def migrated_template(settings: Settings, superuser: URL) -> str:
    """The name of a migrated database to clone; made when migrations have changed since the last time."""
    name = f"quadrant_template_{content_name()}"
    existing = await database_names(superuser)
    for orphan in filter(is_orphan, existing):
        await provision.drop_database(superuser, orphan)
    if name in existing:
        return name
    await provision.make_roles(superuser.set(database="postgres"))
    for left_over in existing:
        if left_over.startswith("quadrant_template_"):
            await provision.drop_database(superuser, left_over)
    unfinished = "quadrant_unfinished"
    await provision.drop_database(superuser, unfinished)
    await provision.make_database(superuser, unfinished)
    blank = settings.model_copy(update={"database_name": unfinished})
    await upgrade(blank)
    await raise_ceiling(superuser.set(database=unfinished))
    server = await connect(superuser.set(database="postgres"))
    try:
        await server.execute(f"alter database {unfinished} rename to {name}")
    finally:
        await server.close()
    return name


async def raise_ceiling(superuser: URL) -> None:
    """Tests hold rows of every degree of secrecy."""
    connection = await connect(superuser)
    try:
        rank = Classification.TOP_SECRET.rank
        await connection.execute("insert into installation (id, ceiling) values ($1, $2)", ONLY, rank)
    finally:
        await connection.close()


async def database_names(superuser: URL) -> list[str]:
    """All databases of the server."""
    connection = await connect(superuser.set(database="postgres"))
    try:
        return [row["datname"] for row in await connection.fetch("select datname from pg_database")]
    finally:
        await connection.close()


def is_orphan(name: str) -> bool:
    """True for the database of a test process that has died."""
    if not name.startswith("quadrant_test_"):
        return False
    try:
        os.kill(int(name.split("_")[2]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def content_name() -> str:
    """A short name for the present state of the migrations."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def short_name(text: str) -> str:
    """A short name for a longer one."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@asynccontextmanager
async def one_at_a_time(path: Path) -> AsyncIterator[None]:
    """Hold a lock against other workers and other runs."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
