"""The edge of jobs: each step in a transaction of its own, as the application itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from domain.jobs.running import Job, advance
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import system_ids
from foundation.jobs import Worker
from foundation.session import transaction
from segments.viewer import Viewer


def make_worker(database: Database, clock: Clock, jobs: Sequence[Job], silent_seconds_max: float = 30.0) -> Worker:
    """A worker of this process for these jobs."""
    known = {job.name: job for job in jobs}
    new_id = system_ids(clock)
    viewer = Viewer.system().row_settings()

    async def step(name: str, period: dt.datetime) -> bool:
        async with transaction(database, viewer) as session:
            return await advance(session, clock(), new_id, known[name], period)

    crons = {job.name: job.cron for job in jobs}
    return Worker(database, viewer, crons, step, clock, silent_seconds_max)
