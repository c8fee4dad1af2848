"""Submitted texts become an operation's variables, by the types that the view gives them."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from portal.pages.document import Variable
from portal.pages.fields import Fields
from portal.pages.input_types import (
    inner,
    is_demanded,
    is_enum,
    is_list,
    is_object,
    may_be_left_out,
    members,
    nullable,
)
from portal.pages.words import msgid

WHOLE = re.compile(r"[+-]?\d{1,10}", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?", re.ASCII)
# What `<input type="datetime-local">` and `<input type="date">` send: a wall clock's time, and in our portals that is
# China's, or a day, which as an instant is its beginning.
LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\d(?P<clock>T\d\d:\d\d(:\d\d)?)?", re.ASCII)
MIDNIGHT, CHINA_OFFSET = "T00:00", "+08:00"
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
# A row of input objects may be named by its code instead of a number: `attributes.grade.values=IP67`.
CODE = "code"
TRUE, FALSE = frozenset({"true", "on", "1"}), frozenset({"false", "off", "0"})


class Mistake(enum.Enum):
    """What is wrong with a text; the value is its message in the catalogues."""

    MISSING = msgid("请填写此项")
    NOT_WHOLE = msgid("请填写整数")
    NOT_NUMBER = msgid("请填写数字")
    OUT_OF_RANGE = msgid("数字太大或太小")
    NOT_CHOICE = msgid("请从所列选项中选择")
    MALFORMED = msgid("格式不正确")


@dataclass(frozen=True, slots=True)
class Problem:
    """A text that is no value of its type, and where it was submitted."""

    path: str
    mistake: Mistake


class Absent(enum.Enum):
    """Nothing was submitted, which is not the same as null."""

    ABSENT = enum.auto()


ABSENT = Absent.ABSENT


class Coercion:
    """Reads values out of fields and collects what is wrong on the way.

    `emptied_is_null`: a nullable field that was submitted empty is null, because on a form somebody cleared it; in the
    address of a page it is absent, because a search form sends all its fields.
    """

    def __init__(self, fields: Fields, *, emptied_is_null: bool) -> None:
        self.fields = fields
        self.emptied_is_null = emptied_is_null
        self.problems: list[Problem] = []

    def values(self, variables: Mapping[str, Variable]) -> dict[str, Any]:
        """The variables that were submitted. Fields that are no variable are ignored."""
        found: dict[str, Any] = {}
        for name, variable in variables.items():
            value = self.variable(variable)
            if value is not ABSENT:
                found[name] = value
        return found

    def variable(self, variable: Variable) -> Any:
        """One variable; one with a default may be left out."""
        if (
            variable.has_default
            and not self.fields.texts(variable.name)
            and not self.fields.children.get(variable.name)
        ):
            return ABSENT
        return self.value(variable.type, variable.name)

    def value(self, kind: Any, path: str) -> Any:
        """A value of a type at a path, or ABSENT."""
        if is_demanded(kind):
            return self.demanded(inner(kind), path)
        if is_list(kind):
            return self.list_of(inner(kind), path)
        if is_object(kind):
            return self.object_of(kind, path) if self.fields.children.get(path) else ABSENT
        text = self.fields.last(path)
        if text is None:
            return None if self.emptied_is_null and self.fields.submitted(path) else ABSENT
        return self.leaf(kind, text, path)

    def demanded(self, kind: Any, path: str) -> Any:
        """A value that must be there. For an object the missing fields are named; a list may be empty."""
        if is_object(kind):
            return self.object_of(kind, path)
        if is_list(kind):
            found = self.list_of(inner(kind), path)
            return [] if found is ABSENT else found
        text = self.fields.last(path)
        if text is None:
            self.problems.append(Problem(path, Mistake.MISSING))
            return None
        return self.leaf(kind, text, path)

    def object_of(self, kind: Any, path: str, **given: Any) -> dict[str, Any]:
        """An input object from the fields below the path, and from what is given already."""
        found = dict(given)
        for name, member in members(kind).items():
            below = f"{path}.{name}"
            if name in given:
                continue
            if not self.fields.submitted(below) and may_be_left_out(kind, name):
                continue
            value = self.value(member, below)
            if value is not ABSENT:
                found[name] = value
        return found

    def list_of(self, kind: Any, path: str) -> Any:
        """A list: the same name several times for leaves, numbered rows for objects, or rows named by their codes."""
        item = nullable(kind)
        if is_object(item) or is_list(item):
            found = [self.value(kind, f"{path}.{row}") for row in self.fields.rows(path)]
            if is_object(item) and CODE in members(item):
                words = self.fields.words(path)
                found += [self.object_of(item, f"{path}.{word}", **{CODE: word}) for word in words]
            return found or ABSENT
        texts = self.fields.texts(path)
        return [self.leaf(item, text, path) for text in texts] if texts else ABSENT

    def leaf(self, kind: Any, text: str, path: str) -> Any:
        """A scalar or enum value of a text; after a mistake the value does not matter."""
        value = leaf_value(kind, text)
        if isinstance(value, Mistake):
            self.problems.append(Problem(path, value))
            return None
        return value


def leaf_value(kind: Any, text: str) -> Any:
    """The value a text stands for, as JSON holds it, or what is wrong with the text."""
    if "\0" in text:
        return Mistake.MALFORMED
    if is_enum(kind):
        return text if text in kind.values else Mistake.NOT_CHOICE
    reader = READERS.get(kind.name)
    return reader(text.strip()) if reader else custom(kind, text)


def whole(text: str) -> int | Mistake:
    """An `Int`, which GraphQL limits to 32 bits."""
    if not WHOLE.fullmatch(text):
        return Mistake.NOT_WHOLE
    return int(text) if INT_MIN <= int(text) <= INT_MAX else Mistake.OUT_OF_RANGE


def decimal(text: str) -> float | Mistake:
    """A `Float` that is finite."""
    if not DECIMAL.fullmatch(text):
        return Mistake.NOT_NUMBER
    return float(text) if math.isfinite(float(text)) else Mistake.OUT_OF_RANGE


def boolean(text: str) -> bool | Mistake:
    """A `Boolean` as check boxes and addresses write it."""
    if text in TRUE:
        return True
    return False if text in FALSE else Mistake.NOT_CHOICE


READERS = {"Int": whole, "Float": decimal, "Boolean": boolean}


def custom(kind: Any, text: str) -> str | Mistake:
    """A string, an id, or a scalar of ours, whose own parser says whether the text is one."""
    local = LOCAL_TIME.fullmatch(text) if kind.name == "DateTime" else None
    if local:
        text += ("" if local["clock"] else MIDNIGHT) + CHINA_OFFSET
    if kind.name not in {"String", "ID"}:
        text = text.strip()
        try:
            kind.parse_value(text)
        except (GraphQLError, ValueError, TypeError, ArithmeticError):
            return Mistake.MALFORMED
    return text
