"""A run goes on by steps that each count once, whoever does them, and an ended run does nothing more."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs.registry import jobs_of
from domain.jobs.running import Job, advance, forget_runs
from domain.jobs.tables import JobRun
from foundation.ids import Ids, system_ids
from foundation.jobs import croniter, period_at
from foundation.settings import Settings
from tests.rows import NOW

PERIOD = NOW.replace(minute=0)
IDS: Ids = system_ids(lambda: NOW)


def counting(left: list[int], **more: int) -> Job:
    async def step(_session: AsyncSession, _now: dt.datetime, _new_id: Ids) -> int:
        return left.pop(0) if left else 0

    return Job("test.count", "* * * * *", step, **more)


async def run_of(session: AsyncSession) -> JobRun:
    return (await session.scalars(sa.select(JobRun).where(JobRun.name == "test.count"))).one()


async def test_a_run_ends_when_nothing_is_left_and_does_nothing_more(session: AsyncSession) -> None:
    left = [3, 4]
    job = counting(left)
    assert [await advance(session, NOW, IDS, job, PERIOD) for _ in range(3)] == [True, True, False]
    left.append(5)
    assert not await advance(session, NOW, IDS, job, PERIOD)
    run = await run_of(session)
    assert (run.steps, run.done, run.ended_at, left) == (3, 7, NOW, [5])
    assert await advance(session, NOW, IDS, job, PERIOD + dt.timedelta(hours=1))
    assert left == []


async def test_a_run_has_a_last_step_whatever_is_left(session: AsyncSession) -> None:
    job = counting([1] * 10, steps_max=3)
    assert [await advance(session, NOW, IDS, job, PERIOD) for _ in range(3)] == [True, True, False]
    assert (await run_of(session)).done == 3


async def test_a_step_that_fails_is_not_counted(session: AsyncSession) -> None:
    async def fails(_session: AsyncSession, _now: dt.datetime, _new_id: Ids) -> int:
        raise LookupError

    with pytest.raises(LookupError):
        async with session.begin_nested():
            await advance(session, NOW, IDS, Job("test.count", "* * * * *", fails), PERIOD)
    assert await session.scalar(sa.select(sa.func.count()).select_from(JobRun)) == 0


async def test_old_runs_are_forgotten(session: AsyncSession) -> None:
    job = counting([])
    await advance(session, NOW, IDS, job, PERIOD)
    assert await forget_runs(session, NOW + dt.timedelta(days=89), IDS) == 0
    assert await forget_runs(session, NOW + dt.timedelta(days=91), IDS) == 1


def test_jobs_have_names_of_their_own_and_schedules_that_can_be_read() -> None:
    jobs = jobs_of(Settings())
    assert len({job.name for job in jobs}) == len(jobs)
    assert all(croniter.is_valid(job.cron) for job in jobs)


@pytest.mark.parametrize(
    ("cron", "at", "begins"),
    [
        ("*/10 * * * *", "2026-11-24T08:19:59+00:00", "2026-11-24T08:10:00+00:00"),
        ("*/10 * * * *", "2026-11-24T08:20:00+00:00", "2026-11-24T08:20:00+00:00"),
        ("20 16 * * *", "2026-03-01T16:19:00+00:00", "2026-02-28T16:20:00+00:00"),
    ],
)
def test_a_period_begins_at_the_last_instant_of_its_schedule(cron: str, at: str, begins: str) -> None:
    assert period_at(cron, dt.datetime.fromisoformat(at)) == dt.datetime.fromisoformat(begins)
