"""GraphQL over HTTP, by its specification of September 2026 where the `graphql-http` audit suite agrees.

Where they differ the suite is followed, because clients are built against it: 400, not 422, for what does not validate,
and `application/json` for who accepts anything. `application/json` keeps the old rule that a refused operation has status
200, except where HTTP itself must know (`errors.STATUSES`); `application/graphql-response+json` has 4xx.

This is plain ASGI: Starlette's requests, responses and routing would take 16 µs more, as much as all of this takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Message, Receive, Scope, Send

from portal.callers import CallerRefusedError
from portal.graphql.body import ClientGoneError, check_sent_plain, discard, read_body
from portal.graphql.deadlines import Deadlines, Limit
from portal.graphql.door import STREAMED, Door
from portal.graphql.errors import (
    STATUSES,
    ProtocolError,
    error_body,
    failed,
    not_allowed,
    refusal_headers,
    timed_out,
)
from portal.graphql.media import EVENT_STREAM, JSON, accepted, is_json
from portal.graphql.parameters import from_body, from_url
from portal.graphql.sse import send_stream
from portal.headers import ANSWER_HEADERS, ANSWER_STATUS, header_map
from resolvers.planner.engine import Answer
from segments.viewer import Language

METHODS = ("GET", "POST")
# Answers to POST are stored by nobody who is not told to (RFC 9110 §9.3.3), those to GET are unless they are told not to.
NO_STORE = (b"cache-control", b"no-store")


class Exchange(Limit):
    """One request on its way to its response, within its time."""

    __slots__ = ("body_read", "headers", "receive", "scope", "send", "wanted")

    def __init__(self, deadlines: Deadlines, scope: Scope, receive: Receive, send: Send) -> None:
        # As `Limit` does, without its call.
        self._deadlines = deadlines
        self.expired = False
        self.scope = scope
        self.receive = receive
        self.send = send
        self.headers = header_map(scope)
        self.wanted = accepted(self.headers.get(b"accept"))
        self.body_read = scope["method"] != "POST"

    def start(self, status: int, size: int, headers: Mapping[str, str] | None = None) -> Message:
        """The message that begins the response, whose body is of so many bytes."""
        scope = self.scope
        scope[ANSWER_STATUS] = status
        written = [
            self.wanted.content_type,
            (b"content-length", b"%d" % size),
            *scope.get(ANSWER_HEADERS, ()),
        ]
        if scope["method"] != "POST":
            written.append(NO_STORE)
        if headers:
            written += [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        if not self.body_read:
            # More is on its way than is worth reading.
            written.append((b"connection", b"close"))
        return {"type": "http.response.start", "status": status, "headers": written}

    async def respond(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send the whole response."""
        await self.send(self.start(status, len(body), headers))
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, answer: Answer) -> None:
        """Send an answer that is a request error: nothing ran."""
        status = STATUSES.get(answer.code or "", 200 if self.wanted.whole == JSON else 400)
        await self.respond(status, answer.body, refusal_headers(answer))


class GraphQLOverHTTP:
    """The ASGI application at `/graphql`; with `streams_only`, the one at `/graphql/stream`."""

    def __init__(self, door: Door, *, streams_only: bool = False) -> None:
        self._door = door
        self._streams_only = streams_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Nothing a client sends makes this raise."""
        door = self._door
        exchange = Exchange(door.deadlines, scope, receive, send)
        try:
            with exchange:
                self._check(exchange)
                # Not in functions of their own, because to await one costs as much as all that it would do.
                caller = door.callers.remembered(scope, exchange.headers)
                if caller is None:
                    caller = await door.callers.caller(scope, exchange.headers)
                if caller.by_cookie:
                    door.same_site.check(exchange.headers)
                if exchange.body_read:
                    parameters = from_url(scope["query_string"], door.bounds)
                else:
                    message = await receive()
                    raw = message.get("body", b"")
                    if message.get("more_body", False) or not 0 < len(raw) <= door.bounds.body_bytes:
                        raw = await read_body(message, receive, exchange.headers, door.bounds.body_bytes)
                    exchange.body_read = True
                    parameters = from_body(raw, door.bounds)
                operation = door.operation(parameters, caller.viewer, by_get=scope["method"] == "GET")
                streamed = self._streams_only or exchange.wanted.best == EVENT_STREAM
                answer = None if streamed else await door.engine.execute(caller.viewer, operation)
        except ClientGoneError:
            return
        except (ProtocolError, CallerRefusedError) as error:
            await self._refuse(exchange, error)
            return
        except Exception as error:  # noqa: BLE001 - our fault, as when the database is away: logged and masked here
            if exchange.expired and isinstance(error, TimeoutError):
                await self._late(exchange)
                return
            await exchange.refuse(failed(error, self._language(exchange)))
            return
        if answer is None or (answer.code == STREAMED and exchange.wanted.stream):
            await send_stream(door, caller, operation, scope, receive, send)
        elif answer.refused:
            await exchange.refuse(answer)
        else:
            await send(exchange.start(200, len(answer.body)))
            await send({"type": "http.response.body", "body": answer.body})

    def _check(self, exchange: Exchange) -> None:
        """Refuse what by its method and headers is no request, before anybody is asked who sent it."""
        method, headers = exchange.scope["method"], exchange.headers
        if method not in METHODS:
            raise not_allowed(*METHODS)
        if exchange.wanted.best is None or (self._streams_only and not exchange.wanted.stream):
            raise ProtocolError(406, "NOT_ACCEPTABLE", "protocol.not_acceptable")
        if method == "POST":
            if not is_json(headers.get(b"content-type")):
                raise ProtocolError(415, "UNSUPPORTED_MEDIA_TYPE", "protocol.content_type", {"Accept-Post": JSON})
            if b"content-encoding" in headers:
                check_sent_plain(headers)

    async def _late(self, exchange: Exchange) -> None:
        """What took too long was either the client with its body or we with the answer."""
        seconds = self._door.deadlines.seconds
        if exchange.body_read:
            await exchange.refuse(timed_out(seconds, self._language(exchange)))
        else:
            await self._refuse(
                exchange, ProtocolError(408, "BODY_TIMEOUT", "protocol.body_slow", maximum=f"{seconds:g}")
            )

    async def _refuse(self, exchange: Exchange, error: ProtocolError | CallerRefusedError) -> None:
        if not exchange.body_read and error.status != 408:
            exchange.body_read = await discard(exchange.receive, exchange.headers, self._door.bounds.body_bytes)
        message = error.message if isinstance(error, CallerRefusedError) else error.message(self._language(exchange))
        await exchange.respond(error.status, error_body(message, error.code), error.headers)

    def _language(self, exchange: Exchange) -> Language:
        return self._door.callers.language(exchange.scope, exchange.headers)
