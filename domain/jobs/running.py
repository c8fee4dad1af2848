"""What a job is, and the rule that carries its runs forward, one step in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs.tables import JobRun
from foundation.ids import Ids

# Does one bounded part of a job in the caller's transaction, as the system, and answers how much it did; 0 when nothing is left.
Step = Callable[[AsyncSession, dt.datetime, Ids], Awaitable[int]]
RUN_DAYS_KEPT = 90


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done by the clock.

    `cron` is in UTC, where the day in China begins at 16:00. A job finds out by itself what is due, so that a period in which
    no worker ran is made up for by the next. `steps_max` bounds a run; what is left then, the next run does.
    """

    name: str
    cron: str
    step: Step
    steps_max: int = 10_000


async def advance(session: AsyncSession, now: dt.datetime, new_id: Ids, job: Job, period: dt.datetime) -> bool:
    """Do the next step of a job's run for a period; False when the run has ended.

    Whoever else works on the same run waits for this step, so that it sees what is left.
    """
    begun = insert(JobRun).values(id=new_id(), name=job.name, period=period, started_at=now, steps=0, done=0)
    await session.execute(begun.on_conflict_do_nothing(index_elements=["name", "period"]))
    query = sa.select(JobRun).where(JobRun.name == job.name, JobRun.period == period).with_for_update()
    run = (await session.scalars(query)).one()
    if run.ended_at is not None:
        return False
    count = await job.step(session, now, new_id)
    run.steps += 1
    run.done += count
    if not count or run.steps >= job.steps_max:
        run.ended_at = max(now, run.started_at)
    await session.flush()
    return run.ended_at is None


async def forget_runs(session: AsyncSession, now: dt.datetime, _new_id: Ids) -> int:
    """Delete old runs, so that they do not pile up: the step of a job."""
    old = sa.select(JobRun.id).where(JobRun.started_at < now - dt.timedelta(days=RUN_DAYS_KEPT)).limit(1_000)
    gone = await session.scalars(sa.delete(JobRun).where(JobRun.id.in_(old)).returning(JobRun.id))
    return len(gone.all())
