"""Logs: one event a line, for people or for collectors, each with the reference of its request, never with row contents."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from foundation.settings import Settings

# The reference that a masked error shows and a log line carries; None outside of a request.
request_reference: ContextVar[str | None] = ContextVar("request_reference", default=None)

# Libraries log what they send: statements with values, headers with tokens. They may only warn.
QUIET = ("sqlalchemy", "asyncio", "uvicorn.access", "httpx", "httpcore", "websockets", "multipart", "babel")


@contextmanager
def referenced(reference: str) -> Generator[None]:
    """Events within the block carry this reference."""
    token = request_reference.set(reference)
    try:
        yield
    finally:
        request_reference.reset(token)


def configure_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Set up structlog and send the standard library's logging the same way; called once at start."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_reference,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderer(settings, target)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _renderer(settings: Settings, target: TextIO) -> list[Processor]:
    if settings.log_format == "json":
        # Without the values of local variables: they would be row contents.
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]
    return [
        structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback),
    ]


def _json(event: EventDict, **_options: object) -> str:
    return orjson.dumps(event, default=str).decode()


def _add_reference(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    reference = request_reference.get()
    if reference is not None:
        event.setdefault("reference", reference)
    return event
