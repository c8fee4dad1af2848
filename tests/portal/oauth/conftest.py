"""What the tests of the authorization server share: one served application for a worker, with people in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from domain.identity.tables import Person
from foundation.settings import Settings
from segments.audiences import STAFF
from tests.databases import cloned
from tests.people import person, store
from tests.portal.oauth.parties import Parties
from tests.portal.served import served


@pytest.fixture(scope="session")
async def parties(settings: Settings) -> AsyncIterator[Parties]:
    """Starting the application costs seconds, so all modules share one; none of their programs meets another's."""
    own = settings.model_copy(update={"database_name": f"{settings.database_name}_oauth"})
    async with cloned(own) as database, served(own) as house:
        yield Parties(house, database)


@pytest.fixture(scope="session")
async def staff(parties: Parties) -> Person:
    """An account manager."""
    someone = person("han.xue@example.com", STAFF, name="韩雪", roles=("account_manager",))
    await store(parties.database, someone)
    return someone
