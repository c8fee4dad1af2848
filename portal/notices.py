"""Hears on one connection what other processes have done, so that this one does its part at once and not at its next look.

A notice says nothing but that there is something to read, and everything is read at intervals anyway: one that is lost costs some
seconds, and what happens while the connection is away is read when it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import asyncpg
import structlog

from foundation.database import Database

SECONDS_BETWEEN_CONNECTIONS = 5.0
LOGGER = structlog.get_logger("portal.notices")

# What to do at a notice, by its channel.
Heard = Mapping[str, Callable[[], None]]


async def hear(database: Database, heard: Heard) -> None:
    """Do what is to do at each notice, and all of it when one may have been missed; until cancelled."""
    while True:
        try:
            await _listen(database, heard)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            LOGGER.warning("notices are not heard", reason=type(error).__name__)
        await asyncio.sleep(SECONDS_BETWEEN_CONNECTIONS)


async def _listen(database: Database, heard: Heard) -> None:
    lost = asyncio.Event()

    def noticed(_connection: object, _process: object, channel: str, _payload: object) -> None:
        heard[channel]()

    connection = await database.connect_raw()
    try:
        connection.add_termination_listener(lambda _: lost.set())
        for channel in heard:
            await connection.add_listener(channel, noticed)
        for act in heard.values():
            act()
        await lost.wait()
    finally:
        if not connection.is_closed():
            await connection.close()
