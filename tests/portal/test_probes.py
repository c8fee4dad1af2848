"""A process starts only on a database that fits the program and its settings."""

from __future__ import annotations

import pytest

from foundation.database import Database
from foundation.settings import Settings
from portal.assembly import assembled
from portal.probes import NotMigratedError, require_ceiling, require_head
from segments.classification import Classification


async def test_a_migrated_database_with_the_ceiling_of_the_settings_is_taken(
    database: Database, settings: Settings
) -> None:
    await require_head(database)
    await require_ceiling(database, Classification(settings.ceiling))


@pytest.mark.parametrize("ceiling", [degree for degree in Classification if degree is not Classification.TOP_SECRET])
async def test_another_ceiling_is_refused(database: Database, ceiling: Classification) -> None:
    with pytest.raises(
        NotMigratedError, match=f"has the ceiling TOP_SECRET, the settings {ceiling.value}: run `quadrant"
    ):
        await require_ceiling(database, ceiling)


async def test_a_server_does_not_start_under_another_ceiling(database: Database, settings: Settings) -> None:
    with pytest.raises(NotMigratedError, match="ceiling"):
        async with assembled(settings.model_copy(update={"ceiling": "INTERNAL"})):
            pass
