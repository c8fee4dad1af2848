"""The demonstration as browsers see it: seeded once a worker, served whole, people who have signed in once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest

from domain.identity.sealing import Seal
from foundation.clock import system_clock
from foundation.settings import Settings
from portal.demo.seeding import seed
from tests.databases import cloned
from tests.portal.pages.portals import Portals
from tests.portal.served import served


@pytest.fixture(scope="session")
async def portals(settings: Settings) -> AsyncIterator[Portals]:
    """Every portal over the demonstration's data. Tests may change rows, so each works on rows that no other one counts."""
    own = settings.model_copy(update={"database_name": f"{settings.database_name}_portals", "demonstration": True})
    async with cloned(own) as database:
        await seed(database, Seal.of(own), system_clock(), Random(7))  # noqa: S311 - reproducible on purpose
        async with served(own) as running:
            yield Portals(running)
