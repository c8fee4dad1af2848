"""The marks a schema module writes: `For`, who may see an element, and `Needs`, which scopes it asks for.

Both are schema directives, so that the master SDL shows them. They may stand as decorators on types and fields, in
`Annotated[...]` on fields and arguments, or in `directives=[...]` where Strawberry takes no decorator.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_args, get_origin

import strawberry
from strawberry.schema_directive import Location

from segments.audiences import EVERYONE, Audience
from segments.strawberry_internals import add_directive

T = TypeVar("T")
OUTPUTS = [
    Location.OBJECT,
    Location.INTERFACE,
    Location.UNION,
    Location.ENUM,
    Location.SCALAR,
    Location.FIELD_DEFINITION,
]
PLACES = [
    *OUTPUTS,
    Location.ENUM_VALUE,
    Location.INPUT_OBJECT,
    Location.ARGUMENT_DEFINITION,
    Location.INPUT_FIELD_DEFINITION,
]
strawberry.enum(Audience)


class Mark:
    """Something a schema module says of an element. As a decorator it returns what it decorates."""

    # Strawberry hashes the annotations of resolvers; the dataclass it makes of a directive would drop the hash.
    __hash__ = object.__hash__

    def __call__(self, target: T) -> T:
        """Add this mark to a type or a field."""
        add_directive(target, self)
        return target


@strawberry.schema_directive(locations=PLACES, name="for")
class For(Mark):
    """The audiences that may see the element. On a field it narrows the audiences of its type, never widens them."""

    __hash__ = object.__hash__
    audiences: list[Audience]

    def __init__(self, *audiences: Audience) -> None:
        if not audiences:
            raise TypeError("For() names at least one audience")
        self.audiences = list(audiences)


@strawberry.schema_directive(locations=OUTPUTS, name="needs", repeatable=True)
class Needs(Mark):
    """The scopes an operation that selects the element must hold, all of them.

    On a type it counts for every field of it and every field that leads to it, so that no path goes around it.
    `by` limits the demand to some audiences: the division asks for a scope where customers need none.
    """

    __hash__ = object.__hash__
    scopes: list[str]
    by: list[Audience]

    def __init__(self, *scopes: str, by: tuple[Audience, ...] = EVERYONE) -> None:
        if not scopes or not by:
            raise TypeError("Needs() names at least one scope, and audiences that it is asked of")
        self.scopes = list(scopes)
        self.by = list(by)


def marks_on(annotation: Any) -> list[Mark]:
    """The marks written on an annotation itself; those further in belong to a type argument."""
    found: list[Mark] = []
    while get_origin(annotation) is Annotated:
        annotation, *notes = get_args(annotation)
        found += [note for note in notes if isinstance(note, Mark)]
    return found


def publish_enum(kind: type[enum.Enum], *audiences: Audience, name: str | None = None) -> None:
    """Make an enum of the domain a GraphQL enum for these audiences; its values are its labels in the database."""
    For(*audiences)(strawberry.enum(kind, name=name))


class Of:
    """Written in `Annotated[ID, Of("Customer")]`: the id must be one of that type; another id names nothing."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name


class Through:
    """Written in `Annotated[str | None, Through(function)]`: what a condition receives is what the function makes of it.

    For what SQL cannot do, such as the segmentation of a Chinese question into words. The function receives a checked
    value that is not null, and refuses none: whatever it receives it makes something of.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function


def notes_in(annotation: Any, kind: type[T]) -> list[T]:
    """The notes of a kind written inside an `Annotated`, through optional and list types."""
    found: list[T] = []
    while get_origin(annotation) is Annotated:
        annotation, *notes = get_args(annotation)
        found += [note for note in notes if isinstance(note, kind)]
    for inner in get_args(annotation):
        found += notes_in(inner, kind)
    return found
