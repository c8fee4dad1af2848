"""Hears on one connection that a token or a key was revoked, so that every process refuses it at once and not half a minute later.

The list of what was revoked is in the database and is read anew at intervals anyway (`portal/bearer.py`): a notice that is lost
costs these seconds, and nothing that was missed while the connection was away stays unread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import structlog

from domain.identity.revocations import CHANNEL
from foundation.database import Database

SECONDS_BETWEEN_CONNECTIONS = 5.0
LOGGER = structlog.get_logger("portal.revocation_notices")


async def hear_revocations(database: Database, heard: Callable[[], None]) -> None:
    """Call `heard` whenever something was revoked, and when something may have been while nobody listened; until cancelled."""
    while True:
        try:
            await _listen(database, heard)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            LOGGER.warning("revocations are not heard", reason=type(error).__name__)
        await asyncio.sleep(SECONDS_BETWEEN_CONNECTIONS)


async def _listen(database: Database, heard: Callable[[], None]) -> None:
    lost = asyncio.Event()

    def noticed(*_notice: object) -> None:
        heard()

    connection = await database.connect_raw()
    try:
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(CHANNEL, noticed)
        heard()
        await lost.wait()
    finally:
        if not connection.is_closed():
            await connection.close()
