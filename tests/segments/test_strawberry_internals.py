"""What we use of Strawberry, graphql-core and SQLAlchemy without their promise: a new version of one must be looked at here.

Each test says what is relied on and by whom; it fails when that moves, before a view or an answer is wrong.
"""

# Annotations are evaluated where they stand, because types that a test declares inside itself have no global names.
import enum
import inspect
from importlib.metadata import version
from typing import Annotated, Any, Generic, TypeVar

import asyncpg
import graphql as g
import pytest
import sqlalchemy as sa
import strawberry
from graphql.execution.values import get_variable_values
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from segments import strawberry_internals as internals
from segments.audiences import EVERYONE, STAFF
from segments.marks import For
from segments.views import MasterSchema, View
from tests.segments.small_schemas import field_of, query, views

T = TypeVar("T")


@For(*EVERYONE)
@strawberry.enum
class Grade(enum.Enum):
    """How good it is."""

    PLAIN = "plain"
    BETTER = "better"


@For(*EVERYONE)
@strawberry.interface
class Named:
    name: str


@For(*EVERYONE)
@strawberry.type
class Thing(Named):
    """Something with a name."""

    name: str
    full_size: int = strawberry.field(metadata={"note": 7})
    grade: Grade


@strawberry.type
class Box(Generic[T]):
    content: T


@For(*EVERYONE)
@strawberry.type
class Undocumented:
    name: str


Either = Annotated[Thing | Undocumented, strawberry.union("Either", directives=[For(*EVERYONE)])]
MASTER = MasterSchema(query=query(box=Box[Thing], either=Either, named=Named | None))
CORE = MASTER.core


@pytest.mark.parametrize(
    ("package", "pinned"),
    [("strawberry-graphql", "0.341.2"), ("graphql-core", "3.3.2"), ("sqlalchemy", "2.1."), ("asyncpg", "0.32.")],
)
def test_the_versions_are_those_that_were_looked_at(package: str, pinned: str) -> None:
    assert version(package).startswith(pinned)


# ---- segments/strawberry_internals.py


def test_definitions_stand_behind_every_element() -> None:
    thing: Any = CORE.get_type("Thing")
    for element in (thing, CORE.get_type("Named"), CORE.get_type("Either"), CORE.get_type("Grade")):
        assert element.extensions[internals.BACKREF] is internals.definition(element)
        assert internals.directives(element)
    for element in (*thing.fields.values(), *CORE.get_type("Grade").values.values()):  # type: ignore[union-attr]
        assert internals.definition(element) is not None
    assert internals.definition(g.GraphQLString) is None
    assert internals.origin(thing) is Thing
    assert internals.definition_of(Thing) is internals.definition(thing)


def test_fields_keep_their_python_names_and_notes() -> None:
    field = CORE.get_type("Thing").fields["fullSize"]  # type: ignore[union-attr]
    assert internals.python_name(field) == "full_size"
    assert internals.metadata(field) == {"note": 7}


def test_docstrings_are_told_from_those_that_python_makes_up() -> None:
    written = {name: internals.written_docstring(CORE.get_type(name)) for name in ("Thing", "Undocumented", "Grade")}
    assert written == {"Thing": "Something with a name.", "Undocumented": None, "Grade": "How good it is."}


def test_a_generic_type_knows_what_it_was_made_with() -> None:
    box = CORE.get_type("ThingBox")
    assert internals.type_arguments(box) == [internals.definition_of(Thing)]
    assert internals.made_from(box, Box)
    assert not internals.made_from(CORE.get_type("Thing"), Box)


def test_strawberrys_schema_executes_on_the_graphql_core_schema_behind_it() -> None:
    assert internals.core_schema(MASTER) is CORE
    assert vars(CORE)["_strawberry_schema"] is MASTER
    view = View(MASTER, STAFF)
    assert internals.core_schema(view) is not CORE
    assert view.execute_sync("{ __typename }").data == {"__typename": "Query"}


def test_annotations_of_fields_and_arguments_are_kept() -> None:
    def of(text: Annotated[str | None, "note"] = None) -> Annotated[int, "result"]:
        return 1

    @strawberry.type
    class Holder:
        field: Annotated[int, "own"] = strawberry.field(resolver=of)

    definition = internals.definition_of(Holder)
    [field] = definition.fields
    assert Annotated[int, "own"] in internals.field_annotations(field, definition)
    assert Annotated[int, "result"] in internals.field_annotations(field, definition)
    assert Annotated[str | None, "note"] in internals.argument_annotations(field, field.arguments[0])


@pytest.mark.parametrize(
    ("name", "cached", "kept"),
    [
        ("Thing", "fields", "_fields"),
        ("Thing", "interfaces", "_interfaces"),
        ("Named", "fields", "_fields"),
        ("Either", "types", "_types"),
    ],
)
def test_graphql_core_caches_what_a_thunk_gave_beside_it(name: str, cached: str, kept: str) -> None:
    type_: Any = CORE.get_type(name)
    getattr(type_, cached)
    assert cached in vars(type_)
    assert kept in vars(type_)


def test_a_twin_is_changed_alone() -> None:
    thing: Any = CORE.get_type("Thing")
    twin = internals.twin(thing)
    internals.set_fields(twin, {"name": thing.fields["name"]})
    internals.set_interfaces(twin, ())
    assert (list(twin.fields), list(twin.interfaces)) == (["name"], [])
    assert (len(thing.fields), len(thing.interfaces)) == (3, 1)
    either: Any = internals.twin(CORE.get_type("Either"))
    internals.set_members(either, (thing,))
    assert either.types == (thing,)
    assert len(CORE.get_type("Either").types) == 2  # type: ignore[union-attr]


def test_an_enums_look_up_follows_its_values() -> None:
    grade: Any = CORE.get_type("Grade")
    assert grade.coerce_output_value(Grade.BETTER) == "BETTER"
    assert g.GraphQLEnumType.coerce_output_value(grade, grade.values["BETTER"].value) == "BETTER"
    assert "_value_lookup" in vars(grade)
    twin: Any = internals.twin(grade)
    assert type(twin) is type(grade) is not g.GraphQLEnumType, "graphql-core's own copy would lose Strawberry's class"
    internals.set_values(twin, {"PLAIN": grade.values["PLAIN"]}, hides_values=True)
    assert twin.hides_values
    assert twin.coerce_output_value(Grade.PLAIN) == "PLAIN"
    with pytest.raises((ValueError, g.GraphQLError)):
        twin.coerce_output_value(Grade.BETTER)
    with pytest.raises(g.GraphQLError):  # by graphql-core's own look-up, which it caches
        g.GraphQLEnumType.coerce_output_value(twin, grade.values["BETTER"].value)
    assert grade.coerce_output_value(Grade.BETTER) == "BETTER"


def test_an_abstract_type_is_resolved_with_the_schema_of_the_info() -> None:
    """`segments/pruning.py` replaces it, to resolve against the master."""
    assert "schema" in g.GraphQLResolveInfo._fields
    assert list(inspect.signature(CORE.get_type("Named").resolve_type).parameters) == ["obj", "info", "abstract_type"]  # type: ignore[union-attr]


# ---- resolvers/planner


def test_infos_hold_what_the_execution_reads() -> None:
    """`resolvers/planner/execution.py`."""
    wanted = {"path", "field_nodes", "parent_type", "fragments", "schema", "context", "variable_values"}
    assert wanted <= set(g.GraphQLResolveInfo._fields)
    seen: list[Any] = []
    view = views(query(thing=field_of(str, answer="x")))[STAFF]
    view.core.query_type.fields["thing"].resolve = lambda _, info: seen.append(info)  # type: ignore[union-attr, assignment]
    g.execute_sync(
        view.core, g.parse("query($v: String) { alias: thing @include(if: true) }"), variable_values={"v": "3"}
    )
    assert seen[0].path.key == "alias"
    assert seen[0].variable_values.coerced == {"v": "3"}
    assert set(seen[0].variable_values.sources) == {"v"}


def test_variables_are_coerced_apart_from_an_execution() -> None:
    """`resolvers/planner/documents.py`."""
    [operation] = g.parse("query($v: Int!, $w: Int = 5) { __typename }").definitions
    definitions = operation.variable_definitions  # type: ignore[attr-defined]
    assert get_variable_values(CORE, definitions, {"v": 3}, hide_suggestions=True).coerced == {"v": 3, "w": 5}  # type: ignore[union-attr]
    refused = get_variable_values(CORE, definitions, {}, hide_suggestions=True)
    assert isinstance(refused, list)
    assert isinstance(refused[0], g.GraphQLError)


def test_literals_are_coerced_with_variables_inside() -> None:
    """`resolvers/planner/values.py`."""
    coerce: Any = vars(g.utilities)["coerce_input_literal"]
    assert coerce(g.parse_value("[1, 2]"), g.GraphQLList(g.GraphQLInt)) == [1, 2]
    [operation] = g.parse("query($v: Int) { __typename }").definitions
    variables = get_variable_values(CORE, operation.variable_definitions, {"v": 3})  # type: ignore[attr-defined]
    assert coerce(g.parse_value("[1, $v]"), g.GraphQLList(g.GraphQLInt), variables) == [1, 3]


def test_validation_and_execution_can_hide_suggestions_and_parsing_stops_at_a_number_of_tokens() -> None:
    """`resolvers/planner/documents.py` and `engine.py`."""
    assert {"hide_suggestions", "max_errors"} <= set(inspect.signature(g.validate).parameters)
    assert "hide_suggestions" in inspect.signature(g.execute).parameters
    with pytest.raises(g.GraphQLError, match="token"):
        g.parse("{ a b c d e f }", max_tokens=3)


def test_leaves_are_written_by_a_function_that_can_be_replaced() -> None:
    """`resolvers/planner/execution.py` lets pass what PostgreSQL has written already."""
    scalar = g.GraphQLScalarType("Text")
    scalar.coerce_output_value = lambda value: f"<{value}>"  # type: ignore[method-assign]
    schema = g.GraphQLSchema(g.GraphQLObjectType("Query", {"a": g.GraphQLField(scalar, resolve=lambda *_: 1)}))
    assert g.graphql_sync(schema, "{ a }").data == {"a": "<1>"}


def test_arguments_hold_their_defaults() -> None:
    """`resolvers/planner/values.py`, and `segments/pruning.py` where defaults are checked."""
    argument = g.GraphQLArgument(g.GraphQLInt, default_value=3)
    assert argument.default_value == 3
    assert g.GraphQLArgument(g.GraphQLInt).default_value is g.Undefined


def test_sqlalchemy_says_which_parameter_stands_where() -> None:
    """`resolvers/planner/plans.py`."""
    statement = sa.select(sa.bindparam("b", type_=sa.Uuid()), sa.bindparam("a", 3, sa.Text()))
    compiled: Any = statement.compile(dialect=asyncpg_dialect())
    assert compiled.positiontup == ["b", "a"]
    assert compiled.params["a"] == 3
    assert "$1" in str(compiled)
    processor = compiled.binds["b"].type.dialect_impl(asyncpg_dialect()).bind_processor(asyncpg_dialect())
    assert processor is None or callable(processor)


def test_asyncpg_prepares_statements_under_a_name() -> None:
    """`resolvers/planner/pool.py`: the unnamed statement would be planned again at each use."""
    assert "name" in inspect.signature(asyncpg.Connection.prepare).parameters
