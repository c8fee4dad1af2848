"""The outermost layer of the application: a reference for every request, the access log, headers, and the last net.

Plain ASGI, because it stands before every planned read. The GraphQL door's addresses are in `direct` and go to it at once;
Starlette's own layers and routing would cost a tenth of a planned read, a wrapped `send` another twentieth: so those
applications write the headers of the front themselves. What is raised inside is answered here, so
Starlette's outermost layer, which would do the same, is left out. A page may have its own words in the headers that
protect; a program's answers all have the same one: JSON is not framed and has no links, and what says `nosniff` and is
JSON no browser hands to another site's page.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.logs import request_reference
from portal.access_log import AccessLog
from portal.headers import ANSWER_HEADERS, ANSWER_STATUS, header_map
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

# Applications of HTTP by the exact path, which keep to `ANSWER_HEADERS` and `ANSWER_STATUS`.
Direct = MutableMapping[str, ASGIApp]
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
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        began, reference = time.perf_counter(), reference_of(scope)
        direct = self._direct.get(scope["path"]) if kind == "http" else None
        token = request_reference.set(reference)
        try:
            if direct is None:
                await self.app(scope, receive, self._sender(scope, send, reference))
            else:
                scope[ANSWER_HEADERS] = (*self._of_direct, (b"x-request-id", reference.encode()))
                await direct(scope, receive, send)
        except ClientDisconnect:
            pass  # Nobody is left to answer.
        except Exception as error:
            LOGGER.exception("request failed")
            await self._fail(scope, receive, self._sender(scope, send, reference), error)
        finally:
            self._log.request(scope, scope.get(ANSWER_STATUS, 0), began, time.perf_counter(), reference)
            request_reference.reset(token)

    async def _fail(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
        if ANSWER_STATUS in scope:
            return  # The answer has begun; the server closes the connection.
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1011})
            return
        try:
            response = await self._failure(Request(scope, receive), error)
        except Exception:
            LOGGER.exception("request failed, and its page")
            response = PlainTextResponse(f"500 {request_reference.get()}\n", 500)
        await response(scope, receive, send)

    def _sender(self, scope: Scope, send: Send, reference: str) -> Send:
        """Passes messages on; the first of an answer gets the headers that every answer has, and leaves its status."""

        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope[ANSWER_STATUS] = message["status"]
                headers: list[Header] = message.get("headers") or []
                present = dict(headers)
                message["headers"] = [
                    *headers,
                    *[pair for pair in self._defaults if pair[0] not in present],
                    (b"x-request-id", reference.encode()),
                ]
            elif message["type"] == "websocket.accept":
                scope[ANSWER_STATUS] = 101
            elif message["type"] == "websocket.close" and ANSWER_STATUS not in scope:
                scope[ANSWER_STATUS] = 403
            await send(message)

        return pass_on


def reference_of(scope: MutableMapping[str, Any]) -> str:
    """The `X-Request-Id` of the request when it is sane, or a new one."""
    given = header_map(scope).get(b"x-request-id")
    if given is not None and SANE_REFERENCE.fullmatch(given):
        return given.decode()
    return REFERENCES.pop() if REFERENCES else new_reference()


def new_reference() -> str:
    """A new reference of 64 bits, and more of them in store: to make one alone takes a twentieth of the door's time."""
    digits = os.urandom(8 * REFERENCES_AT_ONCE).hex()
    REFERENCES.extend([digits[at : at + 16] for at in range(0, len(digits), 16)])
    return REFERENCES.pop()


REFERENCES: list[str] = []
