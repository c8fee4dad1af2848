"""Views as clients meet them: a hidden name is a random name, hidden objects do not come out, and the real schema compiles."""

# Annotations are evaluated where they stand, because types that a test declares inside itself have no global names.
import enum
from typing import Annotated, Any

import graphql as g
import pytest
import strawberry

from schema.root import MASTER
from segments.audiences import CONSUMER, EVERYONE, MILITARY, STAFF, Audience
from segments.mark_faults import check_marks
from segments.marks import For
from segments.views import View, compile_views
from tests.segments.small_schemas import field_of, messages, query, sdl, views

VIEWS = compile_views(MASTER)


@For(*EVERYONE)
@strawberry.enum
class Grade(enum.Enum):
    PLAIN = "PLAIN"
    BATTLE = strawberry.enum_value("BATTLE", directives=[For(MILITARY)])


@For(*EVERYONE)
@strawberry.interface
class Named:
    name: str


@For(*EVERYONE)
@strawberry.type
class Product(Named):
    name: str
    secret: Annotated[int, For(MILITARY)]


@For(MILITARY)
@strawberry.type
class Weapon(Named):
    name: str
    calibre: int


@For(*EVERYONE)
@strawberry.input
class Filter:
    text: str | None = None
    secret: Annotated[int | None, For(MILITARY)] = None


Hit = Annotated[Product | Weapon, strawberry.union("Hit", directives=[For(*EVERYONE)])]
PRODUCT, WEAPON = Product(name="Lamp", secret=7), Weapon(name="Cannon", calibre=88)


def products(
    filter: Filter | None = None, grade: Grade | None = None, secret: Annotated[int | None, For(MILITARY)] = None
) -> list[Product]:
    return [PRODUCT]


@strawberry.type
class Mutation:
    change: Annotated[int, For(*EVERYONE)] = strawberry.mutation(resolver=lambda: 1, graphql_type=int)
    secret: Annotated[int, For(MILITARY)] = strawberry.mutation(resolver=lambda: 1, graphql_type=int)


ROOT = query(
    products=strawberry.field(resolver=products, directives=[For(*EVERYONE)]),
    secret=field_of(int, MILITARY, answer=1),
    hit=field_of(Hit | None, answer=WEAPON),
    hits=field_of(list[Hit | None], answer=[PRODUCT, WEAPON]),
    named=field_of(Named | None, answer=WEAPON),
    product=field_of(Product | None, answer=PRODUCT),
    grade=field_of(Grade | None, answer=Grade.BATTLE),
)
SMALL = views(ROOT, mutation=Mutation, types=[Weapon])
CIVIL, ARMED = SMALL[CONSUMER], SMALL[MILITARY]

# A hidden name in every place where a client can write one; `%` stands for it, and a random name takes its place.
PLACES = [
    ("{ % }", "secret"),
    ("mutation { % }", "secret"),
    ("{ products { % } }", "secret"),
    ("{ product { ...F } } fragment F on Product { % }", "secret"),
    ("{ products(%: 1) { name } }", "secret"),
    ("{ products(filter: {%: 1}) { name } }", "secret"),
    ("{ products(grade: %) { name } }", "BATTLE"),
    ("{ hits { ... on % { name } } }", "Weapon"),
    ("{ hits { ...F } } fragment F on % { name }", "Weapon"),
    ("{ named { ... on % { name } } }", "Weapon"),
    ("query($v: %) { products { name } }", "Weapon"),
    ("query($v: [%!]) { products { name } }", "Audience"),
    ("{ products @%(audiences: [STAFF]) { name } }", "for"),
    ("{ products { name @% } }", "needs"),
]


@pytest.mark.parametrize(("source", "hidden"), PLACES)
def test_a_hidden_name_is_a_random_name(source: str, hidden: str) -> None:
    random = "x" * len(hidden)
    told = messages(CIVIL, source.replace("%", hidden))
    assert told
    assert told == [message.replace(random, hidden) for message in messages(CIVIL, source.replace("%", random))]


@pytest.mark.parametrize(("hidden", "variables"), [("secret", {"v": {"%": 1}}), ("BATTLE", {"g": "%"})])
def test_a_hidden_name_in_variables_is_a_random_name(hidden: str, variables: dict[str, Any]) -> None:
    def told(name: str) -> list[str]:
        given = {key: name if value == "%" else {name: 1} for key, value in variables.items()}
        return messages(CIVIL, "query($v: Filter, $g: Grade) { products(filter: $v, grade: $g) { name } }", **given)

    random = "x" * len(hidden)
    assert told(hidden) == [message.replace(random, hidden) for message in told(random)] != []


def test_nothing_is_suggested() -> None:
    """Strawberry alone would; the engine asks graphql-core not to."""
    for source in (
        "{ product { secrt nam } }",
        "{ products(filtr: {}) { name } }",
        "{ hits { ... on Wepon { name } } }",
    ):
        errors = g.validate(CIVIL.core, g.parse(source), hide_suggestions=True)
        assert errors
        assert not any("did you mean" in error.message.lower() for error in errors)


def test_introspection_knows_nothing_of_what_is_hidden() -> None:
    source = g.get_introspection_query(
        directive_is_repeatable=True, schema_description=True, specified_by_url=True, input_value_deprecation=True
    )
    answer = CIVIL.execute_sync(source)
    assert not answer.errors
    for hidden in ("secret", "BATTLE", "Weapon", "calibre", "Audience", "audiences", '"for"', "needs"):
        assert hidden not in str(answer.data).replace("'", '"')
    told = CIVIL.execute_sync(
        '{ a: __type(name: "Weapon") { name } b: __type(name: "Named") { possibleTypes { name } }'
        ' c: __type(name: "Hit") { possibleTypes { name } } d: __type(name: "Grade") { enumValues(includeDeprecated: true) { name } } }'
    )
    assert told.data == {
        "a": None,
        "b": {"possibleTypes": [{"name": "Product"}]},
        "c": {"possibleTypes": [{"name": "Product"}]},
        "d": {"enumValues": [{"name": "PLAIN"}]},
    }


def test_the_sdl_of_a_view_has_no_marks() -> None:
    assert "@for" in MASTER.as_str()
    for view in (*SMALL.values(), *VIEWS.values()):
        for text in (view.as_str(), str(view), sdl(view)):
            assert "@for" not in text
            assert "@needs" not in text
            assert "Audience" not in text


@pytest.mark.parametrize("field", ["hit { __typename }", "named { __typename name }"])
def test_an_object_of_a_hidden_type_is_served_neither_by_name_nor_as_a_sibling(field: str) -> None:
    """Strawberry's `is_type_of` takes every object of a shared interface for its own."""
    answer = CIVIL.execute_sync("{ " + field + " }")
    assert answer.data == {field.split(maxsplit=1)[0]: None}
    assert [error.message for error in answer.errors or ()] == ["no type of this view"]
    assert ARMED.execute_sync("{ " + field + " }").data[field.split(maxsplit=1)[0]]["__typename"] == "Weapon"


def test_members_of_the_view_still_come_out() -> None:
    answer = CIVIL.execute_sync("{ hits { __typename ... on Product { name } } }")
    assert answer.data == {"hits": [{"__typename": "Product", "name": "Lamp"}, None]}
    assert "Weapon" not in str(answer.errors)


def test_get_type_by_name_finds_the_views_types_only() -> None:
    assert CIVIL.get_type_by_name("Weapon") is None
    assert CIVIL.get_type_by_name("Product") is not None
    assert ARMED.get_type_by_name("Weapon") is not None


def test_a_view_is_a_schema_of_its_own() -> None:
    assert CIVIL.core is not ARMED.core
    assert CIVIL.core._strawberry_schema is CIVIL  # type: ignore[attr-defined]
    assert ARMED.execute_sync("{ secret }").data == {"secret": 1}
    assert CIVIL.audience is CONSUMER


# ---- the real schema


def test_the_real_marks_have_no_faults() -> None:
    assert check_marks(MASTER.core) == []


@pytest.mark.parametrize("audience", Audience)
def test_every_real_view_is_a_valid_schema(audience: Audience) -> None:
    view = VIEWS[audience]
    assert g.validate_schema(view.core) == []
    rebuilt = g.build_schema(sdl(view))
    assert g.print_schema(rebuilt) == sdl(view)


def elements(schema: g.GraphQLSchema) -> set[str]:
    """The place of every type, field, argument, input field, enum value and union member."""
    found: set[str] = set()
    for name, type_ in schema.type_map.items():
        found.add(name)
        found |= {f"{name}|{member.name}" for member in getattr(type_, "types", ())}
        found |= {f"{name}.{value}" for value in getattr(type_, "values", {})}
        for key, field in getattr(type_, "fields", {}).items():
            found.add(f"{name}.{key}")
            found |= {f"{name}.{key}({argument}:)" for argument in getattr(field, "args", {})}
    return found


@pytest.mark.parametrize("audience", Audience)
def test_a_view_adds_nothing_to_the_master(audience: Audience) -> None:
    assert elements(VIEWS[audience].core) < elements(MASTER.core)


def marked_for(element: Any) -> list[set[Audience]]:
    """The audiences of each mark, read from Strawberry's definition without our own code."""
    definition = element.extensions.get("strawberry-definition")
    return [set(each.audiences) for each in getattr(definition, "directives", None) or () if isinstance(each, For)]


@pytest.mark.parametrize("audience", Audience)
def test_no_view_has_what_its_marks_deny(audience: Audience) -> None:
    def check(place: str, element: Any) -> None:
        for audiences in marked_for(element):
            assert audience in audiences, f"{place} is in the view of {audience}"

    for name, type_ in VIEWS[audience].core.type_map.items():
        if name.startswith("__"):
            continue
        check(name, type_)
        for value in getattr(type_, "values", {}).values():
            check(name, value)
        for key, field in getattr(type_, "fields", {}).items():
            check(f"{name}.{key}", field)
            for argument in getattr(field, "args", {}).values():
                check(f"{name}.{key}", argument)


def test_descriptions_name_no_element_that_is_hidden() -> None:
    """A description is written once for all audiences. Names that are also English words are let pass."""
    whole = elements(MASTER.core)
    fields = {place.split(".")[1].split("(")[0] for place in whole if "." in place}
    telling = {name for name in fields if any(letter.isupper() for letter in name[1:]) and not name.isupper()}
    telling |= {
        place for place in whole if place.isidentifier() and sum(map(str.isupper, place)) > 1 and not place.isupper()
    }
    for view in VIEWS.values():
        here = elements(view.core)
        known = {place.split(".")[-1].split("(")[0] for place in here} | here
        texts = [
            text
            for type_ in view.core.type_map.values()
            if not type_.name.startswith("__")
            for each in (type_, *getattr(type_, "fields", {}).values(), *getattr(type_, "values", {}).values())
            for text in (each.description or "", getattr(each, "deprecation_reason", None) or "")
        ]
        for name in telling - known:
            assert not any(name in text.split() or f"`{name}`" in text for text in texts), name


def test_what_introspection_says_of_a_view_is_its_sdl() -> None:
    view: View = VIEWS[STAFF]
    answer = view.execute_sync(g.get_introspection_query())
    assert answer.data is not None
    told = g.build_client_schema(answer.data)  # type: ignore[arg-type]
    assert g.print_schema(g.lexicographic_sort_schema(told)) == g.print_schema(
        g.lexicographic_sort_schema(g.build_schema(sdl(view)))
    )
