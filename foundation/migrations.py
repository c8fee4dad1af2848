"""Applying migrations, and checking that they lead from nothing to the tables as declared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from foundation import embedded
from foundation.database import APPLICATION_ROLE, addresses, connect
from foundation.provision import drop_database, provision
from foundation.settings import Settings, read_settings

if TYPE_CHECKING:
    from foundation.database import RawConnection

ROOT = Path(__file__).resolve().parent.parent
# A migration that waits for a lock makes every request behind it wait: it gives up and is tried again.
TIMEOUTS = {
    "lock_timeout": "5s",
    "statement_timeout": "10min",
    "timezone": "UTC",
    "application_name": "quadrant migrate",
}
MIGRATION_LOCK = 0x71756165


@asynccontextmanager
async def owner_connection(settings: Settings) -> AsyncGenerator[AsyncConnection]:
    """A connection of the owner under the timeouts of migrations; one at a time over all processes."""
    server = None
    if settings.database_url is None:
        server = await asyncio.to_thread(embedded.start, settings.data_directory, durable=settings.database_durable)
    try:
        url = addresses(settings, server).owner

        async def enter(*_arguments: Any, **_keywords: Any) -> RawConnection:
            return await connect(url, **TIMEOUTS)

        engine = create_async_engine("postgresql+asyncpg://", async_creator=enter, poolclass=NullPool)
        async with engine.connect() as connection:
            # Waiting for another process that migrates is no fault; the lock ends with the connection.
            await connection.execute(sa.text("set lock_timeout = '2min'"))
            await connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
            await connection.execute(sa.text(f"set lock_timeout = '{TIMEOUTS['lock_timeout']}'"))
            await connection.commit()
            yield connection
        await engine.dispose()
    finally:
        if server is not None:
            await asyncio.to_thread(embedded.release, server)


async def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring the database to a revision, which the application may then read, to know whether it fits."""
    await _run(settings, lambda config: command.upgrade(config, revision))
    async with owner_connection(settings) as connection:
        await connection.execute(sa.text(f"grant select on alembic_version to {APPLICATION_ROLE}"))
        await connection.commit()


@cache
def head() -> str | None:
    """The revision that this program's tables are at."""
    return ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_current_head()


async def check_from_zero(settings: Settings) -> None:
    """Migrate a new, empty database and compare it with the declared tables; raises where they differ."""
    scratch = settings.model_copy(update={"database_name": f"{settings.database_name}_check"})
    server = await asyncio.to_thread(embedded.start, settings.data_directory, durable=False)
    try:
        superuser = addresses(scratch, server).superuser
        assert superuser is not None, "the embedded server always has one"
        await drop_database(superuser, scratch.database_name)
        await provision(scratch)
        await upgrade(scratch)
        await _run(scratch, command.check)
        await drop_database(superuser, scratch.database_name)
    finally:
        await asyncio.to_thread(embedded.release, server)


async def _run(settings: Settings, what: Callable[[Config], object]) -> None:
    config = Config(ROOT / "alembic.ini")

    def with_connection(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        what(config)

    async with owner_connection(settings) as connection:
        await connection.run_sync(with_connection)


if __name__ == "__main__":
    check = read_settings().model_copy(
        update={"database_url": None, "data_directory": ROOT / "var" / "check", "database_durable": False}
    )
    asyncio.run(check_from_zero(check))
