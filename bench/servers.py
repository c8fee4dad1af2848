"""Servers of subjects as processes of their own, and the processor time that they and the database spend for them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.place import DATABASE, DIRECTORY, ORCHESTRATOR
from bench.subjects.registry import Subject
from foundation.database import Addresses

if TYPE_CHECKING:
    from foundation.database import RawConnection

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 10
CALLERS_FILE = DIRECTORY / "callers.json"


@dataclass(frozen=True)
class Server:
    """A subject that listens on a port of this machine."""

    subject: Subject
    port: int
    process: psutil.Process


@dataclass(frozen=True)
class Spent:
    """Processor seconds of a server process, and of PostgreSQL's processes by their ids."""

    server: float
    backends: Mapping[int, float]

    def since(self, before: Spent) -> Cost:
        """What was spent since then; a process of PostgreSQL that is new counts from its start."""
        spent_by = (seconds - before.backends.get(pid, 0.0) for pid, seconds in self.backends.items())
        return Cost(self.server - before.server, sum(spent_by))


@dataclass(frozen=True)
class Cost:
    """Processor seconds of a server process and of the database behind it."""

    server: float
    database: float

    @property
    def seconds(self) -> float:
        """Both."""
        return self.server + self.database


@asynccontextmanager
async def running(subject: Subject, places: Addresses, callers: Path = CALLERS_FILE) -> AsyncGenerator[Server]:
    """Start a subject, wait until it listens, and stop it in the end. What it says goes to a file in `var/bench`."""
    port = free_port()
    said = DIRECTORY / f"{subject.name}.log"
    environment = {**os.environ, "NODE_ENV": "production", "GRAPHILE_ENV": "production", "PYTHONWARNINGS": "ignore"}
    with said.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *subject.command(port, places, callers), stdout=log, stderr=log, env=environment
        )
    try:
        await listening(port, process, said)
        yield Server(subject, port, psutil.Process(process.pid))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
            except TimeoutError:
                process.kill()
                await process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def listening(port: int, process: asyncio.subprocess.Process, said: Path) -> None:
    """Wait until somebody accepts connections on a port."""
    async with asyncio.timeout(START_SECONDS_MAX):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                if process.returncode is not None:
                    raise RuntimeError(f"a server ended; see {said}") from None
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def spent(server: Server, monitor: RawConnection) -> Spent:
    """The processor time so far. Only the subject under load uses its connections, so all of the database's count."""
    rows = await monitor.fetch(
        "select pid from pg_stat_activity where datname = $1 and backend_type = 'client backend' and application_name <> $2",
        DATABASE,
        ORCHESTRATOR,
    )
    backends = {row["pid"]: processor_seconds(psutil.Process(row["pid"])) for row in rows}
    return Spent(processor_seconds(server.process), backends)


def processor_seconds(process: psutil.Process) -> float:
    """User and system time of a process."""
    times = process.cpu_times()
    return times.user + times.system
