"""How commands that need the database open it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from foundation.database import Database, open_database
from foundation.settings import Settings
from portal.probes import require_ceiling, require_head
from segments.classification import Classification


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    """The migrated database, as the application; the embedded server is started or joined."""
    database = await asyncio.to_thread(open_database, settings)
    try:
        await require_head(database)
        await require_ceiling(database, Classification(settings.ceiling))
        yield database
    finally:
        await database.close()
