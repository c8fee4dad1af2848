"""Global ids and cursors: how they are written in SQL, and read, strictly, in Python.

A global id is base64 of `Type:` and the sixteen bytes of the UUID. Colons pad the name to a multiple of three bytes, so
that its part of the base64 is a constant and PostgreSQL encodes sixteen bytes only.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa

from resolvers.planner.errors import bad_input
from resolvers.planner.sqljson import literal

ID_CHARACTERS_MAX = 200
IDS_REMEMBERED_MAX = 1_024
TYPES_REMEMBERED_MAX = 256  # ids may name types that do not exist
# A name of 900 characters of Chinese makes a cursor of 7,300: every cursor that we write must be read.
CURSOR_CHARACTERS_MAX = 16_000


@lru_cache(maxsize=TYPES_REMEMBERED_MAX)
def id_prefix(type_name: str) -> str:
    """The constant beginning of the global ids of a type."""
    padded = type_name + ":" * (3 - len(type_name) % 3)
    return base64.b64encode(padded.encode()).decode()


def encode_id(type_name: str, key: uuid.UUID) -> str:
    """The global id of a row."""
    return id_prefix(type_name) + base64.b64encode(key.bytes).decode()


def decode_id(text: object) -> tuple[str, uuid.UUID] | None:
    """The type and key of a global id. None for anything else: it names nothing, like the id of a hidden row."""
    return named_by(text) if isinstance(text, str) and len(text) <= ID_CHARACTERS_MAX else None


@lru_cache(maxsize=IDS_REMEMBERED_MAX)
def named_by(text: str) -> tuple[str, uuid.UUID] | None:
    """What a text names; remembered, because one request asks several times: which type? which key? may it?"""
    try:
        raw = base64.b64decode(text, validate=True)
        name = raw[:-16].decode("ascii")
    except (ValueError, binascii.Error):
        return None
    type_name = name.rstrip(":")
    if not type_name or len(raw) < 18 or encode_id(type_name, key := uuid.UUID(bytes=raw[-16:])) != text:
        return None
    return type_name, key


def id_expression(type_name: str, key: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """The global id of a row, in SQL."""
    encoded = sa.func.encode(sa.func.uuid_send(key), literal("base64"), type_=sa.Text())
    return literal(id_prefix(type_name)).concat(encoded)


def cursor_expression(columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[str]:
    """The cursor of a row: base64 of the JSON list of its order keys as text."""
    keys = sa.func.json_build_array(*(sa.cast(column, sa.Text()) for column in columns))
    encoded = sa.func.encode(sa.func.convert_to(sa.cast(keys, sa.Text()), literal("UTF8")), literal("base64"))
    # PostgreSQL breaks base64 into lines of 76 characters.
    return sa.func.translate(encoded, sa.literal_column("E'\\n'"), literal(""), type_=sa.Text())


def decode_cursor(text: object, types: Sequence[type]) -> list[Any]:
    """The order keys in a cursor, each of its column's type. Anything but a cursor of this shape is refused."""
    try:
        return cursor_values(text, types)
    except (ValueError, TypeError, RecursionError) as error:
        raise bad_input("request.invalid_cursor") from error


def cursor_values(text: object, types: Sequence[type]) -> list[Any]:
    """The same, with a ValueError or TypeError for what is no cursor."""
    if not isinstance(text, str) or len(text) > CURSOR_CHARACTERS_MAX:
        raise ValueError
    values = cast("list[Any]", json.loads(base64.b64decode(text, validate=True)))
    if type(values) is not list:
        raise TypeError
    return [None if value is None else parsed(value, kind) for value, kind in zip(values, types, strict=True)]


def parsed(text: object, kind: type) -> Any:
    """A key as PostgreSQL wrote it, as Python's value of the column's type."""
    if not isinstance(text, str) or "\0" in text:
        raise ValueError
    text.encode()  # a lone surrogate is no text
    if kind is dt.datetime:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if kind is dt.date:
        return dt.date.fromisoformat(text)
    if kind is int:
        number = int(text)
        if not -(2**63) <= number < 2**63:
            raise ValueError
        return number
    if kind is uuid.UUID:
        return uuid.UUID(text)
    if kind is bool:
        if text not in {"true", "false"}:
            raise ValueError
        return text == "true"
    return text
