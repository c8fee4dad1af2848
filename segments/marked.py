"""What the marks say of the elements of a graphql-core schema: who may see one, and which scopes it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    is_introspection_type,
)

from segments.audiences import EVERYONE, Audience
from segments.core_types import named_type
from segments.marks import For, Needs
from segments.strawberry_internals import directives, type_arguments

Audiences = frozenset[Audience]
Scopes = frozenset[str]
ALL: Audiences = frozenset(EVERYONE)


def written_audiences(element: Any) -> Audiences | None:
    """The audiences an element's own marks name; several marks narrow each other. None without a mark."""
    return shared_by([frozenset(mark.audiences) for mark in directives(element) if isinstance(mark, For)])


def shared_by(found: list[Audiences]) -> Audiences | None:
    """The audiences that all of them name; None where there are none."""
    return reduce(lambda left, right: left & right, found) if found else None


def written_scopes(element: Any, audience: Audience) -> Scopes:
    """The scopes an element's own marks ask of an audience."""
    return scopes_in(directives(element), audience)


def scopes_in(marks: Iterable[Any], audience: Audience) -> Scopes:
    """The scopes that marks ask of an audience, all of them together."""
    demands = [mark for mark in marks if isinstance(mark, Needs) and audience in mark.by]
    return frozenset(scope for mark in demands for scope in mark.scopes)


def type_audiences(type_: Any) -> Audiences | None:
    """Who may see a type: its own mark; a generic type is seen by who sees what it was made with; scalars by all."""
    own = written_audiences(type_)
    if own is not None:
        return own
    if isinstance(type_, GraphQLScalarType):
        return ALL
    found = [
        frozenset(mark.audiences)
        for made_with in type_arguments(type_)
        for mark in made_with.directives or ()
        if isinstance(mark, For)
    ]
    return shared_by(found)


def type_scopes(type_: Any, audience: Audience) -> Scopes:
    """The scopes that a type asks for: by its own marks, and a generic type by the marks of what it was made with.

    Without the latter, a connection's `totalCount` would count rows of a type whose scope is missing.
    """
    inner = [scopes_in(made_with.directives or (), audience) for made_with in type_arguments(type_)]
    return written_scopes(type_, audience).union(*inner)


def children(type_: Any) -> dict[str, Any]:
    """The fields of a type, or the values of an enum."""
    return type_.values if isinstance(type_, GraphQLEnumType) else getattr(type_, "fields", {})


def roots_of(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    """Query, Mutation and Subscription, as far as there are such."""
    return [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root]


def neighbours(schema: GraphQLSchema, type_: Any) -> Iterator[GraphQLNamedType]:
    """The types that a type names, and for an interface those that implement it."""
    yield from getattr(type_, "interfaces", ())
    yield from getattr(type_, "types", ())
    for field in getattr(type_, "fields", {}).values():
        yield named_type(field.type)
        for argument in getattr(field, "args", {}).values():
            yield named_type(argument.type)
    if isinstance(type_, GraphQLInterfaceType):
        yield from schema.get_possible_types(type_)


def reachable(schema: GraphQLSchema, roots: Iterable[Any], gone: frozenset[str] = frozenset()) -> set[str]:
    """The names of the types that can be reached from the roots without passing a type that is gone."""
    seen: set[str] = set()
    stack = list(roots)
    while stack:
        type_ = stack.pop()
        if type_.name in seen or type_.name in gone or is_introspection_type(type_):
            continue
        seen.add(type_.name)
        stack += neighbours(schema, type_)
    return seen
