"""The oracle: graphql-core executes a view of its own over the rows that a viewer sees. Slow, plain, and independent.

It shares declarations with the planner (which table, which order, which relation by name), and nothing that computes.
"""

from __future__ import annotations

import datetime as dt
import inspect
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import graphql as g
import sqlalchemy as sa

from resolvers.planner.declare import Row, declared_row, is_value
from segments.classification import Classification
from segments.core_types import is_list, named_type, nullable_type
from segments.strawberry_internals import metadata, origin, python_name
from tests.resolvers.planner.oracle.answers import Answers, MergedAnswer
from tests.resolvers.planner.oracle.pages import PAGING, Order, page
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import global_id, instant, read_global_id

IDS_MAX = LIST_MAX = 100
DEGREES = [degree.value for degree in Classification]


@dataclass(frozen=True)
class Node:
    """A row as an object of a type."""

    type_name: str
    row: Found


class Oracle:
    """A view that answers by itself. Takes the view's own types: give it one that nothing else executes on."""

    def __init__(self, schema: g.GraphQLSchema, answers: Answers) -> None:
        assert not (missing := answers.missing(schema)), "\n".join(missing)
        self.schema = schema
        self.answers = answers
        elsewhere = {schema.mutation_type, schema.subscription_type}
        for type_ in schema.type_map.values():
            if not type_.name.startswith("__") and type_ not in elsewhere:
                self.teach(type_)

    def teach(self, type_: Any) -> None:
        """Give a type resolvers and serialisers of the oracle's."""
        if isinstance(type_, (g.GraphQLInterfaceType, g.GraphQLUnionType)):
            type_.resolve_type = lambda value, *_: value.type_name
        elif isinstance(type_, g.GraphQLObjectType):
            type_.is_type_of = None
            for name, field in type_.fields.items():
                field.resolve = self.resolver(type_, name, field)
        elif isinstance(type_, (g.GraphQLEnumType, g.GraphQLScalarType)):
            type_.coerce_output_value = lambda value, of=type_: written(of, value)

    def resolver(self, type_: Any, name: str, field: Any) -> Any:
        """How a field of an object type is answered."""
        kind = self.kind(type_, field)

        def resolve(source: Any, info: Any, **arguments: Any) -> Any:
            return kind(info.context, type_, field, source, arguments)

        return (lambda source, _info, **__: source[name]) if kind is None else resolve

    def kind(self, type_: Any, field: Any) -> Any:
        """The method that answers a field; None for the parts of a connection."""
        note = metadata(field)
        if "root" in note:
            return {
                "list": self.listing,
                "by_id": self.by_id,
                "node": self.by_id,
                "by_key": self.by_key,
                "one": self.one,
                "nodes": self.by_ids,
                "merged": self.merged,
                "selected": self.selected,
            }[note["root"].kind]
        if {"sql", "python"} & note.keys():
            return self.computed
        if declared_row(origin(type_)):
            return self.of_row
        return self.of_value if is_value(origin(type_)) else None

    # ---- roots

    def listing(self, seen: Seen, type_: Any, field: Any, _: Any, arguments: dict[str, Any]) -> Any:
        """A page of the rows that the registered answer keeps."""
        keep, given = self.answers.of(type_.name, field), keywords(field, arguments)
        target = self.node_type(field)
        rows = [row for row in seen.rows[row_of(target).table.__tablename__] if keep(seen, row, **given)]
        return self.page_of(target, rows, arguments)

    def by_id(self, seen: Seen, _: Any, field: Any, __: Any, arguments: dict[str, Any]) -> Any:
        """The row of an id, if it is of a possible type and seen."""
        return self.named(seen, field, arguments["id"])

    def by_ids(self, seen: Seen, _: Any, field: Any, __: Any, arguments: dict[str, Any]) -> Any:
        """The rows of ids, in their order."""
        return [self.named(seen, field, each) for each in arguments["ids"]]

    def named(self, seen: Seen, field: Any, text: str) -> Node | None:
        """The row that an id names."""
        types = self.row_types(named_type(field.type))
        found = read_global_id(text, types)
        row = found and seen.one(row_of(types[found[0]]).table.__tablename__, found[1])
        return Node(found[0], row) if found and row else None

    def by_key(self, seen: Seen, _: Any, field: Any, __: Any, arguments: dict[str, Any]) -> Any:
        """The one row whose columns have the values of the arguments."""
        target, given = named_type(field.type), keywords(field, arguments)
        rows = seen.rows[row_of(target).table.__tablename__]
        found = [row for row in rows if all(row[name] == value for name, value in given.items())]
        return Node(target.name, found[0]) if found else None

    def one(self, seen: Seen, type_: Any, field: Any, _: Any, arguments: dict[str, Any]) -> Any:
        """The one row that the registered answer keeps."""
        keep, given, target = self.answers.of(type_.name, field), keywords(field, arguments), named_type(field.type)
        rows = seen.rows[row_of(target).table.__tablename__]
        found = [row for row in rows if keep(seen, row, **given)]
        return Node(target.name, found[0]) if found else None

    def merged(self, seen: Seen, type_: Any, field: Any, source: Any, arguments: dict[str, Any]) -> Any:
        """A page over several row types, ordered by their keys and at last by id, ascending."""
        told: MergedAnswer = self.answers.of(type_.name, field)
        owner = source.row if isinstance(source, Node) else None
        found = told.entries(seen, owner, **keywords(field, arguments))
        possible = self.row_types(self.node_type(field))
        entries = [((*keys, row["id"]), Node(name, row)) for name, row, keys in found if name in possible]
        return page(entries, self.merged_order(told), arguments)

    def selected(self, seen: Seen, type_: Any, field: Any, _: Any, arguments: dict[str, Any]) -> Any:
        """What the registered answer makes."""
        return self.answers.of(type_.name, field)(seen, **keywords(field, arguments))

    # ---- fields

    def computed(self, seen: Seen, type_: Any, field: Any, source: Any, arguments: dict[str, Any]) -> Any:
        """The registered answer for a row or a value object."""
        row = source.row if isinstance(source, Node) else source
        return self.answers.of(type_.name, field)(seen, row, **keywords(field, arguments))

    def of_value(self, seen: Seen, _: Any, field: Any, source: Any, __: Any) -> Any:
        """A member of a value object: as it is, or the row that its key names."""
        name, target = python_name(field), named_type(field.type)
        if declared_row(origin(target)) is None:
            return source[name]
        row = seen.one(row_of(target).table.__tablename__, source[f"{name}_id"])
        return row and Node(target.name, row)

    def of_row(self, seen: Seen, type_: Any, field: Any, source: Node, arguments: dict[str, Any]) -> Any:
        """A field of a row by its name: the id, a column, the columns of a value object, or a relation."""
        note, target = metadata(field), named_type(field.type)
        name = note.get("relation") or python_name(field)
        if name == "id":
            return global_id(type_.name, source.row["id"])
        if g.is_leaf_type(target):
            return shown(target, source.row[name])
        if is_value(origin(target)):
            members = [key.removeprefix(f"{name}_") for key in source.row if key.startswith(f"{name}_")]
            found = {member: source.row[f"{name}_{member}"] for member in members}
            first = python_name(next(iter(target.fields.values())))
            return None if found[first] is None else found
        rows = related(seen, row_of(type_), name, source.row)
        if "where" in note:
            keep, given = self.answers.of(type_.name, field), keywords(field, arguments)
            owner = {"of": source.row} if "of" in inspect.signature(keep).parameters else {}
            rows = [row for row in rows if keep(seen, row, **owner, **given)]
        if target.name.endswith("Connection"):
            return self.page_of(self.node_type(field), rows, arguments)
        if is_list(field.type):
            whole = page(entries_of(target, rows), order_of(row_of(target)), {"first": LIST_MAX})
            return whole["nodes"]
        return Node(target.name, rows[0]) if rows else None

    # ---- lists

    def page_of(self, target: Any, rows: Sequence[Found], arguments: dict[str, Any]) -> Any:
        """A page of rows of one type."""
        return page(entries_of(target, rows), order_of(row_of(target)), arguments)

    def order(self, type_: Any, field: Any) -> Order:
        """The order of a connection."""
        told = self.answers.known.get((type_.name, python_name(field)))
        if isinstance(told, MergedAnswer):
            return self.merged_order(told)
        return order_of(row_of(self.node_type(field)))

    def merged_order(self, told: MergedAnswer) -> Order:
        """The order of a merged list."""
        kinds = (*told.kinds, uuid.UUID)
        return Order(kinds, (*(told.descending for _ in told.kinds), False), tuple(False for _ in kinds))

    def node_type(self, field: Any) -> Any:
        """The type of a connection's nodes, read from its own fields."""
        return named_type(named_type(field.type).fields["nodes"].type)

    def row_types(self, type_: Any) -> dict[str, Any]:
        """The row types that a value of a type may be."""
        types = self.schema.get_possible_types(type_) if g.is_abstract_type(type_) else [type_]
        return {each.name: each for each in types}


def row_of(type_: Any) -> Row:
    """The row declaration of a type."""
    declared = declared_row(origin(type_))
    assert declared is not None, type_
    return declared


def related(seen: Seen, declared: Row, name: str, row: Found) -> list[Found]:
    """The rows that a relation leads to."""
    relation = sa.inspect(declared.table).relationships[name]
    (local, remote), *more = relation.local_remote_pairs
    found = seen.where(relation.mapper.local_table.name, remote.key, row[local.key])
    return [each for each in found if all(each[there.key] == row[here.key] for here, there in more)]


def order_of(declared: Row) -> Order:
    """The order that a row's declaration names."""
    columns = [declared.table.__table__.c[written.lstrip("-")] for written in declared.order]
    return Order(
        tuple(str if isinstance(column.type, sa.Enum) else column.type.python_type for column in columns),
        tuple(written.startswith("-") for written in declared.order),
        tuple(bool(column.nullable) for column in columns),
    )


def entries_of(target: Any, rows: Sequence[Found]) -> list[tuple[Sequence[Any], Node]]:
    """Rows with their keys."""
    names = [written.lstrip("-") for written in row_of(target).order]
    return [([row[name] for name in names], Node(target.name, row)) for row in rows]


def keywords(field: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """A field's arguments but those of paging as registered answers receive them."""
    found: dict[str, Any] = {}
    paging = PAGING if named_type(field.type).name.endswith("Connection") else ()
    for name, argument in field.args.items():
        if name not in paging:
            spread(found, python_name(argument, name), argument, arguments.get(name))
    return found


def spread(found: dict[str, Any], name: str, element: Any, value: Any) -> None:
    """Put an argument among the keywords, an input object's members each by itself."""
    type_ = nullable_type(element.type)
    if not isinstance(type_, g.GraphQLInputObjectType):
        found[name] = [plain(item) for item in value] if isinstance(value, list) else plain(value)
        return
    for member, inner in type_.fields.items():
        given = None if value is None else value.get(member) if isinstance(value, dict) else getattr(value, member)
        spread(found, python_name(inner, member), inner, given)


def plain(value: Any) -> Any:
    """An enum's member by its name."""
    return getattr(value, "value", value)


def shown(type_: Any, value: Any) -> Any:
    """A column's value, or null where it is one that this view's enum does not have."""
    hidden = isinstance(type_, g.GraphQLEnumType) and isinstance(value, str) and value not in type_.values
    return None if hidden else value


def written(type_: Any, value: Any) -> Any:
    """A leaf as the answer holds it."""
    if isinstance(type_, g.GraphQLEnumType):
        return DEGREES[value] if isinstance(value, int) else plain(value)
    if isinstance(value, dt.datetime):
        return instant(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if type_.name in {"BigInt", "Decimal", "ID", "String"}:
        return str(value)
    assert type_.name in {"Int", "Boolean", "Float"}, f"the oracle does not know how {type_.name} is written"
    return value
