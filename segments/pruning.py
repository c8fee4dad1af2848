"""From the master schema to the types one audience sees: clone, drop by marks, drop to a fixed point, keep what is reachable.

Cloning and pruning graphql-core's types is what a view costs: about 100 ms and 3 MiB for 300 types. Building a Strawberry
schema per audience costs 3 to 6 times as much (docs/adr/0003-views.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    DirectiveLocation,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
    validate_schema,
)
from graphql.type import is_required_argument, is_required_input_field

from segments.audiences import Audience
from segments.core_types import named_type, written_value
from segments.marked import (
    children,
    reachable,
    roots_of,
    type_audiences,
    type_scopes,
    written_audiences,
    written_scopes,
)
from segments.strawberry_internals import set_fields, set_interfaces, set_members, set_values, twin


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
        if isinstance(types[name], (GraphQLInterfaceType, GraphQLUnionType)):
            answer_within_view(types[name], schema)
    view = GraphQLSchema(
        *kept,
        types=[type_ for name, type_ in types.items() if name in seen],
        directives=[
            each for each in schema.directives if is_specified_directive(each) or is_for_operations(each, kept[1])
        ],
    )
    faults += [error.message for error in validate_schema(view)]
    faults += [fault for name in seen & types.keys() for fault in check_defaults(name, types[name])]
    return view, sorted(set(faults))


def is_for_operations(directive: GraphQLDirective, mutations: Any) -> bool:
    """Whether clients of this view write a directive of ours. Those that mark the schema are no part of any view."""
    return DirectiveLocation.FIELD in directive.locations and mutations is not None


def note_scopes(type_: Any, audience: Audience) -> None:
    """Write on a type and on each of its fields the scopes it asks for: a field's own, its type's and its result's."""
    type_.extensions = {**type_.extensions, "needs": type_scopes(type_, audience)}
    for field in getattr(type_, "fields", {}).values():
        target = named_type(field.type)
        field.extensions["needs"] = frozenset[str]().union(
            type_scopes(type_, audience), written_scopes(field, audience), type_scopes(target, audience)
        )


def check_defaults(name: str, type_: Any) -> Iterator[str]:
    """Defaults that name what the view hides: introspection would show it, or fail."""
    for child, field in getattr(type_, "fields", {}).items():
        arguments = {f"{name}.{child}({key}:)": argument for key, argument in getattr(field, "args", {}).items()}
        inputs = {f"{name}.{child}": field} if isinstance(type_, GraphQLInputObjectType) else {}
        for place, element in (arguments | inputs).items():
            if not can_be_written(element.default_value, element.type):
                yield f"{place}: its default is hidden in a view that shows the element"


def can_be_written(value: Any, type_: Any) -> bool:
    """Whether a default has a literal in the view."""
    target = named_type(type_)
    if (
        isinstance(value, dict)
        and isinstance(target, GraphQLInputObjectType)
        and not value.keys() <= target.fields.keys()
    ):
        return False
    try:
        written_value(value, type_)
    except (ValueError, TypeError, GraphQLError):
        return False
    return True


class NotInViewError(Exception):
    """A resolver returned an object whose type this view does not have. Its text names nothing: clients may see it."""


def answer_within_view(type_: Any, master: GraphQLSchema) -> None:
    """Find the type of a value by the whole schema, then ask whether the view has it.

    Asking the view alone is unsafe: Strawberry takes any object that shares an interface for an object of a type, so a
    hidden type's object would be served as its sibling. And graphql-core's own error names the hidden type.
    """
    inner, whole = type_.resolve_type, master.type_map[type_.name]

    def resolve_type(value: Any, info: Any, asked: Any) -> Any:
        try:
            found = inner(value, info._replace(schema=master), whole)
        except Exception as error:
            raise NotInViewError("no type of this view") from error
        if found not in {each.name for each in info.schema.get_possible_types(asked)}:
            raise NotInViewError("no type of this view")
        return found

    if inner is not None:
        type_.resolve_type = resolve_type
