"""From bytes to JSON values: read no more than allowed, decode strictly, refuse what nothing behind could hold.

Decided here: a key that is given twice counts as it was given last, as in most JSON readers; a byte order mark, NaN,
numbers without bound and lone surrogates are refused, as RFC 8259 and UTF-8 do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

import orjson
from starlette.types import Message, Receive

from portal.graphql.errors import ProtocolError, invalid_json, over_limit

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NUL = "\0"
DISCARD_SECONDS = 1.0


class ClientGoneError(Exception):
    """The client left while it was sending: there is nobody to answer."""


def check_sent_plain(headers: Mapping[bytes, bytes]) -> None:
    """Refuse by its headers a body that would have to be inflated."""
    if headers.get(b"content-encoding", b"").strip().lower() not in {b"identity", b""}:
        accepted = {"Accept-Encoding": "identity"}
        raise ProtocolError(415, "UNSUPPORTED_CONTENT_ENCODING", "protocol.content_encoding", accepted)


def part_of(message: Message, left: int, bytes_max: int) -> bytes:
    """What a message brings of a body of which so many bytes may be left."""
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    part: bytes = message.get("body", b"")
    if len(part) > left:
        raise over_limit("body_bytes", bytes_max, 413)
    return part


async def read_body(first: Message, receive: Receive, headers: Mapping[bytes, bytes], bytes_max: int) -> bytes:
    """The whole body after the message that brought its first part.

    It is refused when it says itself that it is too large, and as soon as it is, whatever its headers said.
    """
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > 18 or int(length) > bytes_max):
        raise over_limit("body_bytes", bytes_max, 413)
    parts, left, message = list[bytes](), bytes_max, first
    while True:
        part = part_of(message, left, bytes_max)
        parts.append(part)
        left -= len(part)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


async def discard(receive: Receive, headers: Mapping[bytes, bytes], bytes_max: int) -> bool:
    """Read away the body of a request that is refused; True when all of it came, within bounds.

    A connection that is closed while its client still sends is reset, and the client never sees why it was refused.
    """
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 18 or int(length) > bytes_max:
        return False
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while size <= bytes_max:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return False
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return True
    return False


def decode(raw: bytes, name: str, depth_max: int) -> Any:
    """A JSON value from UTF-8; `name` says in the message what it is."""
    value = parsed(raw, name, depth_max)
    check_within(raw, value, depth_max)
    return value


def parsed(raw: bytes, name: str, depth_max: int) -> Any:
    """The same before it is known whether it nests too deeply or holds U+0000."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise malformed(raw, name, error, depth_max) from error


def check_within(raw: bytes, value: object, depth_max: int) -> None:
    """Refuse what nests too deeply or holds U+0000."""
    # Most requests hold few brackets, so counting them spares the walk.
    if raw.count(b"{") + raw.count(b"[") > depth_max and deeper_than(value, depth_max):
        raise over_limit("json_depth", depth_max)
    # Not by `in`, which first tries the text as a number and makes an error of it.
    if raw.find(b"\\u0000") >= 0 and holds_nul(value):
        raise ProtocolError(400, "NUL_IN_TEXT", "protocol.nul")


def malformed(raw: bytes, name: str, error: orjson.JSONDecodeError, depth_max: int) -> ProtocolError:
    """Why this is not JSON, as precisely as can be said without repeating what was sent."""
    if not raw.strip():
        return invalid_json(name, "empty")
    if raw.startswith(BYTE_ORDER_MARK):
        return ProtocolError(400, "INVALID_JSON", "protocol.byte_order_mark")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return ProtocolError(400, "INVALID_UTF8", "protocol.body_utf8", name=name)
    if error.msg.startswith("depth limit"):
        return over_limit("json_depth", depth_max)
    return invalid_json(name, str(error))


def children(value: object) -> list[object]:
    """What a JSON array or object holds, keys included."""
    if isinstance(value, dict):
        inside = cast("dict[str, object]", value)
        return [*inside, *inside.values()]
    return cast("list[object]", value) if isinstance(value, list) else []


def deeper_than(value: object, depth: int) -> bool:
    """Whether arrays and objects nest more than so many levels; level by level, so no depth can exhaust the stack."""
    level = [value]
    for _ in range(depth):
        level = [child for each in level for child in children(each)]
        if not level:
            return False
    return any(isinstance(each, (dict, list)) for each in level)


def holds_nul(value: object) -> bool:
    """Whether some text within, a key or a value, holds U+0000, which PostgreSQL cannot store."""
    level = [value]
    while level:
        if any(isinstance(each, str) and NUL in each for each in level):
            return True
        level = [child for each in level for child in children(each)]
    return False
