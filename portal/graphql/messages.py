"""Messages of the `graphql-transport-ws` protocol: what clients send, read strictly, and what we send, written as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import orjson

from portal.graphql.body import decode
from portal.graphql.errors import ProtocolError
from portal.graphql.parameters import Bounds, Parameters, from_object

ID_CHARACTERS_MAX = 256
PLAIN_TYPES = frozenset({"connection_init", "ping", "pong"})


class CloseError(Exception):
    """The connection ends with this code; the reason is in the words of the protocol, for developers of clients."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        # A close frame holds 123 bytes of reason.
        self.reason = reason.encode()[:123].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Plain:
    """A message about the connection itself."""

    type: Literal["connection_init", "ping", "pong"]
    payload: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A client starts an operation of any kind. `error` is set when only this operation is at fault."""

    id: str
    parameters: Parameters | ProtocolError


@dataclass(frozen=True, slots=True)
class Complete:
    """A client wants no more of an operation."""

    id: str


Message = Plain | Subscribe | Complete


def read_message(raw: bytes, bounds: Bounds) -> Message:
    """A client's message; anything that is none ends the connection with 4400, as the protocol asks."""
    try:
        value = decode(raw, "message", bounds.json_depth)
    except ProtocolError as error:
        raise invalid(error.message("en")) from error
    if not isinstance(value, dict):
        raise invalid("a message is a JSON object")
    message = cast("dict[str, object]", value)
    kind = message.get("type")
    if not isinstance(kind, str):
        raise invalid("a message has a type")
    if kind in PLAIN_TYPES:
        return Plain(cast("Literal['connection_init', 'ping', 'pong']", kind), payload_of(message, needed=False))
    if kind == "complete":
        return Complete(id_of(message))
    if kind == "subscribe":
        return subscribe(message, bounds)
    raise invalid("the type of the message is unknown")


def subscribe(message: Mapping[str, object], bounds: Bounds) -> Subscribe:
    """A `subscribe`: malformed parameters are a malformed message, those over a limit concern this operation only."""
    payload = payload_of(message, needed=True)
    try:
        return Subscribe(id_of(message), from_object(payload or {}, bounds))
    except ProtocolError as error:
        if error.code == "BAD_REQUEST":
            raise invalid(error.message("en")) from error
        return Subscribe(id_of(message), error)


def id_of(message: Mapping[str, object]) -> str:
    """The id that a client gave its operation."""
    found = message.get("id")
    if not isinstance(found, str) or not found or len(found) > ID_CHARACTERS_MAX:
        raise invalid(f"the id of a message is text of 1 to {ID_CHARACTERS_MAX} characters")
    return found


def payload_of(message: Mapping[str, object], *, needed: bool) -> Mapping[str, object] | None:
    """The payload of a message, an object."""
    found = message.get("payload")
    if isinstance(found, dict):
        return cast("dict[str, object]", found)
    if found is not None or needed:
        raise invalid("the payload of the message is an object")
    return None


def invalid(reason: str) -> CloseError:
    """The message is none of the protocol."""
    return CloseError(4400, f"Invalid message: {reason}")


def connection_ack() -> str:
    """The client is welcome."""
    return '{"type":"connection_ack"}'


def pong(payload: Mapping[str, object] | None) -> str:
    """The answer to a ping, with what the ping held."""
    return orjson.dumps({"type": "pong"} | ({} if payload is None else {"payload": payload})).decode()


def next_(operation_id: str, body: bytes) -> str:
    """One result of an operation. The body is JSON already."""
    return (b'{"id":' + orjson.dumps(operation_id) + b',"type":"next","payload":' + body + b"}").decode()


def error(operation_id: str, body: bytes) -> str:
    """The operation was refused; `body` is its `{"errors": […]}`. Nothing follows."""
    errors = orjson.loads(body)["errors"]
    return orjson.dumps({"id": operation_id, "type": "error", "payload": errors}).decode()


def complete(operation_id: str) -> str:
    """The operation has ended."""
    return orjson.dumps({"id": operation_id, "type": "complete"}).decode()
