"""From the master schema to the types one audience sees: clone, drop by marks, drop to a fixed point, keep what is reachable.

Cloning and pruning graphql-core's types is what a view costs: about 100 ms and 3 MiB for 300 types. Building a Strawberry
schema per audience costs 3 to 6 times as much (docs/adr/0003-views.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
    validate_schema,
)
from graphql.type import is_required_argument, is_required_input_field

from segments.audiences import EVERYONE, Audience
from segments.core_types import named_type
from segments.marks import For, Needs
from segments.strawberry_internals import (
    directives,
    set_fields,
    set_interfaces,
    set_members,
    set_values,
    twin,
    type_arguments,
)

Audiences = frozenset[Audience]
ALL: Audiences = frozenset(EVERYONE)


def written_audiences(element: Any) -> Audiences | None:
    """The audiences an element's own marks name; several marks narrow each other. None without a mark."""
    found = [frozenset(mark.audiences) for mark in directives(element) if isinstance(mark, For)]
    return shared_by(found)


def shared_by(found: list[Audiences]) -> Audiences | None:
    """The audiences that all of them name; None where there are none."""
    return reduce(lambda left, right: left & right, found) if found else None


def written_scopes(element: Any, audience: Audience) -> frozenset[str]:
    """The scopes an element's own marks ask of an audience."""
    demands = [mark for mark in directives(element) if isinstance(mark, Needs) and audience in mark.by]
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


def children(type_: Any) -> dict[str, Any]:
    """The fields of a type, or the values of an enum."""
    return type_.values if isinstance(type_, GraphQLEnumType) else getattr(type_, "fields", {})


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


def roots_of(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    """Query, Mutation and Subscription, as far as there are such."""
    return [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root]


def check_marks(schema: GraphQLSchema) -> list[str]:
    """Every fault in the marks of the master schema, sorted; deny by default means that an unmarked element is one."""
    roots = roots_of(schema)
    faults: list[str] = []
    for name in reachable(schema, roots):
        type_ = schema.type_map[name]
        is_root = type_ in roots
        audiences = ALL if is_root else type_audiences(type_)
        if audiences is None:
            faults.append(f"{name}: declares no audience; add @For(...)")
            continue
        for child, element in children(type_).items():
            faults += check_element(f"{name}.{child}", element, audiences, must_be_marked=is_root)
        if isinstance(type_, GraphQLObjectType):
            faults += check_interface_scopes(type_)
    return sorted(faults)


def check_element(place: str, element: Any, parent: Audiences, *, must_be_marked: bool = False) -> list[str]:
    """Faults of a field, argument or enum value: unmarked at a root, or wider than what it belongs to."""
    own = written_audiences(element)
    if own is None and must_be_marked:
        return [f"{place}: declares no audience; add @For(...)"]
    faults = [] if own is None or own <= parent else [f"{place}: is for an audience that its type is not for"]
    for name, argument in getattr(element, "args", {}).items():
        faults += check_element(f"{place}({name}:)", argument, own or parent)
    return faults


def check_interface_scopes(type_: GraphQLObjectType) -> list[str]:
    """A field must ask for the same scopes through its interface as through its type, or the interface is a way around."""
    return [
        f"{type_.name}.{name}: needs other scopes than {interface.name}.{name}"
        for interface in type_.interfaces
        for name, field in interface.fields.items()
        if name in type_.fields
        and any(written_scopes(field, each) != written_scopes(type_.fields[name], each) for each in EVERYONE)
    ]


def clone(schema: GraphQLSchema) -> dict[str, Any]:
    """Copies of the schema's own types that refer to each other, so that changing them leaves the master whole."""
    copies: dict[str, Any] = {
        name: twin(type_)
        for name, type_ in schema.type_map.items()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    }

    def refer(type_: Any) -> Any:
        return type(type_)(refer(type_.of_type)) if hasattr(type_, "of_type") else copies.get(type_.name, type_)

    def copied(element: Any) -> Any:
        new = twin(element)
        new.type, new.extensions = refer(element.type), dict(element.extensions)
        if hasattr(element, "args"):
            new.args = {name: copied(argument) for name, argument in element.args.items()}
        return new

    for name, new in copies.items():
        old: Any = schema.type_map[name]
        if hasattr(old, "fields"):
            set_fields(new, {field: copied(element) for field, element in old.fields.items()})
        if hasattr(old, "interfaces"):
            set_interfaces(new, tuple(copies[interface.name] for interface in old.interfaces))
        if isinstance(old, GraphQLUnionType):
            set_members(new, tuple(copies[member.name] for member in old.types))
    return copies


def drop_by_marks(types: dict[str, Any], roots: set[str], audience: Audience) -> set[str]:
    """Remove what the marks hide from this audience; returns the names of the hidden types."""

    def shown(element: Any) -> bool:
        own = written_audiences(element)
        return own is None or audience in own

    gone: set[str] = set()
    for name, type_ in types.items():
        if name not in roots and audience not in (type_audiences(type_) or ()):
            gone.add(name)
            continue
        kept = {child: element for child, element in children(type_).items() if shown(element)}
        for element in kept.values():
            if isinstance(element, GraphQLField):
                element.args = {key: argument for key, argument in element.args.items() if shown(argument)}
        if isinstance(type_, GraphQLEnumType):
            set_values(type_, kept, hides_values=len(kept) < len(type_.values))
        elif hasattr(type_, "fields"):
            set_fields(type_, kept)
    return gone


def drop_dangling(types: dict[str, Any], gone: set[str]) -> list[str]:
    """Remove, to a fixed point, all that names a type that is gone; adds emptied types to `gone` and returns faults."""
    faults: list[str] = []
    changed = True
    while changed:
        changed = False
        for name in types.keys() - gone:
            emptied, touched = drop_dangling_in(name, types[name], gone, faults)
            changed = changed or touched or emptied
            if emptied:
                gone.add(name)
    return faults


def drop_dangling_in(name: str, type_: Any, gone: set[str], faults: list[str]) -> tuple[bool, bool]:
    """Remove from one type what names a type that is gone; returns whether it is empty now, and whether it changed."""
    if hasattr(type_, "interfaces"):
        set_interfaces(type_, tuple(each for each in type_.interfaces if each.name not in gone))
    if isinstance(type_, GraphQLUnionType):
        set_members(type_, tuple(member for member in type_.types if member.name not in gone))
        return not type_.types, False
    if isinstance(type_, GraphQLEnumType):
        return not type_.values, False
    if not hasattr(type_, "fields"):
        return False, False
    kept: dict[str, Any] = {}
    for key, field in type_.fields.items():
        for argument in [each for each, a in getattr(field, "args", {}).items() if named_type(a.type).name in gone]:
            if is_required_argument(field.args[argument]):
                faults.append(f"{name}.{key}({argument}:): is required but its type is hidden")
            del field.args[argument]
        if named_type(field.type).name not in gone:
            kept[key] = field
        elif isinstance(type_, GraphQLInputObjectType) and is_required_input_field(field):
            faults.append(f"{name}.{key}: is required but its type is hidden")
    touched = len(kept) != len(type_.fields)
    set_fields(type_, kept)
    return not kept, touched


def prune(schema: GraphQLSchema, audience: Audience) -> tuple[GraphQLSchema, list[str]]:
    """The schema of one audience, valid by graphql-core's own rules, or the faults that forbid it."""
    types = clone(schema)
    roots = {root.name for root in roots_of(schema)}
    gone = drop_by_marks(types, roots, audience)
    faults = drop_dangling(types, gone)

    def root(type_: GraphQLObjectType | None) -> Any:
        return None if type_ is None or type_.name in gone else types[type_.name]

    kept = [root(schema.query_type), root(schema.mutation_type), root(schema.subscription_type)]
    # An interface's possible types are known to a schema alone, so reachability needs one over the pruned types.
    whole = GraphQLSchema(*kept, types=[type_ for name, type_ in types.items() if name not in gone])
    seen = reachable(whole, [each for each in kept if each], frozenset(gone))
    for name in seen & types.keys():
        note_scopes(types[name], audience)
    view = GraphQLSchema(
        *kept,
        types=[type_ for name, type_ in types.items() if name in seen],
        directives=[each for each in schema.directives if is_specified_directive(each)],
    )
    faults += [error.message for error in validate_schema(view)]
    return view, sorted(set(faults))


def note_scopes(type_: Any, audience: Audience) -> None:
    """Write on each field the scopes it asks for: its own, its type's and those of the type it leads to."""
    for field in getattr(type_, "fields", {}).values():
        sources = (type_, field, named_type(field.type))
        field.extensions["needs"] = frozenset[str]().union(*(written_scopes(each, audience) for each in sources))
