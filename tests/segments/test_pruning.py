"""Cutting a view out of the master: what the marks hide is gone, with all that names it, and the rest is a valid schema."""

# Annotations are evaluated where they stand, because types that a test declares inside itself have no global names.
import enum
import tracemalloc
from typing import Annotated, Any

import graphql as g
import pytest
import strawberry

from segments.audiences import CONSUMER, ENTERPRISE, EVERYONE, MILITARY, STAFF
from segments.marked import reachable
from segments.marks import For, Needs
from segments.pruning import clone, prune
from segments.views import MasterSchema, ViewError, compile_views
from tests.segments.small_schemas import faults, field_of, query, sdl, views


@For(*EVERYONE)
@strawberry.enum
class Grade(enum.Enum):
    PLAIN = "PLAIN"
    BATTLE = strawberry.enum_value("BATTLE", directives=[For(MILITARY, STAFF)])


@For(*EVERYONE)
@strawberry.interface
class Named:
    name: str


@For(*EVERYONE)
@strawberry.type
class Product(Named):
    name: str
    grade: Grade | None
    cost: Annotated[int, For(STAFF)]


@For(MILITARY, STAFF)
@strawberry.type
class Weapon(Named):
    name: str
    calibre: int


@For(STAFF)
@strawberry.type
class Tender:
    winner: str


Hit = Annotated[Product | Weapon | Tender, strawberry.union("Hit", directives=[For(*EVERYONE)])]


@For(*EVERYONE)
@strawberry.input
class Filter:
    text: str | None = None
    grade: Grade | None = None
    margin: Annotated[int | None, For(STAFF)] = None


def field(resolve: Any, *audiences: Any) -> Any:
    return strawberry.field(resolver=resolve, directives=[For(*(audiences or EVERYONE))])


def listed(
    filter: Filter | None = None, grade: Grade = Grade.PLAIN, all: Annotated[bool, For(STAFF)] = False
) -> list[Product]:
    return []


ROOT = query(
    products=field(listed),
    weapons=field_of(list[Weapon], MILITARY, STAFF),
    search=list[Hit],
    named=Named | None,
)


def test_what_is_hidden_is_gone_everywhere() -> None:
    made = views(ROOT)
    assert (
        sdl(made[CONSUMER])
        == """\
type Query {
  products(filter: Filter = null, grade: Grade! = PLAIN): [Product!]!
  search: [Hit!]!
  named: Named
}

type Product implements Named {
  name: String!
  grade: Grade
}

interface Named {
  name: String!
}

enum Grade {
  PLAIN
}

input Filter {
  text: String = null
  grade: Grade = null
}

union Hit = Product"""
    )
    for hidden in ("Weapon", "BATTLE"):
        assert [audience for audience in EVERYONE if hidden in sdl(made[audience])] == [MILITARY, STAFF]
    for hidden in ("Tender", "margin", "cost", "all:"):
        assert [audience for audience in EVERYONE if hidden in sdl(made[audience])] == [STAFF]


def test_no_view_has_a_directive_of_ours() -> None:
    for view in views(ROOT).values():
        assert {each.name for each in view.core.directives} <= {each.name for each in g.specified_directives}
        assert "Audience" not in view.core.type_map


def test_the_master_stays_whole() -> None:
    master = MasterSchema(query=ROOT)
    before = g.print_schema(master.core)
    compile_views(master)
    assert g.print_schema(master.core) == before
    assert "Weapon" in before
    shared = [
        name
        for name, type_ in compile_views(master)[STAFF].core.type_map.items()
        if type_ is master.core.type_map[name]
    ]
    assert all(
        g.is_introspection_type(master.core.type_map[name]) or g.is_specified_scalar_type(master.core.type_map[name])
        for name in shared
    )


def test_a_required_argument_or_member_of_a_hidden_type_is_a_fault() -> None:
    @For(STAFF)
    @strawberry.enum
    class Caveat(enum.Enum):
        A = "A"

    @For(*EVERYONE)
    @strawberry.input
    class Order:
        text: str
        caveat: Caveat

    def by_argument(order: Order | None = None) -> int:
        return 1

    def by_caveat(caveat: Caveat) -> int:
        return 1

    assert faults(query(order=field(by_argument), plain=field(by_caveat))) == [
        "Order.caveat: is required but its type is hidden",
        "Query.plain(caveat:): is required but its type is hidden",
    ]


def test_an_optional_argument_of_a_hidden_type_goes_with_it() -> None:
    @For(STAFF)
    @strawberry.input
    class Inner:
        text: str

    def by_argument(inner: Inner | None = None, other: int = 3) -> int:
        return other

    made = views(query(thing=field(by_argument)))
    assert "thing(other: Int! = 3): Int!" in sdl(made[CONSUMER])
    assert "thing(inner: Inner = null, other: Int! = 3): Int!" in sdl(made[STAFF])


def test_a_default_that_names_what_is_hidden_is_a_fault() -> None:
    @For(*EVERYONE)
    @strawberry.input
    class WithDefault:
        grade: Grade = Grade.BATTLE

    def by_grade(grade: Grade = Grade.BATTLE, filter: WithDefault | None = None) -> int:
        return 1

    def by_list(grades: list[Grade] = (Grade.PLAIN, Grade.BATTLE)) -> int:  # type: ignore[assignment]
        return 1

    assert faults(query(thing=field(by_grade), list=field(by_list))) == [
        "Query.list(grades:): its default is hidden in a view that shows the element",
        "Query.thing(grade:): its default is hidden in a view that shows the element",
        "WithDefault.grade: its default is hidden in a view that shows the element",
    ]


def test_emptied_types_go_and_all_that_names_them_to_a_fixed_point() -> None:
    @For(*EVERYONE)
    @strawberry.type
    class Innermost:
        secret: Annotated[int, For(STAFF)]

    @For(*EVERYONE)
    @strawberry.type
    class Inner:
        innermost: Innermost

    @For(*EVERYONE)
    @strawberry.input
    class Emptied:
        secret: Annotated[int | None, For(STAFF)] = None

    @For(*EVERYONE)
    @strawberry.enum
    class EmptiedEnum(enum.Enum):
        A = strawberry.enum_value("A", directives=[For(STAFF)])

    Either = Annotated[Inner | Innermost, strawberry.union("Either", directives=[For(*EVERYONE)])]  # noqa: N806 - it is a type.

    def of(emptied: Emptied | None = None, kind: EmptiedEnum | None = None) -> int:
        return 1

    made = views(query(inner=Inner, either=Either | None, other=field(of)))
    assert sdl(made[CONSUMER]) == "type Query {\n  other: Int!\n}"
    assert "union Either = Inner | Innermost" in sdl(made[STAFF])


def test_types_that_only_hidden_fields_reach_are_gone() -> None:
    @For(*EVERYONE)
    @strawberry.type
    class Deep:
        name: str

    @For(*EVERYONE)
    @strawberry.type
    class Bridge:
        deep: Deep

    made = views(query(bridge=field_of(Bridge, STAFF), other=str))
    assert set(made[CONSUMER].core.type_map) & {"Bridge", "Deep"} == set()
    assert "Deep" in made[STAFF].core.type_map


def test_implementations_are_reached_through_their_interface() -> None:
    made = views(query(named=Named | None), types=[Product, Weapon])
    assert "Product" in made[CONSUMER].core.type_map
    assert "Weapon" not in made[CONSUMER].core.type_map
    assert {each.name for each in made[CONSUMER].core.get_possible_types(made[CONSUMER].core.get_type("Named"))} == {
        "Product"
    }


def test_an_interface_that_is_hidden_leaves_its_implementations() -> None:
    @For(STAFF)
    @strawberry.interface
    class Audited:
        name: str

    @For(*EVERYONE)
    @strawberry.type
    class Thing(Audited):
        name: str

    made = views(query(thing=Thing))
    assert "type Thing {" in sdl(made[CONSUMER])
    assert "type Thing implements Audited {" in sdl(made[STAFF])


def test_a_view_that_is_no_valid_schema_is_a_fault() -> None:
    @For(*EVERYONE)
    @strawberry.interface
    class Priced:
        price: int

    @For(*EVERYONE)
    @strawberry.type
    class Thing(Priced):
        name: str
        price: Annotated[int, For(STAFF)]

    [fault] = faults(query(thing=Thing))
    assert "Priced.price expected but Thing does not provide it" in fault.replace("'", "")


def test_a_view_without_a_query_is_a_fault() -> None:
    assert faults(query(thing=field_of(str, STAFF))) == ["Query root type must be provided."]


def test_all_faults_are_told_at_once_and_of_the_view_they_are_in() -> None:
    master = MasterSchema(query=query(thing=field_of(str, STAFF)))
    compile_views(master, (STAFF,))
    with pytest.raises(ViewError):
        compile_views(master, (STAFF, ENTERPRISE))


def test_scopes_come_from_the_field_its_type_and_the_type_it_leads_to() -> None:
    @For(STAFF)
    @Needs("orders:read")
    @strawberry.type
    class Order:
        number: str
        cost: Annotated[int, Needs("products:cost")]

    @For(STAFF)
    @strawberry.type
    class Customer:
        orders: list[Order]
        name: str

    staff = views(query(customer=field_of(Customer, STAFF), other=str))[STAFF].core
    customer, order = staff.get_type("Customer"), staff.get_type("Order")
    assert customer.fields["orders"].extensions["needs"] == {"orders:read"}
    assert customer.fields["name"].extensions["needs"] == frozenset()
    assert order.fields["cost"].extensions["needs"] == {"orders:read", "products:cost"}
    assert order.extensions["needs"] == {"orders:read"}


def test_a_copy_refers_to_copies_only() -> None:
    master = MasterSchema(query=ROOT).core
    copies = clone(master)
    for name, copied in copies.items():
        old = master.type_map[name]
        assert copied is not old
        assert type(copied) is type(old)
        assert copied.extensions == old.extensions
        for each in [*getattr(copied, "interfaces", ()), *getattr(copied, "types", ())]:
            assert each is copies[each.name]
        for each in getattr(copied, "fields", {}).values():
            target: Any = g.get_named_type(each.type)
            assert target is copies.get(target.name, target)


def test_reachability_does_not_pass_what_is_gone() -> None:
    master = MasterSchema(query=ROOT).core
    seen = reachable(master, [master.query_type], frozenset({"Hit"}))
    assert {"Product", "Weapon"} <= seen
    assert {"Hit", "Tender"} & seen == set()


def test_a_view_shares_all_but_its_types_with_the_master() -> None:
    master = MasterSchema(query=ROOT).core
    view, found = prune(master, STAFF)
    assert not found
    for name, type_ in view.type_map.items():
        old: Any = master.type_map[name]
        for key, each in getattr(type_, "fields", {}).items():
            assert getattr(each, "resolve", None) is getattr(old.fields[key], "resolve", None)
            assert each.extensions.get("strawberry-definition") is old.fields[key].extensions.get(
                "strawberry-definition"
            )


def test_a_view_of_many_types_takes_little_memory() -> None:
    """2.6 MiB a view for 307 types with 2,848 fields was measured; time is for the bench."""

    def made(number: int) -> type:
        inner = {"__annotations__": {f"field_{at}": Annotated[str, For(*EVERYONE)] for at in range(10)}}
        return For(*EVERYONE)(strawberry.type(type(f"Thing{number}", (), inner)))

    master = MasterSchema(query=query(**{f"thing_{number}": made(number) for number in range(60)})).core
    prune(master, STAFF)  # What graphql-core makes once is not the view's.
    tracemalloc.start()
    view, _ = prune(master, STAFF)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    fields = sum(len(getattr(type_, "fields", {})) for type_ in view.type_map.values())
    assert fields > 660
    assert size / fields < 2_000, "bytes a field; about 820 were measured"
