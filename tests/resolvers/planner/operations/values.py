"""Values for arguments: mostly such that mean something in the world, and how they are written into a document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import graphql as g

from segments.core_types import named_type, nullable_type
from segments.strawberry_internals import metadata, python_name
from tests.resolvers.planner.operations.choices import Choices
from tests.resolvers.planner.operations.pool import (
    BAD_INSTANTS,
    BAD_TEXTS,
    DAYS,
    INSTANTS,
    NO_CURSORS,
    NO_IDS,
    PARTS,
    Pool,
)

# Where an argument is not called like the column it is compared with.
COLUMN_OF = {"source": "code", "category_slug": "slug", "store_code": "Store.code", "voucher": "Coupon.code"}
SIZES = (3, 1, 2, 0, 5, 3, 2, 1, 4, 100)
VALUES_OF: dict[str, tuple[Any, ...]] = {
    "DateTime": INSTANTS,
    "Date": DAYS,
    "Int": (1, 0, 2, 3, 7, 1000, -1, 2**31 - 1, -(2**31)),
    "BigInt": ("1", "0", "1000", "9007199254740993", "-1"),
    "Decimal": ("0", "1", "99.5", "26800"),
    "Boolean": (True, False),
}


@dataclass(frozen=True)
class EnumName:
    """An enum's value: a bare name in a document, a string among variables."""

    name: str


class Values:
    """Draws values for the arguments of one schema."""

    def __init__(self, choices: Choices, pool: Pool, *, bad_one_in: int = 40) -> None:
        self.choices = choices
        self.pool = pool
        self.bad_one_in = bad_one_in

    def bad(self) -> bool:
        """Whether this value is to be refused."""
        return self.choices.one_in(self.bad_one_in)

    def of(self, name: str, element: Any) -> Any:
        """A value of an argument or an input object's member."""
        nullable = not g.is_non_null_type(element.type)
        if nullable and self.choices.one_in(12):
            return None
        return self.of_type(nullable_type(element.type), name, element)

    def of_type(self, type_: Any, name: str, element: Any) -> Any:
        """A value of a type, not null."""
        if isinstance(type_, g.GraphQLList):
            inner = nullable_type(type_.of_type)
            return [self.of_type(inner, name, element) for _ in range(self.choices.below(5))]
        if isinstance(type_, g.GraphQLInputObjectType):
            asked = self.choices.some(sorted(type_.fields), 3) if not self.choices.one_in(8) else []
            needed = [each for each, field in type_.fields.items() if g.is_non_null_type(field.type)]
            return {each: self.of(each, type_.fields[each]) for each in dict.fromkeys([*asked, *needed])}
        if isinstance(type_, g.GraphQLEnumType):
            return EnumName(self.choices.of(sorted(type_.values)))
        return self.of_scalar(type_.name, name, element)

    def of_scalar(self, type_name: str, name: str, element: Any) -> Any:
        """A value of a scalar type."""
        if type_name == "ID":
            return self.id(metadata(element).get("of"))
        if type_name == "String":
            return self.choices.of(BAD_TEXTS) if self.bad() else self.text(python_name(element, name))
        if type_name == "DateTime" and self.bad():
            return self.choices.of(BAD_INSTANTS)
        if type_name in VALUES_OF:
            return self.choices.of(VALUES_OF[type_name])
        raise TypeError(f"tests/resolvers/planner/operations/values.py knows no {type_name} for {name}; add one")

    def id(self, type_name: str | None) -> str:
        """An id, mostly of the type that is asked for."""
        if self.choices.one_in(15):
            return self.choices.of(NO_IDS)
        if type_name in self.pool.ids and not self.choices.one_in(8):
            return self.choices.of(self.pool.ids[type_name] or [""])
        return self.choices.of(self.pool.ids[self.choices.of(sorted(self.pool.ids))] or [""])

    def key(self, type_name: str, column: str) -> str:
        """A text that is mostly the whole of what a row has in a column."""
        known = self.pool.texts.get(f"{type_name}.{column}")
        return self.choices.of(known) if known and not self.choices.one_in(6) else self.choices.of(PARTS)

    def ids(self, type_names: Sequence[str]) -> tuple[str, list[str]]:
        """A type of which there are ids, and some ids that are mostly of it."""
        type_name = self.choices.of([name for name in type_names if self.pool.ids.get(name)] or [""])
        return type_name, [self.id(type_name) for _ in range(1 + self.choices.below(4))]

    def text(self, name: str) -> str:
        """A text that is in the world, or a part of one."""
        known = self.pool.texts.get(COLUMN_OF.get(name, name))
        if not known or self.choices.one_in(4):
            return self.choices.of(PARTS)
        whole = self.choices.of(known)
        return whole[: self.choices.of((None, 1, 2, 3))]

    def paging(self, list_name: str, target: str) -> dict[str, Any]:
        """Paging arguments: a size or none, and bounds that are mostly cursors of this list."""
        found: dict[str, Any] = {}
        if not self.choices.one_in(4):
            found[self.choices.of(("first", "last"))] = self.size()
        if self.bad():
            found["last"] = found["first"] = 2
        for bound in ("after", "before"):
            if self.choices.one_in(3):
                found[bound] = self.cursor(list_name, target)
        if self.choices.one_in(10):
            found.setdefault(self.choices.of(("first", "last", "after", "before")), None)
        return found

    def size(self) -> int:
        """The rows of a page."""
        return self.choices.of((101, -1, 2**31 - 1)) if self.bad() else self.choices.of(SIZES)

    def cursor(self, list_name: str, target: str) -> str:
        """A cursor, mostly of this list."""
        if self.bad():
            return self.choices.of((*NO_CURSORS, *self.pool.every_cursor))
        known = self.pool.cursors.get(list_name) or self.pool.cursors.get(target) or [""]
        return self.choices.of(known)


def literal(value: Any) -> str:
    """A value as a document writes it."""
    if isinstance(value, EnumName):
        return value.name
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=isinstance(value, str) and not value.isprintable())


def sent(value: Any) -> Any:
    """A value as the JSON of variables holds it."""
    if isinstance(value, EnumName):
        return value.name
    if isinstance(value, dict):
        return {name: sent(inner) for name, inner in value.items()}
    return [sent(item) for item in value] if isinstance(value, list) else value


def can_be_literal(value: Any) -> bool:
    """Whether a document can hold a value at all: a lone surrogate it cannot."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(can_be_literal(inner) for inner in value.values())
    return not isinstance(value, list) or all(can_be_literal(item) for item in value)


def target_name(field: Any) -> str | None:
    """The type of a connection's nodes; None for other fields."""
    connection = named_type(field.type)
    nodes = getattr(connection, "fields", {}).get("nodes") if connection.name.endswith("Connection") else None
    return None if nodes is None else named_type(nodes.type).name
