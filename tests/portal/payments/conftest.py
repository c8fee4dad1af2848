"""One application for the tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from foundation.database import Database
from foundation.settings import Settings
from tests.portal.payments.shop_floor import Floor, floor


@pytest.fixture(scope="module")
async def shop(own_database: Database, settings: Settings) -> AsyncIterator[Floor]:
    name = own_database.addresses.application.database
    assert name is not None
    async with floor(own_database, settings, name, settings.data_directory) as made:
        yield made
