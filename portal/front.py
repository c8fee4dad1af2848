"""The outermost layer of the application: a reference for every request, the access log, headers, and the last net.

Plain ASGI, because it stands before every planned read. The GraphQL door's addresses are in `direct` and go to it at once;
Starlette's own layers and routing would cost a tenth of a planned read. What is raised inside is answered here, so
Starlette's outermost layer, which would do the same, is left out. A page may have its own words in the headers that
protect; a program's answers all have the same one: JSON is not framed and has no links, and what says `nosniff` and is
JSON no browser hands to another site's page.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.logs import request_reference
from portal.access_log import AccessLog
from portal.pages.security_headers import HSTS

LOGGER = structlog.get_logger("portal.front")

# What a proxy or client may call its request; anything else could forge lines in a log.
SANE_REFERENCE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
REFERENCES_AT_ONCE = 512
Header = tuple[bytes, bytes]
DIRECT_HEADERS: tuple[Header, ...] = ((b"x-content-type-options", b"nosniff"),)
DEFAULT_HEADERS: tuple[Header, ...] = (
    *DIRECT_HEADERS,
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)

# Applications by the kind of connection ("http", "websocket") and the exact path. They leave `DIRECT_HEADERS` to us.
Direct = MutableMapping[tuple[str, str], ASGIApp]
# Renders what a visitor sees of a fault; the reference is in `foundation.logs.request_reference`.
Failure = Callable[[Request, Exception], Awaitable[Response]]


class Front:
    """Middleware around everything; `direct` and `failure` may be filled in until the first request."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        direct: Direct,
        failure: Failure,
        access_log: AccessLog,
        secure: bool,
    ) -> None:
        self.app = app
        self._direct = direct
        self._failure = failure
        self._log = access_log
        always: tuple[Header, ...] = ((b"strict-transport-security", HSTS.encode()),) if secure else ()
        self._defaults, self._of_direct = DEFAULT_HEADERS + always, DIRECT_HEADERS + always

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket; what is raised within is logged here and goes no further."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        app = self._direct.get((scope["type"], scope["path"]))
        exchange = Exchange(scope, send, self._defaults if app is None else self._of_direct)
        token = request_reference.set(exchange.reference)
        try:
            if app is None:
                await self.app(scope, receive, exchange.send)
            else:
                await app(scope, receive, exchange.send_direct)
        except ClientDisconnect:
            pass  # Nobody is left to answer.
        except Exception as error:
            LOGGER.exception("request failed")
            await self._fail(exchange, receive, error)
        finally:
            self._log.request(scope, exchange.status, time.perf_counter() - exchange.started, exchange.reference)
            request_reference.reset(token)

    async def _fail(self, exchange: Exchange, receive: Receive, error: Exception) -> None:
        if exchange.status:
            return  # The answer has begun; the server closes the connection.
        if exchange.scope["type"] == "websocket":
            await exchange.send({"type": "websocket.close", "code": 1011})
            return
        try:
            response = await self._failure(Request(exchange.scope, receive), error)
        except Exception:
            LOGGER.exception("request failed, and its page")
            response = PlainTextResponse(f"500 {exchange.reference}\n", 500)
        await response(exchange.scope, receive, exchange.send)


class Exchange:
    """One request: its reference, when it began, and the status of its answer (0 until there is one)."""

    __slots__ = ("_defaults", "_send", "reference", "scope", "started", "status")

    def __init__(self, scope: Scope, send: Send, defaults: tuple[Header, ...]) -> None:
        self.scope = scope
        self.started = time.perf_counter()
        self.reference = reference_of(scope)
        self.status = 0
        self._send = send
        self._defaults = defaults

    async def send(self, message: Message) -> None:
        """Pass a message on; the first of an answer gets the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: list[Header] = message.get("headers") or []
            present = dict(headers)
            message["headers"] = [
                *headers,
                *[pair for pair in self._defaults if pair[0] not in present],
                (b"x-request-id", self.reference.encode()),
            ]
        elif message["type"] == "websocket.accept":
            self.status = 101
        elif message["type"] == "websocket.close" and not self.status:
            self.status = 403
        await self._send(message)

    def send_direct(self, message: Message) -> Awaitable[None]:
        """The same for an application that leaves our headers to us. Not a coroutine, because this is passed twice an answer."""
        if message["type"] != "http.response.start":
            return self._send(message) if self.scope["type"] == "http" else self.send(message)
        self.status = message["status"]
        message["headers"] += (*self._defaults, (b"x-request-id", self.reference.encode()))
        return self._send(message)


def reference_of(scope: MutableMapping[str, Any]) -> str:
    """The `X-Request-Id` of the request when it is sane, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and SANE_REFERENCE.fullmatch(value):
            return value.decode()
    return next(REFERENCES)


def made_references() -> Iterator[str]:
    """New references without end, 64 bits each. Made many at once: to make one takes a twentieth of the door's time."""
    while True:
        digits = os.urandom(8 * REFERENCES_AT_ONCE).hex()
        for at in range(0, len(digits), 16):
            yield digits[at : at + 16]


REFERENCES = made_references()
