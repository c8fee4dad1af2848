"""Connections for planned reads: last in, first out, without a reset between uses, each with its prepared statements.

A planned read leaves nothing behind on its connection (its row settings end with the statement), so a reset would only
cost a round trip. The last connection used has the warmest caches. asyncpg's own pool invalidates prepared statements on
release, and its statement cache would hide which statements a connection holds.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from foundation.database import Database

STATEMENTS_PER_CONNECTION_MAX = 256


class PoolExhausted(Exception):  # noqa: N818 - a state, answered as overload
    """No connection came free in time: the request is refused as overload."""


class ReadConnection:
    """A connection and the statements prepared on it, the least lately used of which are deallocated first."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.statements: OrderedDict[str, Any] = OrderedDict()

    async def fetch(self, name: str, sql: str, arguments: Sequence[Any]) -> Any:
        """The single value of a statement, prepared under its name so that PostgreSQL plans it once."""
        statement = self.statements.get(name)
        if statement is None:
            statement = await self.prepare(name, sql)
        else:
            self.statements.move_to_end(name)
        return await statement.fetchval(*arguments)

    async def prepare(self, name: str, sql: str) -> Any:
        """Prepare a statement, and deallocate the one used longest ago where there are too many."""
        if len(self.statements) >= STATEMENTS_PER_CONNECTION_MAX:
            old, _ = self.statements.popitem(last=False)
            await self.raw.execute(f'DEALLOCATE "{old}"')
        statement = self.statements[name] = await self.raw.prepare(sql, name=name)
        return statement


class ReadPool:
    """At most `size` connections of one process."""

    def __init__(self, database: Database, size: int, wait_seconds: float) -> None:
        self._database = database
        self._idle: list[ReadConnection] = []
        self._places = asyncio.Semaphore(size)
        self._wait_seconds = wait_seconds

    async def fetch(self, name: str, sql: str, arguments: Sequence[Any]) -> Any:
        """The single value of a statement. A connection that failed or was cancelled in the middle is not used again.

        Written without a context manager, which would cost as much as all else that a read does here.
        """
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        connection: ReadConnection | None = None
        try:
            connection = await self._take()
            found = await connection.fetch(name, sql, arguments)
        except BaseException:
            if connection is not None and not connection.raw.is_closed():
                connection.raw.terminate()
            raise
        else:
            self._idle.append(connection)
            return found
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close the idle connections; none may be in use."""
        while self._idle:
            await self._idle.pop().raw.close()

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._places.acquire(), self._wait_seconds)
        except TimeoutError as error:
            raise PoolExhausted from error

    async def _take(self) -> ReadConnection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.raw.is_closed():
                return connection
        return ReadConnection(await self._database.connect_raw())
