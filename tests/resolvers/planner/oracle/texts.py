"""How values are written: by the rules of PostgreSQL's output, in code that the planner does not use."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00")


class Refused(Exception):  # noqa: N818 - a state of a request
    """The request must be refused, with this code."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


def instant(moment: dt.datetime, separator: str = "T", zone: str = "+00:00") -> str:
    """An instant as PostgreSQL writes it into JSON: fractions without trailing zeros, none where there is none."""
    utc = moment.astimezone(dt.UTC)
    fraction = f".{utc.microsecond:06}".rstrip("0") if utc.microsecond else ""
    # Not `%Y`, which writes the year 1 with one digit.
    return f"{utc.year:04}" + utc.strftime(f"-%m-%d{separator}%H:%M:%S") + fraction + zone


def cursor(values: Sequence[Any]) -> str:
    """The cursor of order keys."""
    written = json.dumps([None if value is None else key_text(value) for value in values], ensure_ascii=False)
    return base64.b64encode(written.encode()).decode()


def key_text(value: Any) -> str:
    """An order key as text, as PostgreSQL casts it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return instant(value, " ", "+00")
    return str(value)


def read_cursor(text: str, kinds: Sequence[type], *, nullable: Sequence[bool]) -> list[Any]:
    """The order keys of a cursor; anything that no server wrote for such a list is refused."""
    try:
        found = keys_in(json.loads(base64.b64decode(text, validate=True).decode()), kinds)
    except (ValueError, RecursionError) as error:
        raise Refused("BAD_USER_INPUT", "cursor") from error
    if any(value is None and not may for value, may in zip(found, nullable, strict=True)):
        raise Refused("BAD_USER_INPUT", "a null where none can be")
    return found


def keys_in(values: Any, kinds: Sequence[type]) -> list[Any]:
    """The keys in a cursor's list; a ValueError for what is no such list."""
    if not isinstance(values, list) or len(values) != len(kinds):
        raise ValueError(values)
    return [None if value is None else key_of_text(value, kind) for value, kind in zip(values, kinds, strict=True)]


def key_of_text(text: Any, kind: type) -> Any:
    """A key of a cursor as a value."""
    if not isinstance(text, str) or "\0" in text:
        raise ValueError(text)
    if kind is dt.datetime:
        if not INSTANT.fullmatch(text):
            raise ValueError(text)
        return dt.datetime.fromisoformat(text)
    if kind is bool and text not in {"true", "false"}:
        raise ValueError(text)
    if kind is bool:
        return text == "true"
    if kind is int and not -(2**63) <= int(text) < 2**63:
        raise ValueError(text)
    readers: dict[type, Any] = {str: str, int: int, uuid.UUID: uuid.UUID, dt.date: dt.date.fromisoformat}
    return readers[kind](text)


def global_id(type_name: str, key: uuid.UUID) -> str:
    """The global id of a row: base64 of the type's name, colons up to a multiple of three bytes, and the key."""
    name = type_name.encode() + b":"
    while len(name) % 3:
        name += b":"
    return base64.b64encode(name + key.bytes).decode()


def read_global_id(text: str, type_names: Iterable[str]) -> tuple[str, uuid.UUID] | None:
    """The type, one of some, and the key that an id names."""
    for name in type_names:
        start, rest = text[:-24], text[-24:]
        try:
            key = uuid.UUID(bytes=base64.b64decode(rest, validate=True))
        except ValueError:
            return None
        if start and global_id(name, key) == text:
            return name, key
    return None


def key_in(text: str | None, type_name: str) -> uuid.UUID | None:
    """The key in an id of one type; a key of no row where the id is of another type or of none."""
    if text is None:
        return None
    found = read_global_id(text, [type_name])
    return found[1] if found else uuid.UUID(int=0)


def check_text(text: str) -> None:
    """What PostgreSQL cannot store is refused."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused("BAD_USER_INPUT", "text")
