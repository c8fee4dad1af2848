"""The seeded world in a database of the module's own, an engine over it, and the oracle of each view."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from domain.tables import METADATA
from foundation.database import Database
from resolvers.planner.engine import Engine
from resolvers.planner.limits import DocumentLimits
from schema.root import MASTER
from segments.audiences import Audience
from segments.viewer import Viewer
from segments.views import compile_views
from tests.resolvers.planner.comparison import Comparison
from tests.resolvers.planner.operations.pool import Pool, pool_of
from tests.resolvers.planner.oracle.schema import Oracle
from tests.resolvers.planner.oracle.seen import read
from tests.resolvers.planner.oracle.told import ANSWERS
from tests.resolvers.planner.seeded.factory import NOW
from tests.resolvers.planner.seeded.world import insert, made

# What a document may ask for is tested elsewhere; here nothing is to be refused for its size.
UNLIMITED = DocumentLimits(**dict.fromkeys(DocumentLimits.__dataclass_fields__, 10**9))


class Stage:
    """Everything that a comparison on one view needs."""

    def __init__(self, comparison: Comparison, pools: dict[Viewer, Pool]) -> None:
        self.comparison = comparison
        self.pools = pools

    @property
    def viewers(self) -> list[Viewer]:
        """Who looks."""
        return list(self.pools)


@pytest.fixture(scope="module")
async def engine(own_database: Database) -> AsyncIterator[Engine]:
    """An engine whose clock stands still, over the seeded world."""
    engine = Engine(compile_views(MASTER), own_database, UNLIMITED, read_pool_size=2, clock=lambda: NOW)
    yield engine
    await engine.close()


@pytest.fixture(scope="module")
async def stages(own_database: Database, engine: Engine) -> dict[Audience, Stage]:
    """A stage for each audience; the oracle executes on views of its own."""
    world = made()
    await insert(own_database, world.factory)
    tables = METADATA.sorted_tables
    whole = await read(own_database, Viewer.system(), NOW, tables)
    found: dict[Audience, Stage] = {}
    for audience, view in compile_views(MASTER).items():
        oracle = Oracle(view.core, ANSWERS)
        viewers = [viewer for viewer in world.viewers if viewer.audience is audience]
        seen = {viewer: await read(own_database, viewer, NOW, tables, whole) for viewer in viewers}
        pools = {viewer: pool_of(oracle, seen[viewer], whole, MASTER.core.type_map.values()) for viewer in viewers}
        found[audience] = Stage(Comparison(engine, oracle, seen), pools)
    return found
