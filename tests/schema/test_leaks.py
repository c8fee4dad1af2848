"""Names: whatever the master has and a view has not is, for that view, a name like any other that nobody ever thought of.

The cases are made from the schema, for every view: each hidden type, field, argument, input field, enum value and directive
in the places where a client can write one. Hidden and random names are asked of the engine, and the bytes compared.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any

import graphql as g
import orjson
import pytest

from foundation.database import Database
from foundation.settings import Settings
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.limits import DocumentLimits
from schema.root import MASTER
from schema.snapshots import HERE
from schema.views import compiled_views
from segments.audiences import Audience
from segments.scopes import AUDIENCE_SCOPES
from segments.viewer import Viewer
from tests.schema.paths import HOLE, Given, call, object_of, paths, required_members, slots, value_for

VIEWS = compiled_views()
ALL: g.GraphQLSchema = MASTER.core
Case = tuple[str, dict[str, Any], str]


@pytest.fixture(scope="module")
async def engine(database: Database, settings: Settings) -> AsyncIterator[Engine]:
    limits = DocumentLimits.of(settings.model_copy(update={"graphql_introspection_depth": 5, "graphql_cost": 100_000}))
    made = Engine(compiled_views(), database, limits)
    yield made
    await made.close()


def viewer(audience: Audience) -> Viewer:
    return Viewer(audience, scopes=AUDIENCE_SCOPES[audience], language="en")


def hidden_types(audience: Audience) -> list[str]:
    return [name for name in ALL.type_map if name not in VIEWS[audience].core.type_map and not name.startswith("__")]


def type_cases(audience: Audience) -> Iterator[Case]:
    for name in hidden_types(audience):
        for source in (
            '{ node(id: "x") { ... on % { __typename } } }',
            '{ node(id: "x") { ...F } } fragment F on % { __typename }',
            "query($v: %) { __typename }",
            "query($v: [%!]!) { __typename }",
            "{ ... on % { __typename } }",
            '{ __type(name: "%") { name kind fields { name } } }',
        ):
            yield source, {}, name


def field_cases(audience: Audience) -> Iterator[Case]:
    view = VIEWS[audience].core
    for type_name, path in paths(view).items():
        shown: Any = getattr(view.get_type(type_name), "fields", {})
        for name, field in getattr(ALL.get_type(type_name), "fields", {}).items():
            if name in shown:
                for key, argument in field.args.items():
                    if key not in shown[name].args:
                        below = " { __typename }" if g.is_composite_type(g.get_named_type(field.type)) else ""
                        value = value_for(argument.type).literal
                        yield path.replace(HOLE, call(name, shown[name], **{HOLE: value}) + below), {}, key
                continue
            below = " { __typename }" if g.is_composite_type(g.get_named_type(field.type)) else ""
            for written in (HOLE, f"alias: {HOLE}", call(name, field).replace(name, HOLE, 1) + below):
                yield path.replace(HOLE, written), {}, name


def input_cases(audience: Audience) -> Iterator[Case]:
    view = VIEWS[audience].core
    for type_name, slot in slots(view).items():
        shown, whole = view.get_type(type_name), ALL.get_type(type_name)
        if isinstance(whole, g.GraphQLEnumType):
            for name in whole.values.keys() - shown.values.keys():  # type: ignore[union-attr]
                yield slot.filled(Given(HOLE, HOLE)), {}, name
                yield *slot.as_variable(Given(HOLE, HOLE)), name
        if isinstance(whole, g.GraphQLInputObjectType):
            members = {each: value_for(field.type) for each, field in required_members(shown).items()}
            for name in whole.fields.keys() - shown.fields.keys():  # type: ignore[union-attr]
                given = object_of(members | {HOLE: value_for(whole.fields[name].type)})
                yield slot.filled(given), {}, name
                yield *slot.as_variable(given), name


def directive_cases(audience: Audience) -> Iterator[Case]:
    known = {each.name for each in VIEWS[audience].core.directives}
    for name in ({each.name for each in ALL.directives} | {"for", "needs"}) - known:
        yield "{ __typename @% }", {}, name
        yield "query @%(audiences: [STAFF]) { __typename }", {}, name
    yield "{ __typename @skip(%: true) }", {}, "audiences"


CASES = {"types": type_cases, "fields": field_cases, "inputs": input_cases, "directives": directive_cases}


async def told(engine: Engine, audience: Audience, source: str, variables: Any, name: str) -> Answer:
    """The answer to a case with a name in its hole."""
    filled = orjson.loads(orjson.dumps(variables).replace(HOLE.encode(), name.encode()))
    return await engine.execute(viewer(audience), Operation(source.replace(HOLE, name), filled))


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("kind", CASES)
async def test_a_hidden_name_is_told_from_no_random_name(engine: Engine, audience: Audience, kind: str) -> None:
    for source, variables, hidden in CASES[kind](audience):
        # Of equal length, so that positions in the document agree; `z` makes names that nothing here has.
        random = "z" * len(hidden)
        answer, other = [await told(engine, audience, source, variables, name) for name in (hidden, random)]
        assert answer.body == other.body.replace(random.encode(), hidden.encode()), source
        assert (answer.refused, answer.code, answer.scopes) == (other.refused, other.code, other.scopes), source
        assert answer.refused or b"null" in answer.body, source
        assert b"did you mean" not in answer.body.lower(), source


def near_misses(audience: Audience) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names of the view with a letter too many, for which graphql-core would suggest others."""
    view = VIEWS[audience].core
    for type_name, path in paths(view).items():
        yield f"{{ ... on {type_name}x {{ __typename }} }}", {}
        for name, field in getattr(view.get_type(type_name), "fields", {}).items():
            yield path.replace(HOLE, name + "x"), {}
            below = " { __typename }" if g.is_composite_type(g.get_named_type(field.type)) else ""
            for key in field.args:
                yield path.replace(HOLE, call(name, field, **{key + "x": "1"}) + below), {}
    for type_name, slot in slots(view).items():
        type_: Any = view.get_type(type_name)
        for name in type_.values if isinstance(type_, g.GraphQLEnumType) else ():
            yield slot.filled(Given(name + "X", name + "X")), {}
            yield slot.as_variable(Given(name + "X", name + "X"))
        for name in type_.fields if isinstance(type_, g.GraphQLInputObjectType) else ():
            yield slot.filled(object_of({name + "x": Given("1", 1)})), {}
            yield slot.as_variable(object_of({name + "x": Given("1", 1)}))


@pytest.mark.parametrize("audience", Audience)
async def test_nothing_is_suggested(engine: Engine, audience: Audience) -> None:
    for source, variables in near_misses(audience):
        answer = await engine.execute(viewer(audience), Operation(source, variables))
        assert answer.refused, source
        assert b"did you mean" not in answer.body.lower(), source


@pytest.mark.parametrize("audience", Audience)
async def test_the_ways_of_these_tests_are_valid(engine: Engine, audience: Audience) -> None:
    """With a name of the view in its hole no case would be refused, so a refusal is for the name alone."""
    schema = VIEWS[audience].core
    reached = paths(schema)
    assert reached.keys() == {
        name for name, type_ in schema.type_map.items() if g.is_composite_type(type_) and name[:2] != "__"
    }
    for name, path in reached.items():
        # A subscription selects one field of its own.
        if schema.get_type(name) is not schema.subscription_type:
            assert g.validate(schema, g.parse(path.replace(HOLE, "__typename"))) == []
    for slot in slots(schema).values():
        assert g.validate(schema, g.parse(slot.filled(value_for(g.GraphQLNonNull(schema_type(schema, slot)))))) == []


def schema_type(schema: g.GraphQLSchema, slot: Any) -> Any:
    """The type of what stands in a slot."""
    type_: Any = g.get_named_type(slot.argument.type)
    for name in slot.inside:
        type_ = g.get_named_type(type_.fields[name].type)
    return schema.get_type(type_.name)


def test_there_are_cases_of_each_kind() -> None:
    """Staff see everything today; every other view hides types, fields, arguments or members."""
    for audience in Audience:
        counts = {kind: len(list(cases(audience))) for kind, cases in CASES.items()}
        assert counts["types"] >= 6, "the marks' own enum is hidden even from staff"
        assert counts["directives"] >= 4
        if audience is not Audience.STAFF:
            assert counts["types"] > 50, counts
            assert counts["fields"] > 30, counts


def test_a_product_has_six_different_sets_of_fields() -> None:
    sets = {frozenset(VIEWS[audience].core.get_type("Product").fields) for audience in Audience}  # type: ignore[union-attr]
    assert len(sets) == len(Audience)


@pytest.mark.parametrize("audience", Audience)
async def test_introspection_tells_the_committed_sdl(engine: Engine, audience: Audience) -> None:
    source = g.get_introspection_query(
        directive_is_repeatable=True, input_value_deprecation=True, specified_by_url=True, schema_description=True
    )
    answer = orjson.loads((await engine.execute(viewer(audience), Operation(source, {}))).body)
    assert "errors" not in answer
    # Who changes nothing does not know of keys either.
    changes = answer["data"]["__schema"]["mutationType"] is not None
    assert {each["name"] for each in answer["data"]["__schema"]["directives"]} == {
        *(each.name for each in g.specified_directives),
        *(["idempotent"] if changes else []),
    }
    told_sdl = g.lexicographic_sort_schema(g.build_client_schema(answer["data"]))
    committed = g.lexicographic_sort_schema(g.build_schema((HERE / f"{audience.value}.graphql").read_text("utf-8")))
    assert g.print_schema(told_sdl) == g.print_schema(committed)


@pytest.mark.parametrize("audience", Audience)
async def test_an_id_of_a_hidden_type_is_an_id_of_no_type(engine: Engine, audience: Audience) -> None:
    source = "query($id: ID!, $ids: [ID!]!) { node(id: $id) { __typename id } nodes(ids: $ids) { __typename id } }"
    answers: set[bytes] = set()
    for name in [*hidden_types(audience), "Zzzz", "Query", "Audience"]:
        padded = (name + ":" * (3 - len(name) % 3)).encode() + bytes(16)
        id_ = base64.b64encode(padded).decode()
        answer = await engine.execute(viewer(audience), Operation(source, {"id": id_, "ids": [id_, id_]}))
        answers.add(answer.body)
    assert [orjson.loads(body) for body in answers] == [{"data": {"node": None, "nodes": [None, None]}}]


@pytest.mark.parametrize("audience", Audience)
async def test_a_view_without_a_kind_of_operation_says_so_alike(engine: Engine, audience: Audience) -> None:
    schema = VIEWS[audience].core
    for kind, root in (("mutation", schema.mutation_type), ("subscription", schema.subscription_type)):
        names = [*getattr(ALL, f"{kind}_type").fields, "zzzz"]
        if root is None:
            answers = {
                (await engine.execute(viewer(audience), Operation(f"{kind} {{ {name} }}", {}))).body for name in names
            }
            assert len(answers) == 1


async def test_scopes_are_compared_per_caller_on_a_shared_document(engine: Engine) -> None:
    """The document is cached by its text alone; a cache shared by callers with different tokens leaked once."""
    source = "{ products(first: 1) { nodes { cost { amount } } } }"
    staff = viewer(Audience.STAFF)
    for _ in range(2):
        allowed = await engine.execute(staff, Operation(source, {}))
        assert not allowed.refused
        poor = Viewer(Audience.STAFF, scopes=frozenset({"orders:read"}), language="en")
        refused = await engine.execute(poor, Operation(source, {}))
        assert (refused.refused, refused.code, refused.scopes) == (True, "INSUFFICIENT_SCOPE", ("products:cost",))
        error = orjson.loads(refused.body)["errors"][0]
        assert error["path"] == ["products", "nodes", "cost"]
        assert error["extensions"]["scopes"] == ["products:cost"]


async def test_a_scope_of_another_audience_grants_nothing(engine: Engine) -> None:
    """A scope narrows what the view has: the consumer's view has no cost, whatever the token says."""
    consumer = Viewer(Audience.CONSUMER, scopes=frozenset({"products:cost", "programmes:cost"}), language="en")
    answer = await engine.execute(consumer, Operation("{ products { nodes { cost { amount } } } }", {}))
    assert answer.code == "GRAPHQL_VALIDATION_FAILED"


async def test_scopes_are_those_of_the_chosen_operation(engine: Engine) -> None:
    source = "query A { products(first: 0) { totalCount } } query B { orders(first: 0) { totalCount } }"
    poor = Viewer(Audience.STAFF, language="en")
    assert not (await engine.execute(poor, Operation(source, {}, "A"))).refused
    assert (await engine.execute(poor, Operation(source, {}, "B"))).scopes == ("orders:read",)
