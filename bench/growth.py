"""The same list at ten thousand and at a million products: what a page costs must follow the page, not the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bench.place import ORCHESTRATOR
from bench.reads import WARM_UP_SECONDS, Conditions, Round, under_load
from bench.rows import Row, at_most, median
from bench.seed import Extent, grow
from bench.servers import running
from bench.subjects.registry import LIMIT, OURS
from foundation.database import Addresses, connect

if TYPE_CHECKING:
    from foundation.database import RawConnection

MANY = 1_000_000
# In steps, so that it can be seen to go on.
STEP = 110_000
COSTLIER_MAX = 1.5
SUBJECTS = (OURS, LIMIT)


async def measure(places: Addresses, monitor: RawConnection, conditions: Conditions, products: int) -> list[Row]:
    """Processor time of a list, before and after the database grows from `products`; interleaved with the limit's."""
    few = await costs(places, monitor, conditions, products)
    await fill(places, products, conditions.say)
    many = await costs(places, monitor, conditions, MANY)
    found: list[Row] = []
    for subject, before, after in zip(SUBJECTS, few, many, strict=True):
        times = after / before
        target = at_most(times, COSTLIER_MAX) if subject is OURS else None
        note = f"CPU ms: {before:.3f} at {products:,} products, {after:.3f} at {MANY:,}"
        found.append(Row("growth", subject.title, "times the cost of a list", times, note, target))
    return found


async def costs(places: Addresses, monitor: RawConnection, conditions: Conditions, products: int) -> list[float]:
    """Processor milliseconds of a list by each subject: medians of interleaved rounds."""
    rounds: list[list[Round]] = [[] for _ in SUBJECTS]
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running(subject, places)) for subject in SUBJECTS]
        for server in servers:
            await under_load(server, monitor, "list", conditions, WARM_UP_SECONDS)
        for number in range(conditions.rounds):
            conditions.say(f"a list of {products:,} products: round {number + 1} of {conditions.rounds}")
            for server, made in zip(servers, rounds, strict=True):
                made.append(await under_load(server, monitor, "list", conditions, conditions.seconds))
    return [median(1e3 / each.per_second for each in made) for made in rounds]


async def fill(places: Addresses, products: int, say: Callable[[str], None]) -> None:
    """Make the products up to the million, and let PostgreSQL learn of them."""
    application = await connect(places.application, application_name=ORCHESTRATOR, timezone="UTC")
    try:
        for extent in extents(products):
            say(f"products {extent.first:,} to {extent.last:,}")
            await grow(application, extent)
    finally:
        await application.close()
    assert places.superuser is not None, "the embedded server always has one"
    owner = await connect(places.superuser, application_name=ORCHESTRATOR)
    try:
        say("vacuum analyze")
        await owner.execute("vacuum analyze")
    finally:
        await owner.close()


def extents(products: int) -> Sequence[Extent]:
    """The products that are missing, in steps."""
    return [Extent(first, min(first + STEP - 1, MANY)) for first in range(products + 1, MANY + 1, STEP)]
