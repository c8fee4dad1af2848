"""A worker that does one job in small slow steps, each of which leaves a numbered event; run as a program, to be killed."""

from __future__ import annotations

import asyncio
import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs.running import Job, Step
from foundation.clock import system_clock
from foundation.database import Database, open_database
from foundation.ids import Ids
from foundation.jobs import Worker
from foundation.settings import read_settings
from portal.jobs import make_worker
from segments.classification import Classification
from segments.outbox import OutboxEvent, append

STEPS = 30


def numbering(kind: str) -> Step:
    """A step that leaves the next number, slowly; without a lock of its own, so that two at once would leave the same."""

    async def number(session: AsyncSession, now: dt.datetime, new_id: Ids) -> int:
        count = len(await numbers(session, kind))
        if count >= STEPS:
            return 0
        await session.execute(sa.text("select pg_sleep(0.03)"))
        event = OutboxEvent(
            id=new_id(),
            kind=kind,
            subject_id=UUID(int=count),
            customer_id=None,
            payload={"number": count + 1},
            at=now,
            classification=Classification.PUBLIC,
            compartments=[],
        )
        await append(session, event)
        return 1

    return number


async def numbers(session: AsyncSession, kind: str) -> list[int]:
    """The numbers so far, in the order of their writing."""
    found = sa.select(OutboxEvent.payload).where(OutboxEvent.kind == kind).order_by(OutboxEvent.position)
    return [payload["number"] for payload in await session.scalars(found)]


async def once(session: AsyncSession, now: dt.datetime, new_id: Ids) -> int:
    """Do nothing, in one step."""
    return 0


# The first is due once in a lifetime: tests ask for it. The second is due each second.
SLOW = Job("test.slow", "0 0 29 2 *", numbering("test.slow"))
OFTEN = Job("test.often", "* * * * * *", once)


def worker(database: Database) -> Worker:
    """A worker for these jobs, which is missed after a second."""
    return make_worker(database, system_clock, (SLOW, OFTEN), silent_seconds_max=1.0)


async def main() -> None:
    database = open_database(read_settings())
    await worker(database).work()


if __name__ == "__main__":
    asyncio.run(main())
