"""Where measurements take place: an embedded server of their own in `var/bench`, with a database migrated from zero."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from foundation import embedded, provision
from foundation.database import Addresses, addresses, connect
from foundation.migrations import ROOT, upgrade
from foundation.settings import Settings
from segments.classification import Classification
from segments.installation import ONLY

DIRECTORY = ROOT / "var" / "bench"
DATABASE = "quadrant_bench"
# Everything of the bench but its servers' connections, so that their processor time can be told apart.
ORCHESTRATOR = "bench"


def bench_settings(port: int = 8000) -> Settings:
    """The settings of every process of the bench; nothing of the developer's environment has a say."""
    return Settings(
        data_directory=DIRECTORY,
        database_name=DATABASE,
        database_durable=False,
        port=port,
    )


@asynccontextmanager
async def fresh_database() -> AsyncGenerator[Addresses]:
    """An empty migrated database under the ceiling of the highest degree, kept until the next run."""
    settings = bench_settings()
    server = await asyncio.to_thread(embedded.start, DIRECTORY, durable=False)
    try:
        places = addresses(settings, server)
        assert places.superuser is not None, "the embedded server always has one"
        await provision.make_roles(places.superuser.set(database="postgres"))
        await provision.drop_database(places.superuser, DATABASE)
        await provision.make_database(places.superuser, DATABASE)
        await upgrade(settings)
        owner = await connect(places.superuser, application_name=ORCHESTRATOR)
        try:
            await owner.execute(
                "insert into installation (id, ceiling) values ($1, $2) on conflict do nothing",
                ONLY,
                Classification.TOP_SECRET.rank,
            )
        finally:
            await owner.close()
        yield places
    finally:
        await asyncio.to_thread(embedded.release, server)
