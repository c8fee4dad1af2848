"""Runs the real command `quadrant` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from tempfile import NamedTemporaryFile

import httpx

from foundation.migrations import ROOT
from foundation.settings import PREFIX, Settings
from tests.portal.cli.forking import Ran, run_forked

PROGRAM = Path(sys.executable).parent / "quadrant"
START_SECONDS_MAX, STOP_SECONDS_MAX = 120, 30


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """Where the command finds the same database as the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {
        **kept,
        "QUADRANT_DATA_DIRECTORY": str(settings.data_directory),
        "QUADRANT_DATABASE_NAME": settings.database_name,
        "QUADRANT_DATABASE_DURABLE": "false",
        "COLUMNS": "200",
        **more,
    }


def run(settings: Settings, *arguments: str, **more: str) -> Ran:
    """Run a command to its end, in a process of its own that has imported it already."""
    return run_forked(arguments, environment(settings, **more))


def run_alone(settings: Settings, *arguments: str, **more: str) -> Ran:
    """Run a command to its end from nothing, as somebody does who types it."""
    before = os.times()
    done = subprocess.run(
        [PROGRAM, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
        cwd=ROOT,
        env=environment(settings, **more),
    )
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Ran(done.returncode, done.stdout, done.stderr, spent)


@dataclass
class Serving:
    """A command that serves; its process leads a group of its own, with the workers in it."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end, as Ctrl-C does; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=STOP_SECONDS_MAX)


@contextmanager
def serving(settings: Settings, *arguments: str) -> Generator[Serving]:
    """A command that serves, once it is ready; ended with all its workers if it still runs."""
    with started(settings, *arguments) as running:
        wait_until_ready(running)
        yield running


@contextmanager
def started(settings: Settings, *arguments: str) -> Generator[Serving]:
    """A command that will serve, from its first moment."""
    port = free_port()
    with NamedTemporaryFile(prefix="quadrant-") as log:
        process = subprocess.Popen(
            [PROGRAM, *arguments, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env=environment(settings),
            start_new_session=True,
            preexec_fn=listen_to_interrupts,  # noqa: PLW1509 - one call of the system, which no thread disturbs
        )
        try:
            yield Serving(process, f"http://127.0.0.1:{port}", Path(log.name))
        finally:
            end_group(process)


def listen_to_interrupts() -> None:
    """As at a terminal. A shell lets what it starts in the background ignore Ctrl-C, and programs inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and its workers, first by asking: an embedded server that nobody stops would stay."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_SECONDS_MAX)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=STOP_SECONDS_MAX)


def wait_until_ready(running: Serving) -> None:
    """Return when it says that it is ready."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise AssertionError(f"ended with code {running.process.returncode}: {running.said}")
        try:
            if httpx.get(f"{running.address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"not ready in time: {running.said}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
