"""Faults in the marks of the master schema. They stop the start, so that a forgotten mark hides and never shows."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema
from graphql.type import is_required_argument, is_required_input_field

from segments.audiences import EVERYONE
from segments.marked import (
    ALL,
    Audiences,
    children,
    reachable,
    roots_of,
    type_audiences,
    written_audiences,
    written_scopes,
)
from segments.marks import Needs
from segments.scopes import AUDIENCE_SCOPES, SCOPE_NAMES
from segments.strawberry_internals import directives


def check_marks(schema: GraphQLSchema) -> list[str]:
    """Every fault in the marks of the master schema, sorted; deny by default means that an unmarked element is one."""
    roots = roots_of(schema)
    faults: list[str] = []
    for name in reachable(schema, roots):
        type_: Any = schema.type_map[name]
        is_root = type_ in roots
        audiences = ALL if is_root else type_audiences(type_)
        if audiences is None:
            faults.append(f"{name}: declares no audience; add @For(...)")
            continue
        faults += check_scopes(name, type_, audiences, allowed=not isinstance(type_, GraphQLInputObjectType))
        for child, element in children(type_).items():
            faults += check_element(f"{name}.{child}", element, audiences, must_be_marked=is_root)
        if isinstance(type_, GraphQLObjectType):
            faults += check_interface_scopes(type_)
    return sorted(faults)


def check_element(place: str, element: Any, parent: Audiences, *, must_be_marked: bool = False) -> list[str]:
    """Faults of a field, argument or enum value: unmarked at a root, wider than its parent, required of who cannot see it."""
    own = written_audiences(element)
    if own is None and must_be_marked:
        return [f"{place}: declares no audience; add @For(...)"]
    seen_by = parent if own is None else own
    faults = [] if seen_by <= parent else [f"{place}: is for an audience that its type is not for"]
    if seen_by < parent and is_required(element):
        faults.append(f"{place}: is required, so it must be for every audience that its field or type is for")
    is_field = hasattr(element, "args")
    faults += check_scopes(place, element, seen_by, allowed=is_field)
    for name, argument in getattr(element, "args", {}).items():
        faults += check_element(f"{place}({name}:)", argument, seen_by)
    return faults


def is_required(element: Any) -> bool:
    """Whether a request must give this argument or input field."""
    if not hasattr(element, "default_value"):
        return False
    return is_required_argument(element) or is_required_input_field(element)


def check_scopes(place: str, element: Any, audiences: Audiences, *, allowed: bool) -> list[str]:
    """Faults of the scopes an element asks for: where nobody would check them, unknown, or out of an audience's reach."""
    demands = [mark for mark in directives(element) if isinstance(mark, Needs)]
    if demands and not allowed:
        return [f"{place}: scopes are asked for by fields and by types of output only"]
    faults: list[str] = []
    for mark in demands:
        unknown = sorted(set(mark.scopes) - SCOPE_NAMES)
        faults += [f"{place}: needs {scope}, which is no scope of segments/scopes.py" for scope in unknown]
        faults += [
            f"{place}: needs {scope}, which nobody of {audience.value} can hold"
            for audience in EVERYONE
            if audience in audiences and audience in mark.by
            for scope in sorted(SCOPE_NAMES.intersection(mark.scopes) - AUDIENCE_SCOPES[audience])
        ]
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
