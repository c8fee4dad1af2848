"""Workers: what is to be done by the clock is done by one of them, and by another when that one dies (PgQueuer's queue).

PgQueuer hands a job to one worker at a time, to another when the heartbeat stops, and again when it failed; it may hand
one out twice. So what is done must be counted where it is done: see `domain/jobs/running.py`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import asyncpg
import structlog
from croniter import croniter
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.core.sm import SchedulerManager
from pgqueuer.domain.errors import PgqException, RetryRequested
from pgqueuer.domain.models import Job, Schedule
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel

from foundation.clock import Clock
from foundation.database import Database

SCHEMA = "jobs"
CHANNEL = "ch_pgqueuer"
# All given, because PgQueuer would read what is not from environment variables as common as `CHANNEL`.
NAMES = DBSettings(
    prefix="",
    db_schema=SCHEMA,
    channel=Channel(CHANNEL),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=False,
)
SECONDS_BETWEEN_CONNECTIONS = 5.0
ATTEMPTS_MAX = 10
RETRY_SECONDS, RETRY_SECONDS_MAX = 5, 600
LOGGER = structlog.get_logger("foundation.jobs")

# Does one step of a job's run for a period; False when the run has ended.
Advance = Callable[[str, dt.datetime], Awaitable[bool]]


@dataclass(frozen=True)
class Worker:
    """One process's part in the jobs. `crons` says when each is due, in UTC, `advance` does a step of one.

    A job whose worker was not heard of for `silent_seconds_max` is given to another.
    """

    database: Database
    row_settings: Mapping[str, str]
    crons: Mapping[str, str]
    advance: Advance
    clock: Clock
    silent_seconds_max: float = 30.0
    jobs_at_once: int = 2

    async def work(self) -> None:
        """Do what is due until cancelled, then end the step that is being done; connects anew when the database was away."""
        while True:
            try:
                await self._serve()
            except* (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, PgqException) as errors:
                LOGGER.warning("jobs are not done", reason=type(errors.exceptions[0]).__name__)
            await asyncio.sleep(SECONDS_BETWEEN_CONNECTIONS)

    async def _serve(self) -> None:
        connection = await self.database.connect_under(self.row_settings)
        try:
            queries = queries_over(connection)
            stopping = asyncio.Event()
            manager = self._manager(queries, stopping)
            scheduler = self._scheduler(queries)
            async with asyncio.TaskGroup() as group:
                group.create_task(
                    manager.run(
                        batch_size=1,
                        max_concurrent_tasks=self.jobs_at_once,
                        heartbeat_timeout=dt.timedelta(seconds=self.silent_seconds_max),
                    )
                )
                group.create_task(scheduler.run())
                try:
                    await lost(connection)
                finally:
                    # Read by the jobs that run, before they are waited for.
                    stopping.set()
                raise asyncpg.InterfaceError("the connection is gone")
        finally:
            if not connection.is_closed():
                await connection.close(timeout=SECONDS_BETWEEN_CONNECTIONS)

    def _manager(self, queries: Queries, stopping: asyncio.Event) -> QueueManager:
        manager = QueueManager(queries, channel=Channel(CHANNEL))

        async def run(job: Job) -> None:
            if not await self._ended(job, stopping):
                raise RetryRequested(reason="its worker stops")

        for name in self.crons:
            # What failed to the last stays and can be looked at; one run of a job at a time.
            manager.entrypoint(name, concurrency_limit=1, accepts_context=False, on_failure="hold")(run)
        return manager

    async def _ended(self, job: Job, stopping: asyncio.Event) -> bool:
        """Do the steps of a job; False when it was left in the middle. What fails is tried again, later each time."""
        period = dt.datetime.fromisoformat((job.payload or b"").decode())
        try:
            while await self.advance(job.entrypoint, period):
                if stopping.is_set():
                    return False
        except Exception as error:
            LOGGER.exception("a job failed", job=job.entrypoint, period=period.isoformat(), attempt=job.attempts)
            if job.attempts >= ATTEMPTS_MAX:
                raise
            seconds = min(RETRY_SECONDS * 2**job.attempts, RETRY_SECONDS_MAX)
            raise RetryRequested(dt.timedelta(seconds=seconds), type(error).__name__) from error
        return True

    def _scheduler(self, queries: Queries) -> SchedulerManager:
        scheduler = SchedulerManager(queries)

        async def put(schedule: Schedule) -> None:
            period = period_at(schedule.expression, self.clock())
            await enqueue(queries, schedule.entrypoint, period)

        for name, cron in self.crons.items():
            scheduler.schedule(name, cron, clean_old=False, accepts_context=False)(put)
        return scheduler


async def enqueue(queries: Queries, name: str, period: dt.datetime) -> None:
    """Have a job done for a period, unless it already waits or is being done."""
    key = f"{name} {period.isoformat()}"
    await queries.enqueue(name, period.isoformat().encode(), dedupe_key=key, on_conflict="skip")


def period_at(cron: str, now: dt.datetime) -> dt.datetime:
    """The period that an instant is in: when it began."""
    return croniter(cron, now + dt.timedelta(microseconds=1)).get_prev(dt.datetime)


def queries_over(connection: asyncpg.Connection[asyncpg.Record]) -> Queries:
    """PgQueuer's statements over a connection, on our names."""
    return Queries(
        AsyncpgDriver(connection),
        QueryBuilderEnvironment(NAMES),
        QueryQueueBuilder(NAMES),
        QuerySchedulerBuilder(NAMES),
    )


async def lost(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Wait until a connection has ended."""
    ended = asyncio.Event()
    connection.add_termination_listener(lambda _: ended.set())
    if not connection.is_closed():
        await ended.wait()
