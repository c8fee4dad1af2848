"""How long the demonstration takes to start, and what the views cost in time and memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench.rows import Row, median
from bench.servers import STOP_SECONDS_MAX, free_port, listening
from foundation.migrations import ROOT
from schema.root import MASTER
from segments.audiences import Audience
from segments.views import compile_views

MIB = 1024 * 1024
QUADRANT = Path(sys.executable).with_name("quadrant")


async def measure(rounds: int, say: Callable[[str], None] = lambda _: None) -> list[Row]:
    """A demonstration from nothing and again, in a directory of its own; then the views in this process."""
    with TemporaryDirectory() as directory:
        environment = {**os.environ, "QUADRANT_DATA_DIRECTORY": directory}
        said = Path(directory) / "demo.log"
        say("the demonstration from nothing")
        first, _ = await started(environment, said)
        again: list[float] = []
        resident: list[float] = []
        for number in range(rounds):
            say(f"the demonstration again: round {number + 1} of {rounds}")
            seconds, memory = await started(environment, said)
            again.append(seconds)
            resident.append(memory)
    say("the views")
    return [
        Row("start", "demo, from nothing", "seconds", first, "database, migrations and data made; until it listens"),
        Row("start", "demo, again", "seconds", median(again), f"until it listens; a median of {rounds}"),
        Row("start", "demo, again", "MiB resident", median(resident), "the serving process with all six views"),
        *views(rounds),
    ]


async def started(environment: dict[str, str], said: Path) -> tuple[float, float]:
    """The seconds until the demonstration listens, and the memory of the serving process then."""
    port = free_port()
    began = time.perf_counter()
    with said.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            QUADRANT, "demo", "--port", str(port), cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        await listening(port, process, said)
        seconds = time.perf_counter() - began
        memory: float = psutil.Process(process.pid).memory_info().rss / MIB
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
    return seconds, memory


def views(rounds: int) -> list[Row]:
    """Building each view alone: the median and the largest of the audiences, in time and in memory that stays."""
    times = {audience: median(built(audience) for _ in range(rounds)) for audience in Audience}
    sizes = {audience: kept(audience) for audience in Audience}
    slowest = max(times, key=lambda audience: times[audience])
    largest = max(sizes, key=lambda audience: sizes[audience])
    return [
        Row("views", "one view", "ms to build", median(times.values()), "the median of the six audiences"),
        Row("views", slowest.value, "ms to build", times[slowest], "the slowest"),
        Row("views", "one view", "MiB", median(sizes.values()), "the median of the six audiences"),
        Row("views", largest.value, "MiB", sizes[largest], "the largest"),
    ]


def built(audience: Audience) -> float:
    """The milliseconds to build a view."""
    began = time.perf_counter()
    compile_views(MASTER, (audience,))
    return 1e3 * (time.perf_counter() - began)


def kept(audience: Audience) -> float:
    """The MiB that a view keeps."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        view = compile_views(MASTER, (audience,))
        after, _ = tracemalloc.get_traced_memory()
        assert view
    finally:
        tracemalloc.stop()
    return (after - before) / MIB
