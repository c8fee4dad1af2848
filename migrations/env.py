"""Alembic's environment: the tables of all capabilities, migrated over the owner's connection."""

import asyncio
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from domain.tables import METADATA
from foundation.migrations import owner_connection
from foundation.settings import read_settings


def number_revision(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Number a new revision after the last one, because numbers sort and say their order."""
    last = ScriptDirectory.from_config(context.config).get_current_head()
    for directive in directives:
        directive.rev_id = f"{int(last or 0) + 1:04}"


def is_declared(name: str | None, kind: str, _parents: Any, partitions: frozenset[str]) -> bool:
    """False for a partition: only its parent is declared, the database's own functions make partitions in time."""
    return kind != "table" or name not in partitions


def run(connection: Connection) -> None:
    """Run what alembic was called for."""
    found = connection.execute(sa.text("select relname from pg_class where relispartition"))
    partitions = frozenset(found.scalars())
    connection.commit()  # Alembic begins a transaction of its own for each migration.
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transaction_per_migration=True,
        compare_server_default=True,
        include_name=partial(is_declared, partitions=partitions),
        process_revision_directives=number_revision,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_own_connection() -> None:
    """The command line of alembic brings no connection."""
    async with owner_connection(read_settings()) as connection:
        await connection.run_sync(run)


if context.is_offline_mode():
    raise SystemExit("Migrations are applied over a connection; --sql is not supported.")
given: Connection | None = context.config.attributes.get("connection")
if given is None:
    asyncio.run(run_on_own_connection())
else:
    run(given)
