"""The front layer alone: what it does with applications that fail, early and late."""

from __future__ import annotations

import io
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.logs import configure_logs, request_reference
from foundation.settings import Settings
from portal.access_log import AccessLog
from portal.front import Front

SETTINGS = Settings(log_format="json")


async def page_of_fault(_: Request, error: Exception) -> Response:
    return PlainTextResponse(f"fault {request_reference.get()}", 500)


async def no_page(_: Request, error: Exception) -> Response:
    raise LookupError("the page fails too") from error


async def asked(app: ASGIApp, kind: str = "http", failure: Any = page_of_fault, path: str = "/x") -> list[Message]:
    """What a server is sent when it passes one request on."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    log = AccessLog(SETTINGS, io.StringIO())
    front = Front(app, direct={"/direct": app}, failure=failure, access_log=log, secure=False)
    scope = {"type": kind, "method": "GET", "path": path, "headers": [(b"x-request-id", b"a-reference")]}
    await front(scope, receive, send)
    return sent


@pytest.fixture(autouse=True)
def log() -> io.StringIO:
    stream = io.StringIO()
    configure_logs(SETTINGS, stream)
    return stream


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("inside")


async def test_a_fault_before_the_answer_is_answered(log: io.StringIO) -> None:
    start, body = await asked(fails)
    assert (start["status"], body["body"]) == (500, b"fault a-reference")
    assert (b"x-request-id", b"a-reference") in start["headers"]
    assert '"event":"request failed"' in log.getvalue()


async def test_a_fault_of_the_page_of_faults_shows_the_reference_alone(log: io.StringIO) -> None:
    start, body = await asked(fails, failure=no_page)
    assert (start["status"], body["body"]) == (500, b"500 a-reference\n")
    assert '"event":"request failed, and its page"' in log.getvalue()


async def test_a_fault_after_the_answer_began_adds_nothing_to_it(log: io.StringIO) -> None:
    async def begins(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("inside")

    assert [message["type"] for message in await asked(begins)] == ["http.response.start"]
    assert "request failed" in log.getvalue()


async def test_a_client_that_left_is_no_fault(log: io.StringIO) -> None:
    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    assert await asked(reads) == []
    assert log.getvalue() == ""


async def test_a_fault_of_a_websocket_closes_it() -> None:
    assert await asked(fails, kind="websocket") == [{"type": "websocket.close", "code": 1011}]


async def test_headers_that_an_application_sets_stay_its_own() -> None:
    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"SAMEORIGIN")]})

    (start,) = await asked(answers, path="/direct")
    assert [value for name, value in start["headers"] if name == b"x-frame-options"] == [b"SAMEORIGIN"]


async def test_the_reference_ends_with_the_request() -> None:
    async def notes(scope: Scope, receive: Receive, send: Send) -> None:
        assert request_reference.get() == "a-reference"

    await asked(notes)
    assert request_reference.get() is None


async def test_the_lifespan_passes_through() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await asked(app, kind="lifespan")
    assert seen == ["lifespan"]
