"""Settings of the module's own database, for commands that run in processes of their own."""

from __future__ import annotations

import pytest

from foundation.database import Database
from foundation.settings import Settings


@pytest.fixture(scope="module")
def own_settings(settings: Settings, own_database: Database) -> Settings:
    """The settings under which a command finds `own_database`."""
    return settings.model_copy(update={"database_name": own_database.addresses.owner.database})
