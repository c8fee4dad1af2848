"""A process that has imported all commands, and forks for each run: importing them takes longer than most commands do.

`python -m tests.portal.cli.forking` reads a line of JSON for each run and answers with one: its exit code and processor time.
A run has its own environment, working directory and output, and ends like the real program.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import traceback
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from foundation.migrations import ROOT
from portal.cli.main import ENTRIES, app


@dataclass(frozen=True)
class Ran:
    """What a run said, and what it took."""

    code: int
    out: str
    said: str
    processor_seconds: float


@cache
def forking() -> subprocess.Popen[str]:
    """The process that forks; one for each process of tests, with which it ends because its input does."""
    command = [sys.executable, "-m", "tests.portal.cli.forking"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def run_forked(arguments: tuple[str, ...], environment: dict[str, str]) -> Ran:
    """Run a command to its end in a fork that has imported it already."""
    process = forking()
    assert process.stdin is not None
    assert process.stdout is not None
    with TemporaryDirectory(prefix="quadrant-") as directory:
        out, said = Path(directory, "out"), Path(directory, "said")
        asked = {"arguments": arguments, "environment": environment, "out": str(out), "said": str(said)}
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        return Ran(answer["code"], out.read_text("utf-8"), said.read_text("utf-8"), answer["processor_seconds"])


def serve() -> None:
    """Fork for each line of the input."""
    for entry in ENTRIES.values():
        import_module(f"portal.cli.{entry.module}")
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            become(asked)
        _, status, used = os.wait4(child, 0)
        ended = {"code": os.waitstatus_to_exitcode(status), "processor_seconds": used.ru_utime + used.ru_stime}
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


def become(asked: dict[str, Any]) -> NoReturn:
    """Be the program in this process, to its end."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, path in ((0, os.devnull), (1, asked["out"]), (2, asked["said"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["quadrant", *asked["arguments"]]
    try:
        app()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - what Python does with whatever nobody catches.
        traceback.print_exc()
        code = 1
    else:
        code = 0
    # What is to happen at the end of a program has to happen here, and the loop of the process that forked must not go on.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
