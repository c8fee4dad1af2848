"""Faults in marks: each stops the start and names the element, so that what is forgotten is hidden and never shown."""

# ruff: noqa: ARG002 - arguments are declared for the schema alone.
# Annotations are evaluated where they stand, because types that a test declares inside itself have no global names.
import enum
from typing import Annotated, Any

import pytest
import strawberry

from segments.audiences import CONSUMER, DIVISION, EVERYONE, MILITARY, STAFF
from segments.marks import For, Needs
from tests.segments.small_schemas import faults, field_of, query


@For(*EVERYONE)
@strawberry.type
class Product:
    name: str


@For(MILITARY, STAFF)
@strawberry.type
class Weapon:
    name: str


def field(resolve: Any) -> Any:
    return strawberry.field(resolver=resolve, directives=[For(*EVERYONE)])


def test_an_unmarked_type_or_root_field_is_a_fault_that_names_it() -> None:
    @strawberry.type
    class Bare:
        inner: int

    @For(*EVERYONE)
    @strawberry.type
    class Holder:
        bare: Bare

    root = query(thing=Holder, unmarked=strawberry.field(resolver=lambda: 1, graphql_type=int))
    assert faults(root) == [
        "Bare: declares no audience; add @For(...)",
        "Query.unmarked: declares no audience; add @For(...)",
    ]


@pytest.mark.parametrize("kind", ["enum", "input", "interface", "union"])
def test_every_kind_of_type_must_be_marked(kind: str) -> None:
    @strawberry.enum
    class Bare(enum.Enum):
        A = "A"

    @strawberry.input
    class BareInput:
        text: str | None = None

    @strawberry.interface
    class BareInterface:
        name: str

    BareUnion = Annotated[Product | Weapon, strawberry.union("BareUnion")]  # noqa: N806 - it is a type.

    def of_input(filter: BareInput | None = None) -> int:
        return 1

    root = {
        "enum": ("Bare", query(thing=Bare)),
        "input": ("BareInput", query(thing=field(of_input))),
        "interface": ("BareInterface", query(thing=BareInterface)),
        "union": ("BareUnion", query(thing=list[BareUnion])),
    }
    name, made = root[kind]
    assert faults(made) == [f"{name}: declares no audience; add @For(...)"]


def test_nothing_is_for_an_audience_that_its_type_is_not_for() -> None:
    @For(STAFF)
    @strawberry.enum
    class Level(enum.Enum):
        LOW = strawberry.enum_value("LOW", directives=[For(STAFF, CONSUMER)])

    @For(STAFF)
    @strawberry.type
    class Thing:
        name: Annotated[str, For(STAFF, CONSUMER)]
        level: Level

        @strawberry.field(directives=[For(STAFF)])
        def size(self, unit: Annotated[str, For(*EVERYONE)] = "m") -> int:
            return 1

    assert faults(query(thing=field_of(Thing, STAFF), other=str)) == [
        "Level.LOW: is for an audience that its type is not for",
        "Thing.name: is for an audience that its type is not for",
        "Thing.size(unit:): is for an audience that its type is not for",
    ]


def test_a_required_argument_or_member_cannot_be_hidden() -> None:
    @For(*EVERYONE)
    @strawberry.input
    class Order:
        text: str
        secret: Annotated[int, For(STAFF)]

    def by_argument(order: Order | None = None, mode: Annotated[int, For(STAFF)] = strawberry.UNSET) -> int:
        return 1

    assert faults(query(order=field(by_argument))) == [
        "Order.secret: is required, so it must be for every audience that its field or type is for",
        "Query.order(mode:): is required, so it must be for every audience that its field or type is for",
    ]


def test_an_interface_with_other_scopes_than_its_implementation_is_a_fault() -> None:
    @For(STAFF)
    @strawberry.interface
    class Costly:
        cost: int

    @For(STAFF)
    @strawberry.type
    class Thing(Costly):
        cost: Annotated[int, Needs("products:cost")]

    root = query(thing=field_of(Thing, STAFF), costly=field_of(Costly, STAFF))
    assert faults(root) == ["Thing.cost: needs other scopes than Costly.cost"]


@pytest.mark.parametrize("target", ["argument", "input field", "enum value", "input type"])
def test_scopes_on_what_nobody_checks_are_a_fault(target: str) -> None:
    @For(*EVERYONE)
    @strawberry.enum
    class Grade(enum.Enum):
        A = "A"
        B = strawberry.enum_value("B", directives=[Needs("orders:read")] if target == "enum value" else ())

    @For(*EVERYONE)
    @strawberry.input(directives=[Needs("orders:read")] if target == "input type" else ())
    class Filter:
        grade: Annotated[Grade | None, Needs("orders:read") if target == "input field" else None] = None

    text_type = Annotated[str | None, Needs("orders:read") if target == "argument" else None]

    def resolve(filter: Filter | None = None, text: text_type = None) -> int:  # type: ignore[valid-type]
        return 1

    root = query(thing=strawberry.field(resolver=resolve, directives=[For(*EVERYONE)]))
    place = {
        "argument": "Query.thing(text:)",
        "input field": "Filter.grade",
        "enum value": "Grade.B",
        "input type": "Filter",
    }[target]
    assert faults(root) == [f"{place}: scopes are asked for by fields and by types of output only"]


def test_a_scope_must_be_known_and_within_the_audiences_reach() -> None:
    @For(STAFF, DIVISION)
    @strawberry.type
    class Thing:
        cost: Annotated[int, Needs("products:cots")]
        origin: Annotated[int, Needs("programmes:origin")]
        catalogue: Annotated[int, Needs("catalogue:read", by=(DIVISION,))]
        orders: Annotated[int, For(STAFF), Needs("orders:read")]

    assert faults(query(thing=Thing, other=str)) == [
        "Thing.cost: needs products:cots, which is no scope of segments/scopes.py",
        "Thing.origin: needs programmes:origin, which nobody of staff can hold",
    ]
