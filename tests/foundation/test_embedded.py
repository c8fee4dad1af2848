"""The embedded server: shared by processes, stopped by the last, found again after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation import embedded
from foundation.embedded_programs import EmbeddedServerError, run
from foundation.embedded_settings import memory_bytes, quoted, server_settings
from foundation.migrations import ROOT

HOLDER = """
import sys
from pathlib import Path
from foundation import embedded
server = embedded.start(Path(sys.argv[1]), durable=False)
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # Not the tests' own server: these tests stop theirs.
    path = tmp_path_factory.mktemp("embedded")
    yield path
    embedded.stop(path)


def running(directory: Path) -> bool:
    return (directory / "postgres" / "postmaster.pid").exists()


def holder(directory: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory)], stdin=-1, stdout=-1, text=True, cwd=ROOT, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def test_it_stops_with_its_last_use(directory: Path) -> None:
    first, second = embedded.start(directory, durable=False), embedded.start(directory, durable=False)
    assert first is second
    embedded.release(first)
    assert running(directory)
    embedded.release(second)
    assert not running(directory)
    embedded.release(second)  # Once too often is no fault: `Database.close` may be called twice.


def test_the_last_process_stops_it(directory: Path) -> None:
    server = embedded.start(directory, durable=False)
    with holder(directory) as other:
        embedded.release(server)
        assert running(directory)
        other.communicate("")
    assert other.returncode == 0
    assert not running(directory)


def test_a_server_left_behind_by_a_crash_is_used_again(directory: Path) -> None:
    with holder(directory) as other:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    assert running(directory)
    embedded.release(embedded.start(directory, durable=False))
    assert not running(directory)


def test_a_server_that_was_killed_recovers(directory: Path) -> None:
    with holder(directory) as other:
        pid = int((directory / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        other.send_signal(signal.SIGKILL)
        other.communicate()
    server = embedded.start(directory, durable=False)
    assert running(directory)
    embedded.release(server)


def test_a_failing_program_says_why(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="pg_ctl failed with code"):
        run("pg_ctl", "start", "-D", tmp_path / "nowhere")


def test_the_configuration_is_fitted_and_quoted() -> None:
    text = server_settings(Path("/it's"), durable=True)
    assert "unix_socket_directories = '/it''s'\n" in text
    assert "synchronous_commit = 'on'\n" in text
    assert "fsync = 'off'\n" in server_settings(Path("/x"), durable=False)
    assert quoted("a\\b'c") == "'a\\\\b''c'"


def test_a_container_limit_bounds_the_memory(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("268435456\n")
    assert memory_bytes(limit) == 268435456
    limit.write_text("max\n")
    assert memory_bytes(limit) == memory_bytes(tmp_path / "missing") > 0
