"""Ways through a view: an operation that reaches each type, and values for arguments, so that tests name no field.

Everything is made from the schema. A `%` in what is made is where a test puts a selection or a name of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import graphql as g
from graphql.type import is_required_argument, is_required_input_field

from resolvers.planner.idempotency import REQUIRED
from segments.core_types import named_type, nullable_type
from segments.strawberry_internals import metadata

HOLE = "%"
# What a field that requires a key is called with. Who asks for a thing more than once puts keys of their own here.
KEYED = ' @idempotent(key: "x")'
SCALARS: dict[str, Any] = {
    "ID": "x",
    "String": "x",
    "Int": 1,
    "Float": 1.5,
    "Boolean": True,
    "BigInt": "1",
    "Decimal": "1.00",
    "Date": "2024-01-01",
    "DateTime": "2024-01-01T00:00:00Z",
    "UUID": "01a20d66-ea2e-77a5-8853-b36b341858c4",
}


@dataclass(frozen=True)
class Given:
    """A value as a literal of a document and as a variable."""

    literal: str
    json: Any


def value_for(type_: Any) -> Given:
    """The simplest valid value of an input type."""
    inner = nullable_type(type_)
    if isinstance(inner, g.GraphQLList):
        one = value_for(inner.of_type)
        return Given(f"[{one.literal}]", [one.json])
    if isinstance(inner, g.GraphQLEnumType):
        name = next(iter(inner.values))
        return Given(name, name)
    if isinstance(inner, g.GraphQLInputObjectType):
        return object_of({name: value_for(each.type) for name, each in required_members(inner).items()})
    json = SCALARS[inner.name]
    return Given(
        g.print_ast(g.ast_from_value(json, inner) or g.NullValueNode()) if inner.name in BUILT_IN else quoted(json),
        json,
    )


BUILT_IN = {"ID", "String", "Int", "Float", "Boolean"}


def quoted(text: str) -> str:
    """A string literal."""
    return g.print_ast(g.StringValueNode(value=text))


def object_of(members: dict[str, Given]) -> Given:
    """An input object with these members."""
    literal = ", ".join(f"{name}: {each.literal}" for name, each in members.items())
    return Given("{" + literal + "}", {name: each.json for name, each in members.items()})


def required_members(type_: Any) -> dict[str, Any]:
    """The members of an input type that must be given."""
    return {name: each for name, each in type_.fields.items() if is_required_input_field(each)}


def call(name: str, field: Any, **more: str) -> str:
    """A field with the arguments and the key it must have, and more arguments as literals."""
    given = {key: value_for(each.type).literal for key, each in field.args.items() if is_required_argument(each)} | more
    arguments = "(" + ", ".join(f"{key}: {value}" for key, value in given.items()) + ")" if given else ""
    return name + arguments + (KEYED if metadata(field).get(REQUIRED) else "")


def paths(schema: g.GraphQLSchema) -> dict[str, str]:
    """For each composite type that can be reached: an operation with a `%` where its fields are selected."""
    roots = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    found: dict[str, str] = {}
    waiting: list[tuple[Any, str]] = [(root, f"{kind} {{ {HOLE} }}") for kind, root in roots.items() if root]
    while waiting:
        type_, path = waiting.pop(0)
        if type_.name in found:
            continue
        found[type_.name] = path
        if g.is_abstract_type(type_):
            waiting += [
                (each, path.replace(HOLE, f"... on {each.name} {{ {HOLE} }}"))
                for each in schema.get_possible_types(type_)
            ]
        for name, field in getattr(type_, "fields", {}).items():
            target = named_type(field.type)
            if g.is_composite_type(target):
                waiting.append((target, path.replace(HOLE, f"{call(name, field)} {{ {HOLE} }}")))
    return found


@dataclass(frozen=True)
class Slot:
    """A place in a document for a value of an input type: an argument of a field, or a member further inside."""

    operation: str
    argument: Any
    inside: tuple[str, ...]

    def filled(self, given: Given) -> str:
        """The operation with this value in the slot, as a literal."""
        return self.operation.replace(HOLE, self._around(given).literal)

    def as_variable(self, given: Given) -> tuple[str, dict[str, Any]]:
        """The operation with the argument as a variable `$v`, and the variables."""
        kind, rest = self.operation.split(" ", 1)
        return f"{kind}($v: {self.argument.type}) {rest}".replace(HOLE, "$v"), {"v": self._around(given).json}

    def _around(self, given: Given) -> Given:
        return around(self.argument.type, self.inside, given)


def around(type_: Any, inside: tuple[str, ...], given: Given) -> Given:
    """The simplest value of a type that holds `given` at a path of members."""
    inner = nullable_type(type_)
    if isinstance(inner, g.GraphQLList):
        one = around(inner.of_type, inside, given)
        return Given(f"[{one.literal}]", [one.json])
    if not inside:
        return given
    name, *rest = inside
    members = {each: value_for(field.type) for each, field in required_members(inner).items()}
    return object_of(members | {name: around(inner.fields[name].type, tuple(rest), given)})


def slots(schema: g.GraphQLSchema) -> dict[str, Slot]:
    """For each input type and enum that some argument takes: a place for a value of it."""
    found: dict[str, Slot] = {}
    for type_name, path in paths(schema).items():
        for name, field in getattr(schema.get_type(type_name), "fields", {}).items():
            composite = g.is_composite_type(named_type(field.type))
            for key, argument in field.args.items():
                written = call(name, field, **{key: HOLE}) + (" { __typename }" if composite else "")
                for target, inside in members_within(argument.type):
                    found.setdefault(target, Slot(path.replace(HOLE, written), argument, inside))
    return found


def members_within(type_: Any, inside: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The input types and enums at and below an input type, with the members that lead to them."""
    inner = named_type(type_)
    if len(inside) > 4:
        return
    yield inner.name, inside
    if isinstance(inner, g.GraphQLInputObjectType):
        for name, field in inner.fields.items():
            yield from members_within(field.type, (*inside, name))
