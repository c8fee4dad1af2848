"""`quadrant migrate`: from no database to a migrated one under its ceiling, again and again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from foundation import embedded
from foundation.database import Database, addresses, open_database
from foundation.provision import drop_database
from foundation.session import transaction
from foundation.settings import Settings
from segments.classification import Classification
from segments.installation import Installation
from tests.people import SYSTEM
from tests.portal.cli.program import run


@pytest.fixture
async def blank(settings: Settings, database: Database) -> AsyncIterator[Settings]:
    """Settings of a database that is not there yet. `database` keeps the embedded server running."""
    own = settings.model_copy(update={"database_name": f"{settings.database_name}_migrate"})
    yield own
    server = embedded.start(own.data_directory, durable=False)
    superuser = addresses(own, server).superuser
    assert superuser is not None
    await drop_database(superuser, own.database_name)
    embedded.release(server)


async def ceiling(settings: Settings) -> Classification | None:
    database = open_database(settings)
    async with transaction(database, SYSTEM) as session:
        found = await session.scalar(sa.select(Installation.ceiling))
    await database.close()
    return found


async def test_migrating_makes_the_database_and_sets_the_ceiling(blank: Settings) -> None:
    refused = run(blank, "token", "--person", "somebody@example.com")
    assert refused.code == 1
    assert "Traceback" not in refused.said
    ran = run(blank, "migrate")
    assert (ran.code, ran.out) == (0, "")
    assert await ceiling(blank) is Classification.TOP_SECRET
    assert run(blank, "migrate", QUADRANT_CEILING="INTERNAL").code == 0
    assert await ceiling(blank) is Classification.INTERNAL
