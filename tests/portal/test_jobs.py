"""Workers together: one is killed in the middle, two work at once, and each step counts once."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from domain.jobs.running import Job, advance
from domain.jobs.tables import JobRun
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import system_ids
from foundation.jobs import SCHEMA, enqueue, queries_over
from foundation.migrations import ROOT
from foundation.session import transaction
from foundation.settings import PREFIX, Settings
from portal.assembly import ended
from segments.audiences import STAFF
from segments.classification import Classification
from segments.viewer import Viewer
from tests.portal import jobs_client
from tests.portal.jobs_client import OFTEN, SLOW, STEPS, numbering

SECONDS_MAX = 30
SYSTEM = Viewer.system().row_settings()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SECONDS_MAX):
        while not await holds():  # noqa: ASYNC110 - what other processes do is seen by looking.
            await asyncio.sleep(0.02)


async def numbers(database: Database, kind: str = SLOW.name) -> list[int]:
    async with transaction(database, SYSTEM) as session:
        return await jobs_client.numbers(session, kind)


async def runs(database: Database, name: str) -> list[JobRun]:
    async with transaction(database, SYSTEM) as session:
        return list(await session.scalars(sa.select(JobRun).where(JobRun.name == name).order_by(JobRun.period)))


async def ask(database: Database) -> None:
    """Have the slow job done, for this instant."""
    connection = await database.connect_under(SYSTEM)
    try:
        await enqueue(queries_over(connection), SLOW.name, system_clock())
    finally:
        await connection.close()


async def test_a_killed_worker_s_job_is_finished_by_another_and_each_step_counts_once(
    settings: Settings, own_database: Database
) -> None:
    environment = {
        **os.environ,
        f"{PREFIX}DATA_DIRECTORY": str(settings.data_directory),
        f"{PREFIX}DATABASE_NAME": own_database.addresses.application.database or "",
        f"{PREFIX}DATABASE_DURABLE": "false",
        "PYTHONPATH": str(ROOT),
    }
    await ask(own_database)
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.portal.jobs_client", cwd=ROOT, env=environment
    )
    try:

        async def some_are_done() -> bool:
            return len(await numbers(own_database)) >= 3

        await until(some_are_done)
    finally:
        victim.kill()
        await victim.wait()
    before = await numbers(own_database)
    assert 3 <= len(before) < STEPS
    assert (await runs(own_database, SLOW.name))[0].ended_at is None
    # Two at once go on: each is given the job when the first has been silent, or after the other one stops.
    workers = [asyncio.create_task(jobs_client.worker(own_database).work()) for _ in range(2)]
    try:

        async def it_has_ended() -> bool:
            return all(run.ended_at is not None for run in await runs(own_database, SLOW.name))

        await until(it_has_ended)
    finally:
        await asyncio.gather(*(ended(worker) for worker in workers))
    assert await numbers(own_database) == list(range(1, STEPS + 1))
    [run] = await runs(own_database, SLOW.name)
    assert (run.done, run.steps) == (STEPS, STEPS + 1)


async def test_a_period_runs_once_with_two_workers(own_database: Database) -> None:
    seen = {run.period for run in await runs(own_database, OFTEN.name)}
    workers = [asyncio.create_task(jobs_client.worker(own_database).work()) for _ in range(2)]
    try:

        async def three_periods_have_ended() -> bool:
            new = [run for run in await runs(own_database, OFTEN.name) if run.period not in seen]
            return len([run for run in new if run.ended_at is not None]) >= 3

        await until(three_periods_have_ended)
    finally:
        await asyncio.gather(*(ended(worker) for worker in workers))
    assert {run.steps for run in await runs(own_database, OFTEN.name)} == {1}
    async with transaction(own_database, SYSTEM) as session:
        handed_out = sa.text(
            f"select max(n) from (select count(*) as n from {SCHEMA}.pgqueuer_log"  # noqa: S608 - a constant
            " where status = 'successful' and entrypoint = :name group by job_id) as counted"
        )
        assert await session.scalar(handed_out, {"name": OFTEN.name}) == 1


async def test_two_who_advance_one_run_take_turns(own_database: Database) -> None:
    job, period, new_id = (
        Job("test.turns", "* * * * *", numbering("test.turn")),
        system_clock(),
        system_ids(system_clock),
    )

    async def advances() -> None:
        more = True
        while more:
            async with transaction(own_database, SYSTEM) as session:
                more = await advance(session, system_clock(), new_id, job, period)

    await asyncio.gather(*(advances() for _ in range(3)))
    assert await numbers(own_database, "test.turn") == list(range(1, STEPS + 1))
    assert [run.done for run in await runs(own_database, job.name)] == [STEPS]


async def test_nobody_but_the_system_sees_the_queue(own_database: Database) -> None:
    await ask(own_database)
    count = sa.text(f"select count(*) from {SCHEMA}.pgqueuer")  # noqa: S608 - a constant
    async with transaction(own_database, SYSTEM) as session:
        assert await session.scalar(count)
    for viewer in (Viewer.anonymous(), Viewer(STAFF, clearance=Classification.TOP_SECRET)):
        async with transaction(own_database, viewer.row_settings()) as session:
            assert await session.scalar(count) == 0
