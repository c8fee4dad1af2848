"""Every question a view can be asked about the rows of a world, made from the view's types and the world's rows.

Each root field with each of its arguments alone, by values of rows that are there and of rows that may not be seen; every
row by its id; every connection of every row from cursors of rows that may not be seen. Selections take all fields of what
they find, and those of its neighbours.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import graphql as g
import sqlalchemy as sa
from graphql.type import is_required_argument

from resolvers.planner.compiler import is_connection, row_of
from resolvers.planner.declare import is_value
from resolvers.planner.keys import encode_id
from resolvers.planner.paging import ARGUMENTS
from segments.core_types import is_list, named_type, nullable_type
from segments.strawberry_internals import metadata, origin, python_name
from tests.rows import NOW
from tests.schema.paths import SCALARS, value_for
from tests.schema.worlds import FILLED_BY_NAME, TYPES, Made, World

VALUES_MAX = 8  # of one argument
IDS_MAX = 100
PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


@dataclass(frozen=True)
class Question:
    """An operation and its variables; `about` are the keys of rows that it is made from, `place` the field that it asks."""

    source: str
    variables: Mapping[str, Any]
    about: frozenset[uuid.UUID] = field(default=frozenset())
    place: str = ""


def selection(schema: g.GraphQLSchema, type_: Any, depth: int, alias: str = "", *, keys_only: bool = False) -> str:
    """All fields of a type that need no argument, value objects with theirs, and those of its neighbours to a depth.

    `keys_only`: of rows their ids alone. What else a row says depends on the row, not on the argument by which it was found.
    """
    if g.is_abstract_type(type_):
        # Fields of one name may differ in type between objects, so each type's have names of their own.
        parts = [
            f"... on {each.name} {{ {selection(schema, each, depth, each.name + '_', keys_only=keys_only)} }}"
            for each in schema.get_possible_types(type_)
        ]
        return "__typename " + " ".join(parts)
    if is_connection(type_):
        node = named_type(type_.fields["nodes"].type)
        inner = selection(schema, node, depth, keys_only=keys_only)
        return f"totalCount {PAGE} edges {{ cursor node {{ {inner} }} }}"
    if keys_only and row_of(type_) is not None:
        return f"{alias}id: id" if alias else "id"
    parts = []
    for name, each in type_.fields.items():
        target = named_type(each.type)
        written = f"{alias}{name}: {name}" if alias else name
        if any(is_required_argument(argument) for argument in each.args.values()):
            continue
        if g.is_leaf_type(target):
            parts.append(written)
        elif is_value(origin(target)):
            parts.append(f"{written} {{ {selection(schema, target, depth)} }}")
        elif depth > 0:
            parts.append(f"{written} {{ {selection(schema, target, depth - 1)} }}")
    return " ".join(parts) or "__typename"


class Questions:
    """The questions of one view about one world."""

    def __init__(self, schema: g.GraphQLSchema, world: World, hidden: list[Made]) -> None:
        self.schema = schema
        self.world = world
        self.hidden = hidden
        self.hidden_keys = {made.key for made in hidden}

    def all(self) -> Iterator[Question]:
        """All of them."""
        yield from self.by_id()
        query: Any = self.schema.query_type
        for name, root in query.fields.items():
            if name not in {"node", "nodes"}:
                yield from self.of_field(name, root, "query", "{}")
        yield from self.nested()

    def row_types(self) -> dict[str, Any]:
        """The row types of the view, by their table."""
        return {table: self.schema.get_type(name) for table, name in TYPES.items() if self.schema.get_type(name)}

    def telling(self, table: str) -> list[Made]:
        """Rows of a table worth asking for: one that is visible, then those that are hidden."""
        rows = self.world.of(table)
        return [
            *[made for made in rows if made.key not in self.hidden_keys][:1],
            *[made for made in rows if made.key in self.hidden_keys],
        ]

    # ---- by id

    def by_id(self) -> Iterator[Question]:
        """Every row by its id with all that surrounds it, many at once; and one row of each kind alone."""
        rows = [made for made in self.world.rows if made.table in TYPES]
        interface: Any = self.schema.get_type("Node")
        deep = "query($ids: [ID!]!) { nodes(ids: $ids) { " + selection(self.schema, interface, 1) + " } }"
        # One row of every kind together; then kind by kind, because each mixture of kinds is compiled anew.
        kinds = {made.table: made for made in rows}
        alike = sorted(rows, key=lambda made: made.table)
        for chunk in (*chunks(list(kinds.values())), *chunks(alike)):
            ids = [made.global_id for made in chunk]
            yield Question(deep, {"ids": ids}, frozenset(made.key for made in chunk), "nodes")
        # Alone, a row is asked for by one statement for all of its table, and other tests ask for each: here one for each
        # reason to hide it tells.
        alone = {(made.table, made.hidden_for, made.key in self.hidden_keys): made for made in rows}
        for made in alone.values():
            yield Question(
                "query($id: ID!) { node(id: $id) { __typename id } }",
                {"id": made.global_id},
                frozenset({made.key}),
                "node",
            )

    # ---- fields with arguments

    def of_field(self, name: str, field_: Any, kind: str, around: str, **fixed: Any) -> Iterator[Question]:
        """A field with its required arguments, and with each other argument alone. `around` has `{}` for the field."""
        target = named_type(field_.type)
        whole, found = self.below(target, 1), self.below(target, 0, keys_only=True)
        required = {key: each for key, each in field_.args.items() if is_required_argument(each)}
        optional = {key: each for key, each in field_.args.items() if key not in required and key not in ARGUMENTS}
        for given, about in self.combined(field_, required):
            if kind == "query" or required:
                yield self.asked(name, field_, whole, around, given, about, fixed)
            for key, argument in optional.items():
                for value, why in self.values(field_, key, argument):
                    yield self.asked(name, field_, found, around, {**given, key: value}, about | why, fixed)
            if is_connection(target) and not is_merged(field_):
                for paging, why in self.pages(target):
                    yield self.asked(name, field_, found, around, {**given, **paging}, about | why, fixed)

    def below(self, target: Any, depth: int, *, keys_only: bool = False) -> str:
        """The selection below a field of a type."""
        return (
            "" if g.is_leaf_type(target) else " { " + selection(self.schema, target, depth, keys_only=keys_only) + " }"
        )

    def asked(
        self,
        name: str,
        field_: Any,
        below: str,
        around: str,
        given: dict[str, Any],
        about: frozenset[uuid.UUID],
        fixed: dict[str, Any],
    ) -> Question:
        """The question of one field with these arguments, all of them variables."""
        declared = [*(f"${key}: {field_.args[key].type}" for key in given), *(["$parent: ID!"] if fixed else [])]
        passed = ", ".join(f"{key}: ${key}" for key in given)
        head = f"query({', '.join(declared)}) " if declared else ""
        call = name + (f"({passed})" if passed else "") + below
        return Question(head + "{ " + around.replace("{}", call) + " }", {**given, **fixed}, about, around + name)

    def combined(self, field_: Any, required: dict[str, Any]) -> Iterator[tuple[dict[str, Any], frozenset[uuid.UUID]]]:
        """Values for all required arguments: each value of one of them, with the first of the others."""
        found = {key: list(self.values(field_, key, argument)) for key, argument in required.items()}
        first = {key: values[0][0] for key, values in found.items()}
        if not required:
            yield {}, frozenset()
        for key, values in found.items():
            for value, about in values:
                yield {**first, key: value}, about

    def values(self, field_: Any, key: str, argument: Any) -> Iterator[tuple[Any, frozenset[uuid.UUID]]]:
        """Values for an argument; an input object with each of its members alone."""
        inner = nullable_type(argument.type)
        if isinstance(inner, g.GraphQLInputObjectType):
            for member, each in inner.fields.items():
                for value, about in self.values(field_, member, each):
                    yield {member: value}, about
            return
        for value, about in list(self.simple_values(field_, key, argument))[:VALUES_MAX]:
            yield ([value] if is_list(argument.type) else value), about

    def simple_values(self, field_: Any, key: str, argument: Any) -> Iterator[tuple[Any, frozenset[uuid.UUID]]]:
        """Values for an argument that is no input object."""
        type_ = named_type(argument.type)
        if type_.name == "ID":
            yield from self.ids(metadata(argument).get("of") or named_type(field_.type).name)
        elif type_.name == "String":
            yield from self.texts(named_type(field_.type), python_name(argument, key))
            yield "x", frozenset()
        elif isinstance(type_, g.GraphQLEnumType):
            yield from ((name, frozenset()) for name in type_.values)
        elif type_.name == "Boolean":
            yield from ((value, frozenset()) for value in (True, False))
        elif type_.name in {"DateTime", "Date"}:
            yield (NOW.isoformat() if type_.name == "DateTime" else NOW.date().isoformat()), frozenset()
            yield SCALARS[type_.name], frozenset()
        else:
            yield value_for(type_).json, frozenset()

    def ids(self, type_name: str) -> Iterator[tuple[str, frozenset[uuid.UUID]]]:
        """Ids of visible and hidden rows of a type, and one of no row."""
        table = next(table for table, name in TYPES.items() if name == type_name)
        yield encode_id(type_name, uuid.UUID(int=7)), frozenset()
        for made in self.telling(table):
            yield made.global_id, frozenset({made.key})

    def texts(self, target: Any, name: str) -> Iterator[tuple[str, frozenset[uuid.UUID]]]:
        """Texts that stand in rows of a field's type: in the column of the argument's name, or in any."""
        node = named_type(target.fields["nodes"].type) if is_connection(target) else target
        declared = row_of(node)
        if declared is None:
            return
        columns = declared.table.__table__.c
        named = (
            [columns[name]]
            if name in columns
            else [each for each in columns if isinstance(each.type, sa.Text) and not each.nullable]
        )
        for made in self.telling(declared.table.__tablename__):
            for column in named:
                if isinstance(value := made.values.get(column.name), str):
                    yield value, frozenset({made.key})

    def pages(self, connection: Any) -> Iterator[tuple[dict[str, Any], frozenset[uuid.UUID]]]:
        """Pages of every direction, from cursors that somebody who sees everything could have handed on."""
        yield {"first": 2}, frozenset()
        yield {"last": 2}, frozenset()
        for made in self.cursor_rows(named_type(connection.fields["nodes"].type)):
            cursor = cursor_of(self.schema, made)
            for keys in ({"first": 3, "after": cursor}, {"last": 3, "before": cursor}):
                yield keys, frozenset({made.key})

    def cursor_rows(self, node: Any) -> list[Made]:
        """Rows whose cursors are tried in lists of a type."""
        declared = row_of(node)
        return [] if declared is None else self.telling(declared.table.__tablename__)[: VALUES_MAX // 2]

    # ---- below rows

    def nested(self) -> Iterator[Question]:
        """Every field with arguments of every row type, below a visible row and below a hidden one."""
        for table, type_ in self.row_types().items():
            for made in self.telling(table)[:2]:
                for name, each in type_.fields.items():
                    if each.args:
                        around = f"node(id: $parent) {{ ... on {type_.name} {{ {{}} }} }}"
                        for question in self.of_field(name, each, "nested", around, parent=made.global_id):
                            yield dataclasses.replace(question, about=question.about | {made.key})


def chunks(rows: list[Made]) -> Iterator[list[Made]]:
    """As many rows at a time as may be asked for by their ids."""
    for start in range(0, len(rows), IDS_MAX):
        yield rows[start : start + IDS_MAX]


def is_merged(field_: Any) -> bool:
    """Whether a field lists several row types by keys that it computes, which a test cannot guess from a row."""
    root = metadata(field_).get("root")
    return root is not None and root.kind == "merged"


def cursor_of(schema: g.GraphQLSchema, made: Made) -> str:
    """The cursor of a row in lists of its type."""
    declared = row_of(schema.get_type(TYPES[made.table]))
    assert declared is not None
    keys = [made.values.get(key.lstrip("-")) for key in declared.order]
    texts = [None if key is None else str(getattr(key, "value", key)) for key in keys]
    return base64.b64encode(json.dumps(texts).encode()).decode()


def every_table_is_asked(schema: g.GraphQLSchema, questions: list[Question], hidden: list[Made]) -> list[str]:
    """The tables whose hidden rows no question of the view is about, though the view has their type."""
    asked = frozenset[uuid.UUID]().union(*(question.about for question in questions))
    with_type = {table for table, name in TYPES.items() if schema.get_type(name) and table in FILLED_BY_NAME}
    return sorted(
        {made.table for made in hidden if made.table in with_type}
        - {made.table for made in hidden if made.key in asked}
    )
