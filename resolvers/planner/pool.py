"""Connections for planned reads: last in, first out, without a reset between uses, each with its prepared statements.

A planned read leaves nothing behind on its connection (its row settings end with the statement), so a reset would only
cost a round trip. The last connection used has the warmest caches. asyncpg's own pool invalidates prepared statements on
release, and its statement cache would hide which statements a connection holds.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any

from foundation.database import Database
from resolvers.planner.asyncpg_internals import protocol_calls, state_of

STATEMENTS_PER_CONNECTION_MAX = 256


class PoolExhausted(Exception):  # noqa: N818 - a state, answered as overload
    """No connection came free in time: the request is refused as overload."""


class ReadConnection:
    """A connection and the statements prepared on it, the least lately used of which are deallocated first."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.is_connected, self.bind_execute = protocol_calls(raw)
        # Each with its state; the statement is kept because it takes its state along.
        self.statements: OrderedDict[str, tuple[Any, Any]] = OrderedDict()

    async def prepare(self, name: str, sql: str) -> tuple[Any, Any]:
        """Prepare a statement by its name, so that PostgreSQL plans it once.

        Where there are too many, the one used longest ago is forgotten.
        """
        if len(self.statements) >= STATEMENTS_PER_CONNECTION_MAX:
            # Nobody keeps it any more, so asyncpg deallocates it as soon as it has prepared the next one. To do so here would
            # leave asyncpg its own attempt, which would meet a statement of the same name that was prepared in between.
            self.statements.popitem(last=False)
        statement = await self.raw.prepare(sql, name=name)
        prepared = self.statements[name] = statement, state_of(statement)
        return prepared


class ReadPool:
    """At most `size` connections of one process.

    Who finds none idle opens one while there may be more, and else waits in a line; what is given back goes to the first
    in the line. So nobody waits while a connection is idle, and a read that need not wait touches one list only: context
    managers and semaphores would cost as much as all else that a read does here.
    """

    def __init__(self, database: Database, size: int, wait_seconds: float) -> None:
        self._database = database
        self._idle: list[ReadConnection] = []
        self._line: deque[asyncio.Future[ReadConnection | None]] = deque()
        self._more = size
        self._wait_seconds = wait_seconds

    async def fetch(self, name: str, sql: str, arguments: Sequence[Any]) -> Any:
        """The single value of a statement. A connection that failed or was cancelled in the middle is not used again."""
        connection = self._idle.pop() if self._idle else await self._another()
        try:
            if not connection.is_connected():
                connection = ReadConnection(await self._database.connect_raw())
            prepared = connection.statements.get(name)
            if prepared is None:
                prepared = await connection.prepare(name, sql)
            else:
                connection.statements.move_to_end(name)
            rows, _, _ = await connection.bind_execute(prepared[1], arguments, "", 1, True, None)
        except BaseException:
            if not connection.raw.is_closed():
                connection.raw.terminate()
            self._give_back(None)
            raise
        if self._line:
            self._give_back(connection)
        else:
            self._idle.append(connection)
        return rows[0][0]

    async def close(self) -> None:
        """Close the idle connections; none may be in use."""
        while self._idle:
            self._more += 1
            await self._idle.pop().raw.close()

    async def _another(self) -> ReadConnection:
        """A new connection, or one that somebody gives back in time."""
        given = None if self._take_place() else await self._wait()
        if given is not None:
            return given
        try:
            return ReadConnection(await self._database.connect_raw())
        except BaseException:
            self._give_back(None)
            raise

    def _take_place(self) -> bool:
        if not self._more:
            return False
        self._more -= 1
        return True

    async def _wait(self) -> ReadConnection | None:
        """A connection, or None for the place of one that is gone."""
        waiting: asyncio.Future[ReadConnection | None] = asyncio.get_running_loop().create_future()
        self._line.append(waiting)
        try:
            async with asyncio.timeout(self._wait_seconds):
                return await waiting
        except BaseException as error:
            if waiting.done() and not waiting.cancelled():
                # It was given in the same moment in which the waiting ended.
                self._give_back(waiting.result())
            if isinstance(error, TimeoutError):
                raise PoolExhausted from error
            raise

    def _give_back(self, connection: ReadConnection | None) -> None:
        """Hand a connection, or the place of one that is gone, to the first in the line."""
        while self._line:
            first = self._line.popleft()
            # Who gave up is still in the line.
            if not first.done():
                first.set_result(connection)
                return
        if connection is None:
            self._more += 1
        else:
            self._idle.append(connection)
