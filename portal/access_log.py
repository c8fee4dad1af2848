"""The access log: one line a request, as `foundation/logs.py` writes lines, but by hand.

A structlog event takes 30 to 50 µs, a quarter of a planned read, and each write to a file another 8. So a request only
leaves its facts; lines are made and written together, `FLUSH_SECONDS` after the first of them, where each takes 2 µs
instead of the 8 that it takes between two requests. A process that is killed loses no more than that.
A line holds no query string and no body: they may hold row contents and secrets.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import orjson

from foundation.settings import Settings

# What a load balancer asks every second is logged only when it goes wrong.
PROBES: frozenset[bytes | str] = frozenset({b"/healthz", b"/readyz", "/healthz", "/readyz"})
PATH_CHARACTERS_MAX = 200
FLUSH_SECONDS = 0.1
LEVELS = frozenset({"debug", "info"})


# The facts of a request that is over: when it began and ended, by the clock of `time.perf_counter`, its method and path,
# status (0: the client left before there was an answer) and reference. Not a named tuple, which takes a call to make.
Entry = tuple[float, float, str, bytes | str, int, str]


class AccessLog:
    """Writes to the standard error, or nowhere when the level of the settings is above `info`."""

    def __init__(self, settings: Settings, stream: TextIO | None = None) -> None:
        self._on = settings.log_level in LEVELS
        self._json = settings.log_format == "json"
        self._stream = stream or sys.stderr
        self._entries: list[Entry] = []
        self._second, self._until_second = 0, ""

    def request(self, scope: MutableMapping[str, Any], status: int, began: float, ended: float, reference: str) -> None:
        """Log one request that is over; both times are by the clock of `time.perf_counter`."""
        if not self._on:
            return
        if not self._entries:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        method, path = scope.get("method", "WEBSOCKET"), scope.get("raw_path") or scope["path"]
        self._entries.append((began, ended, method, path, status, reference))

    def flush(self) -> None:
        """Write what has gathered."""
        entries, self._entries = self._entries, []
        write = self._for_collectors if self._json else self._for_people
        # One look at the wall's clock for all of them.
        epoch = time.time() - time.perf_counter()
        lines = [
            write(epoch + ended, method, path, status, ended - began, reference)
            for began, ended, method, path, status, reference in entries
            if status != 200 or path not in PROBES
        ]
        if lines:
            self._stream.write("".join(lines))
            self._stream.flush()

    def _for_collectors(
        self, at: float, method: str, path: bytes | str, status: int, seconds: float, reference: str
    ) -> str:
        event = {
            "timestamp": self._instant(at),
            "level": "info",
            "logger": "portal.access",
            "event": "request",
            "reference": reference,
            "method": method,
            "path": written(path),
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
        }
        return orjson.dumps(event).decode() + "\n"

    def _for_people(
        self, at: float, method: str, path: bytes | str, status: int, seconds: float, reference: str
    ) -> str:
        instant, place, tenths = self._instant(at), written(path), round(seconds * 10_000)
        milliseconds = f"{tenths // 10}.{tenths % 10}"
        return f"{instant} [info     ] {method} {place} {status} {milliseconds} ms reference={reference}\n"

    def _instant(self, at: float) -> str:
        """An instant as text; only its microseconds are written anew each time."""
        second = int(at)
        if second != self._second:
            self._second, self._until_second = second, f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
        return f"{self._until_second}.{int((at - second) * 1e6):06}Z"


@lru_cache(maxsize=64)
def written(path: bytes | str) -> str:
    """The path as it was sent, percent-encoded, so that it cannot break the line; shortened when very long."""
    raw = path if isinstance(path, bytes) else path.encode("utf-8", "backslashreplace")
    text = raw.decode("ascii", "backslashreplace")
    if not text.isprintable() or " " in text:
        text = repr(text)
    return text if len(text) <= PATH_CHARACTERS_MAX else text[:PATH_CHARACTERS_MAX] + "…"
