"""What the tests of the authorization server share: one served application for a module, with people in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from foundation.database import Database
from foundation.settings import Settings
from tests.portal.oauth.parties import Parties
from tests.portal.served import served


@pytest.fixture(scope="module")
async def parties(own_database: Database, settings: Settings) -> AsyncIterator[Parties]:
    own = settings.model_copy(update={"database_name": own_database.addresses.owner.database})
    async with served(own) as house:
        yield Parties(house, own_database)
