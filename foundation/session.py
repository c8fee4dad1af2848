"""Transactions: only an edge (a request, a command, a job) opens one, and it commits or rolls back as a whole."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database

SETTING_NAME = re.compile(r"q\.[a-z_]{1,40}", re.ASCII)
# deadlock_detected and serialization_failure.
LOST_LOCK = frozenset({"40P01", "40001"})


@asynccontextmanager
async def transaction(database: Database, row_settings: Mapping[str, str]) -> AsyncGenerator[AsyncSession]:
    """A session in a transaction under row settings; commits when the block ends, rolls back when it raises.

    The settings are what row policies read. They end with the transaction, so a pooled connection cannot carry one
    viewer's rights into another's request; without settings every guarded table is empty.
    """
    async with AsyncSession(database.engine, expire_on_commit=False) as session, session.begin():
        if row_settings:
            connection = await session.connection()
            await connection.exec_driver_sql(written_settings(tuple(row_settings)), tuple(row_settings.values()))
        yield session


def lost_lock(error: BaseException | None) -> bool:
    """Whether PostgreSQL has ended a transaction for the sake of another: a deadlock, or what cannot be in any order.

    Nothing of it has happened, and it may be begun again.
    """
    fault: Any = error.orig if isinstance(error, DBAPIError) else error
    return getattr(fault, "sqlstate", None) in LOST_LOCK


def set_statement(row_settings: Mapping[str, str]) -> sa.Select[tuple[str, ...]]:
    """One statement that sets all row settings for the rest of the transaction."""
    check_names(tuple(row_settings))
    calls = (
        sa.func.set_config(sa.literal(name, sa.Text()), sa.literal(value, sa.Text()), sa.true())
        for name, value in row_settings.items()
    )
    return sa.select(*calls)


@cache
def written_settings(names: tuple[str, ...]) -> str:
    """The same written out, because to compose it took each transaction longer than to run it."""
    check_names(names)
    return "select " + ", ".join(f"set_config('{name}', ${at}, true)" for at, name in enumerate(names, 1))


def check_names(names: tuple[str, ...]) -> None:
    """Names of row settings are the program's own; anything else is its fault."""
    for name in names:
        if not SETTING_NAME.fullmatch(name):
            raise ValueError(f"not a row setting: {name!r}")
