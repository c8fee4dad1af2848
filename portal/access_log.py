"""The access log: one line a request, as `foundation/logs.py` writes lines, but by hand.

A structlog event takes 30 to 50 µs, a quarter of a planned read, and each write to a file another 8; a line takes 3.
Lines are written together, `FLUSH_SECONDS` after the first of them, so a process that is killed loses no more than that.
A line holds no query string and no body: they may hold row contents and secrets.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from foundation.settings import Settings

# What a load balancer asks every second is logged only when it goes wrong.
PROBES = frozenset({"/healthz", "/readyz"})
PATH_CHARACTERS_MAX = 200
FLUSH_SECONDS = 0.1
LEVELS = frozenset({"debug", "info"})


class AccessLog:
    """Writes to the standard error, or nowhere when the level of the settings is above `info`."""

    def __init__(self, settings: Settings, stream: TextIO | None = None) -> None:
        self._on = settings.log_level in LEVELS
        self._json = settings.log_format == "json"
        self._stream = stream or sys.stderr
        self._lines: list[str] = []
        self._second, self._until_second = 0, ""

    def request(self, scope: MutableMapping[str, Any], status: int, seconds: float, reference: str) -> None:
        """Log one request that is over. Status 0: the client left before there was an answer."""
        if not self._on or (status == 200 and scope["path"] in PROBES):
            return
        now = self._now()
        method, path = scope.get("method", "WEBSOCKET"), written_path(scope)
        milliseconds = round(seconds * 1000, 1)
        if self._json:
            event = {
                "timestamp": now,
                "level": "info",
                "logger": "portal.access",
                "event": "request",
                "reference": reference,
                "method": method,
                "path": path,
                "status": status,
                "milliseconds": milliseconds,
            }
            self._add(orjson.dumps(event).decode() + "\n")
        else:
            self._add(f"{now} [info     ] {method} {path} {status} {milliseconds} ms reference={reference}\n")

    def flush(self) -> None:
        """Write what has gathered."""
        lines, self._lines = self._lines, []
        self._stream.write("".join(lines))
        self._stream.flush()

    def _add(self, line: str) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._lines.append(line)

    def _now(self) -> str:
        """The present instant; only its microseconds are written anew each time."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._until_second = second, f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
        return f"{self._until_second}.{int((now - second) * 1e6):06}Z"


def written_path(scope: MutableMapping[str, Any]) -> str:
    """The path as it was sent, percent-encoded, so that it cannot break the line; shortened when very long."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "backslashreplace")
    path = raw.decode("ascii", "backslashreplace")
    if not path.isprintable() or " " in path:
        path = repr(path)
    return path if len(path) <= PATH_CHARACTERS_MAX else path[:PATH_CHARACTERS_MAX] + "…"
