"""Transactions: only an edge (a request, a command, a job) opens one, and it commits or rolls back as a whole."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database

SETTING_NAME = re.compile(r"q\.[a-z_]{1,40}", re.ASCII)


@asynccontextmanager
async def transaction(database: Database, row_settings: Mapping[str, str]) -> AsyncGenerator[AsyncSession]:
    """A session in a transaction under row settings; commits when the block ends, rolls back when it raises.

    The settings are what row policies read. They end with the transaction, so a pooled connection cannot carry one
    viewer's rights into another's request; without settings every guarded table is empty.
    """
    async with AsyncSession(database.engine, expire_on_commit=False) as session, session.begin():
        if row_settings:
            await session.execute(set_statement(row_settings))
        yield session


def set_statement(row_settings: Mapping[str, str]) -> sa.Select[tuple[str, ...]]:
    """One statement that sets all row settings for the rest of the transaction."""
    for name in row_settings:
        if not SETTING_NAME.fullmatch(name):
            raise ValueError(f"not a row setting: {name!r}")
    calls = (
        sa.func.set_config(sa.literal(name, sa.Text()), sa.literal(value, sa.Text()), sa.true())
        for name, value in row_settings.items()
    )
    return sa.select(*calls)
