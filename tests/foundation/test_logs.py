"""Logs: one line an event, with the request's reference, without row contents."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from foundation.logs import configure_logs, referenced
from foundation.settings import Settings


@pytest.fixture(autouse=True)
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def fail_with(secret: str) -> None:
    try:
        int(secret[:0])
    except ValueError:
        structlog.get_logger("orders").exception("masked")


def test_events_are_json_with_their_reference() -> None:
    stream = io.StringIO()
    configure_logs(Settings(log_format="json"), stream)
    with referenced("r-1"):
        structlog.get_logger("orders").info("order placed", lines=2)
        logging.getLogger("library").warning("slow %s", "answer")
    logging.getLogger("library").info("after")
    placed, slow, after = (json.loads(line) for line in stream.getvalue().splitlines())
    assert placed == {
        "event": "order placed",
        "lines": 2,
        "reference": "r-1",
        "level": "info",
        "logger": "orders",
        "timestamp": placed["timestamp"],
    }
    assert (slow["event"], slow["reference"]) == ("slow answer", "r-1")
    assert "reference" not in after


def test_a_traceback_has_no_values_of_variables() -> None:
    for log_format in ("json", "console"):
        stream = io.StringIO()
        configure_logs(Settings(log_format=log_format), stream)
        fail_with("row " + "contents")
        assert "ValueError" in stream.getvalue()
        assert "row contents" not in stream.getvalue()


def test_the_level_holds_and_libraries_may_only_warn() -> None:
    stream = io.StringIO()
    configure_logs(Settings(log_level="warning", log_format="json"), stream)
    structlog.get_logger("orders").info("left out")
    assert stream.getvalue() == ""
    configure_logs(Settings(log_level="debug", log_format="json"), stream)
    logging.getLogger("sqlalchemy.engine").info("select * from customer where name = 'x'")
    assert stream.getvalue() == ""
