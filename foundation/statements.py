"""Statements that are written out, sent by a transaction's own driver.

SQLAlchemy composes, caches and adapts: 150 to 250 µs of the application's processor time for a statement, of which the
driver's part is 20. What nearly every change runs (its key, the ledger's functions, what is read back) is written as SQL
with `$1`, `$2`, and sent by these. Values are the driver's: UUIDs, datetimes, numbers, bytes, lists, JSON as text; PostgreSQL
takes each for what stands at its place. What it refuses is raised as `asyncpg.PostgresError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    import asyncpg

    from foundation.database import RawConnection


async def driver_of(session: AsyncSession) -> RawConnection:
    """The connection on which the session's transaction runs, with all that the session was to write written."""
    await session.flush()
    connection = await session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if not driver.is_in_transaction():
        # SQLAlchemy begins with its first statement, and this is none of its own.
        await connection.exec_driver_sql("select 1")
    return driver


async def fetch_value(session: AsyncSession, statement: str, *arguments: Any) -> Any:
    """The first value of the first row of a statement's answer; None where it has no row."""
    return await (await driver_of(session)).fetchval(statement, *arguments)


async def fetch_row(session: AsyncSession, statement: str, *arguments: Any) -> asyncpg.Record | None:
    """The first row of a statement's answer; None where it has none."""
    return await (await driver_of(session)).fetchrow(statement, *arguments)
