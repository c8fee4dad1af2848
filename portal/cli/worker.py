"""`quadrant worker`: jobs by the clock, in a process that does nothing else."""

from __future__ import annotations

import asyncio
import signal

import typer

from domain.jobs.registry import jobs_of
from foundation.clock import system_clock
from foundation.logs import configure_logs
from foundation.settings import Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import reported
from portal.jobs import make_worker

app = typer.Typer(add_completion=False)


@app.command()
def worker() -> None:
    """Do the platform's jobs by the clock until told to stop. Any number may run, on any machine."""
    with reported():
        settings = read_settings()
        configure_logs(settings)
        asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    async with opened(settings) as database:
        task = asyncio.create_task(make_worker(database, system_clock, jobs_of(settings)).work())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
