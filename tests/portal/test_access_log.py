"""The access log: one line a request that nothing in a request can break, and nothing of what it must not hold."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from foundation.settings import Settings
from portal.access_log import FLUSH_SECONDS, AccessLog


async def logged(settings: Settings, path: str, raw_path: bytes | None = None, status: int = 200, **more: Any) -> str:
    stream = io.StringIO()
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": raw_path,
        "query_string": b"token=hidden",
        **more,
    }
    log = AccessLog(settings, stream)
    log.request(scope, status, 100.0, 100.01234, "a-reference")
    log.flush()
    return stream.getvalue()


async def test_a_line_for_people_says_what_was_asked_and_answered() -> None:
    line = await logged(Settings(), "/staff", status=303)
    assert line.endswith("GET /staff 303 12.3 ms reference=a-reference\n")


async def test_a_line_for_collectors_is_an_object() -> None:
    event = json.loads(await logged(Settings(log_format="json"), "/staff"))
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "level": "info",
        "logger": "portal.access",
        "event": "request",
        "reference": "a-reference",
        "method": "GET",
        "path": "/staff",
        "status": 200,
        "milliseconds": 12.3,
    }


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize(
    ("path", "raw_path"),
    [
        ("/a\nb", None),
        ("/a\r\nb", b"/a\r\nb"),
        ("/四方", "/四方".encode()),
        ("/\x1b[31m", b"/\x1b[31m"),
        ("/\ud800", None),
        ("/a b", b"/a b"),
        ("/" + "x" * 10_000, None),
    ],
    ids=range(7),
)
async def test_no_path_breaks_the_line(log_format: Any, path: str, raw_path: bytes | None) -> None:
    line = await logged(Settings(log_format=log_format), path, raw_path)
    assert line.count("\n") == 1
    assert line[:-1].isprintable()
    assert len(line) < 600


async def test_a_line_holds_no_query() -> None:
    assert "hidden" not in await logged(Settings(), "/graphql")


async def test_probes_are_logged_when_they_fail() -> None:
    assert await logged(Settings(), "/readyz") == ""
    assert " 503 " in await logged(Settings(), "/readyz", status=503)


@pytest.mark.parametrize("level", ["warning", "error"])
async def test_above_the_level_nothing_is_written(level: Any) -> None:
    assert await logged(Settings(log_level=level), "/staff") == ""


async def test_a_websocket_has_no_method() -> None:
    stream = io.StringIO()
    log = AccessLog(Settings(), stream)
    log.request({"type": "websocket", "path": "/graphql"}, 101, 100.0, 105.0, "a-reference")
    log.flush()
    assert "WEBSOCKET /graphql 101 5000.0 ms" in stream.getvalue()


async def test_lines_are_written_together_soon_after_the_first() -> None:
    stream = io.StringIO()
    log = AccessLog(Settings(), stream)
    for path in ("/one", "/two"):
        log.request({"type": "http", "method": "GET", "path": path}, 200, 100.0, 100.001, "a-reference")
    assert stream.getvalue() == ""
    await asyncio.sleep(2 * FLUSH_SECONDS)
    assert [line.split()[3] for line in stream.getvalue().splitlines()] == ["GET", "GET"]
    assert "/one" in stream.getvalue()
    assert "/two" in stream.getvalue()
