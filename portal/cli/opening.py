"""How commands that need the database open it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from foundation.database import Database, open_database
from foundation.settings import Settings
from portal.probes import require_head


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    """The migrated database, as the application; the embedded server is started or joined."""
    database = await asyncio.to_thread(open_database, settings)
    try:
        await require_head(database)
        yield database
    finally:
        await database.close()
