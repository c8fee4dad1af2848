"""Two transactions that want the same rows, made to meet: one has begun when the other comes, and goes on when that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database, connect
from foundation.session import transaction

Step = Callable[[AsyncSession], Awaitable[Any]]
# A bound, for a fault: each look is a round trip.
LOOKS_MAX = 20_000


async def crossing(
    database: Database, row_settings: Mapping[str, str], begin: Step, meanwhile: Step, go_on: Step
) -> bool:
    """`begin` and `go_on` are one transaction, `meanwhile` is another between them; whether that had to wait for the first.

    Where they lock in different orders, PostgreSQL ends one of them with a deadlock, which is raised here.
    """

    async def second() -> None:
        async with transaction(database, row_settings) as session:
            ready.set_result(await session.scalar(sa.select(sa.func.pg_backend_pid())))
            await meanwhile(session)

    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    watcher = await connect(database.addresses.application)
    try:
        async with transaction(database, row_settings) as first:
            await begin(first)
            own = await first.scalar(sa.select(sa.func.pg_backend_pid()))
            other = asyncio.create_task(second())
            waits = await met(watcher, own, await ready, other)
            try:
                await go_on(first)
            except BaseException:
                await first.rollback()
                await asyncio.gather(other, return_exceptions=True)
                raise
        await other
    finally:
        await watcher.close()
    return waits


async def met(watcher: Any, own: int | None, other: int, task: asyncio.Task[None]) -> bool:
    """True when the other transaction waits for the first, False when it is over."""
    for _ in range(LOOKS_MAX):
        if await watcher.fetchval("select $1 = any(pg_blocking_pids($2))", own, other):
            return True
        if task.done():
            return False
    raise TimeoutError("the other transaction neither waits nor ends")
