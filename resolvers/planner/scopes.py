"""Which scopes an operation asks for. Found once per document; compared with what a viewer holds at each request.

Fields ask by their place. Where a field holds an interface or union, it asks for the scopes of every type it may hold, or
`totalCount` and `__typename` would tell of rows whose scope is missing. Only `node` and `nodes` can do better: an id names
its type, so they ask for the scopes of the types that the request's ids name, whether there are such rows or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import graphql as g

from resolvers.planner.errors import InsufficientScope
from resolvers.planner.keys import decode_id
from resolvers.planner.values import Get, Values
from segments.core_types import named_type
from segments.strawberry_internals import metadata, type_arguments

Path = tuple[str, ...]
Scopes = frozenset[str]
# The argument that holds the ids of roots of these kinds.
ID_ARGUMENTS = {"node": "id", "nodes": "ids"}


@dataclass(frozen=True, slots=True)
class Place:
    """A field of an operation, and what it asks for."""

    path: Path
    scopes: Scopes


@dataclass(frozen=True, slots=True)
class IdPlace:
    """A field that reads rows by id: what the types it may hold ask for, and how to get a request's ids."""

    path: Path
    by_type: Mapping[str, Scopes]
    ids: Get

    def scopes(self, variables: Any) -> Scopes:
        """What the types that a request's ids name ask for."""
        given: Any = self.ids(variables)
        named = map(decode_id, cast("list[Any]", given) if isinstance(given, list) else (given,))
        return frozenset[str]().union(*(self.by_type.get(each[0], frozenset()) for each in named if each))


class Demands:
    """Everything that an operation asks for."""

    def __init__(
        self, schema: g.GraphQLSchema, operation: g.OperationDefinitionNode, fragments: Mapping[str, Any]
    ) -> None:
        found = list(places(schema, operation, fragments))
        self.places = [each for each in found if isinstance(each, Place)]
        self.id_places = [each for each in found if isinstance(each, IdPlace)]
        self.scopes: Scopes = frozenset[str]().union(*(each.scopes for each in self.places))

    def check(self, held: Scopes) -> None:
        """Refuse when a scope is missing: the first place that asks for one, and the smallest set that would do."""
        if not self.scopes <= held:
            path = next(each.path for each in self.places if not each.scopes <= held)
            raise InsufficientScope(sorted(self.scopes - held), path)

    def check_ids(self, held: Scopes, variables: Any) -> None:
        """The same for what a request's ids name."""
        for each in self.id_places:
            if missing := each.scopes(variables) - held:
                raise InsufficientScope(sorted(missing), each.path)


def places(
    schema: g.GraphQLSchema, operation: g.OperationDefinitionNode, fragments: Mapping[str, Any]
) -> Iterator[Place | IdPlace]:
    """The places of an operation that ask for scopes; each fragment is walked once per type it is spread on."""
    done: set[tuple[str, str]] = set()

    def walk(type_: Any, selections: Any, path: Path) -> Iterator[Place | IdPlace]:
        for selection in selections.selections:
            if isinstance(selection, g.FieldNode):
                field = getattr(type_, "fields", {}).get(selection.name.value)
                if field is None:
                    continue
                here = (*path, (selection.alias or selection.name).value)
                yield from place(schema, field, selection, here)
                if selection.selection_set:
                    yield from walk(named_type(field.type), selection.selection_set, here)
                continue
            part = selection
            if isinstance(selection, g.FragmentSpreadNode):
                part = fragments[selection.name.value]
                if (selection.name.value, type_.name) in done:
                    continue
                done.add((selection.name.value, type_.name))
            on = schema.get_type(part.type_condition.name.value) if part.type_condition else type_
            yield from walk(on, part.selection_set, path)

    yield from walk(schema.get_root_type(operation.operation), operation.selection_set, ())


def place(schema: g.GraphQLSchema, field: Any, node: Any, path: Path) -> Iterator[Place | IdPlace]:
    """What one field asks for, if it does."""
    by_type = {each.name: each.extensions["needs"] for each in held_types(schema, field)}
    scopes: Scopes = field.extensions["needs"]
    root = metadata(field).get("root")
    argument = ID_ARGUMENTS.get(root.kind) if root is not None else None
    if argument is None:
        scopes = scopes.union(*by_type.values())
    elif any(by_type.values()):
        yield IdPlace(path, by_type, Values(None).argument(field, node, argument))
    if scopes:
        yield Place(path, scopes)


def held_types(schema: g.GraphQLSchema, field: Any) -> list[Any]:
    """The object types that a field of an interface or union may hold, or a connection over one; else none."""
    target = named_type(field.type)
    inner = [schema.get_type(each.name) for each in type_arguments(target)]
    return [
        possible
        for each in (target, *inner)
        if each is not None and g.is_abstract_type(each)
        for possible in schema.get_possible_types(each)  # pyright: ignore[reportArgumentType]
    ]
