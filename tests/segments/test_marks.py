"""Marks: where they may be written, what they collect, and that a mark written in the wrong place stops the start."""

# ruff: noqa: ARG002 - arguments are declared for the schema alone.
# Annotations are evaluated where they stand, because types that a test declares inside itself have no global names.
import enum
from typing import Annotated, Any, Generic, Optional, TypeVar

import pytest
import strawberry

from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, EVERYONE, STAFF
from segments.mark_faults import check_marks
from segments.marks import For, Mark, Needs, Of, marks_on, notes_in, publish_enum
from segments.strawberry_internals import definition_of
from segments.views import MasterSchema
from tests.segments.small_schemas import faults, field_of, query, sdl, views

T = TypeVar("T")


def test_a_mark_names_somebody() -> None:
    with pytest.raises(TypeError, match="at least one audience"):
        For()
    with pytest.raises(TypeError, match="at least one scope"):
        Needs()
    with pytest.raises(TypeError, match="at least one scope"):
        Needs("orders:read", by=())


def test_a_mark_goes_above_the_decorator_that_makes_the_type() -> None:
    with pytest.raises(TypeError, match="above the decorator"):

        @strawberry.type
        @For(STAFF)
        class Thing:
            name: str


def test_marks_collect_as_decorators_in_annotated_and_in_directives() -> None:
    @For(*EVERYONE)
    @strawberry.type
    class Thing:
        name: Annotated[str, For(STAFF)]
        size: int = strawberry.field(directives=[For(STAFF)])

        @For(STAFF)
        @strawberry.field
        def weight(self) -> int:
            return 1

        override: Annotated[str, For(STAFF)] = strawberry.field(resolver=lambda: 1, graphql_type=int)

        @strawberry.field
        def price(self, unit: Annotated[str, For(STAFF)] = "CNY") -> Annotated[int, For(STAFF)]:
            return 1

        @strawberry.field
        def stock(self, place: Annotated[str | None, For(STAFF)] = None) -> int:
            return 1

    assert "type Thing {\n  stock: Int!\n}" in sdl(views(query(thing=Thing))[CONSUMER])
    assert "  stock(place: String = null): Int!" in sdl(views(query(thing=Thing))[STAFF])


def test_several_marks_narrow_each_other() -> None:
    @For(CONSUMER, STAFF)
    @For(ENTERPRISE, STAFF)
    @strawberry.type
    class Thing:
        name: str

    made = views(query(thing=Thing, other=str))
    assert [audience for audience in EVERYONE if "Thing" in made[audience].core.type_map] == [STAFF]


def test_scopes_of_several_marks_add_up() -> None:
    @For(STAFF)
    @Needs("orders:read")
    @strawberry.type
    class Thing:
        cost: Annotated[int, Needs("products:cost")]

    fields = views(query(thing=Thing, other=str))[STAFF].core.get_type("Thing").fields
    assert fields["cost"].extensions["needs"] == {"orders:read", "products:cost"}


# A mark that Strawberry would drop silently would leave the field open to everyone.
def test_a_mark_inside_a_type_is_a_fault_that_names_the_field() -> None:
    @For(*EVERYONE)
    @strawberry.type
    class Thing:
        optional: Annotated[str, For(STAFF)] | None
        written_out: Optional[Annotated[str, For(STAFF)]]  # noqa: UP045 - this spelling is what the test is about.
        listed: list[Annotated[str, For(STAFF)]]
        deep: Annotated[list[Annotated[str, Needs("orders:read")] | None], For(STAFF)]

        @strawberry.field
        def argument(self, text: Annotated[str, For(STAFF)] | None = None) -> int:
            return 1

    found = faults(query(thing=Thing))
    assert [line.split(":")[0] for line in found] == [
        "Thing.argument(text",
        "Thing.deep",
        "Thing.listed",
        "Thing.optional",
        "Thing.written_out",
    ]
    assert "inside its type" in found[1]


def test_a_mark_beside_a_lazy_type_counts() -> None:
    @For(*EVERYONE)
    @strawberry.type
    class Thing:
        @strawberry.field
        def parent(
            self,
            of: Annotated["Kind", strawberry.lazy("tests.segments.test_marks"), For(STAFF)] | None = None,
        ) -> int:
            return 1

    # Written like this, the mark is inside the optional type.
    assert faults(query(thing=Thing)) == [
        "Thing.parent(of:): its mark is inside its type; write Annotated[X | None, For(...)]"
    ]

    @For(*EVERYONE)
    @strawberry.type
    class Other:
        @strawberry.field
        def parent(
            self, of: Annotated["Kind", strawberry.lazy("tests.segments.test_marks"), For(STAFF)] = strawberry.UNSET
        ) -> int:
            return 1

    # Strawberry forgets all other notes of an argument of a lazy type; required, it cannot be hidden.
    assert faults(query(other=Other)) == [
        "Other.parent(of:): is required, so it must be for every audience that its field or type is for"
    ]


@For(*EVERYONE)
@strawberry.enum
class Kind(enum.Enum):
    A = "A"


def test_a_mark_on_a_field_of_a_generic_type_counts() -> None:
    @strawberry.type
    class Box(Generic[T]):
        content: T
        spare: Annotated[T | None, For(STAFF)]
        number: Annotated[int, For(STAFF)]

    @For(*EVERYONE)
    @strawberry.type
    class Thing:
        name: str

    made = views(query(box=Box[Thing]))
    assert "type ThingBox {\n  content: Thing!\n}" in sdl(made[CONSUMER])
    assert "spare" in sdl(made[STAFF])


def test_a_generic_type_is_seen_by_who_sees_what_it_was_made_with() -> None:
    @strawberry.type
    class Box(Generic[T]):
        content: T

    @For(STAFF)
    @Needs("products:cost")
    @strawberry.type
    class Thing:
        name: str

    made = views(query(box=field_of(Box[Thing], STAFF), other=str))
    assert "ThingBox" not in made[CONSUMER].core.type_map
    # Without the scope on the box itself, its other fields would tell of the things inside.
    staff = made[STAFF].core
    assert staff.query_type.fields["box"].extensions["needs"] == {"products:cost"}


def test_needs_by_asks_some_audiences_only() -> None:
    @For(*EVERYONE)
    @strawberry.type
    class Thing:
        name: Annotated[str, Needs("catalogue:read", by=(DIVISION,))]

    made = views(query(thing=Thing))
    asked = {
        audience: made[audience].core.get_type("Thing").fields["name"].extensions["needs"] for audience in EVERYONE
    }
    assert asked == {audience: {"catalogue:read"} if audience is DIVISION else set() for audience in EVERYONE}


def test_marks_on_takes_the_outer_ones_and_notes_in_takes_all() -> None:
    annotation = Annotated[Annotated[list[Annotated[str, Of("Inner")]], For(STAFF)], Needs("orders:read"), Of("Outer")]
    assert [type(mark) for mark in marks_on(annotation)] == [For, Needs]
    assert [note.type_name for note in notes_in(annotation, Of)] == ["Outer", "Inner"]
    assert not notes_in(str | None, Mark)


def test_a_published_enum_is_marked_and_keeps_its_labels() -> None:
    class Level(enum.Enum):
        LOW = "LOW"

    publish_enum(Level, STAFF, name="Height")
    made: Any = definition_of(Level)
    assert made.name == "Height"
    assert [mark.audiences for mark in made.directives] == [[STAFF]]


def test_the_master_shows_its_marks() -> None:
    @For(STAFF)
    @strawberry.type
    class Thing:
        cost: Annotated[int, Needs("products:cost", by=(STAFF,))]

    master = MasterSchema(query=query(thing=field_of(Thing, STAFF)))
    assert not check_marks(master.core)
    text = master.as_str()
    assert "type Thing @for(audiences: [STAFF])" in text
    assert 'cost: Int! @needs(scopes: ["products:cost"], by: [STAFF])' in text
    assert "directive @for(" in text
    assert "directive @needs(" in text
