"""One operation on one view becomes one SQL expression that builds its whole JSON: selections, objects and fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import graphql as g
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from resolvers.planner import paging, roots
from resolvers.planner.batches import BATCH_KEY
from resolvers.planner.declare import Row, Spread, declared_row, is_value, takes_row
from resolvers.planner.keys import id_expression
from resolvers.planner.relay import Connection
from resolvers.planner.sqljson import NULL, Expression, JsonObject, literal, many, one
from resolvers.planner.values import PAGE_MAX, Values
from resolvers.planner.watched import MARK_KEY, is_classified, mark
from segments.core_types import is_list, named_type
from segments.strawberry_internals import enum_members, made_from, metadata, origin, python_name

Nodes = Sequence[Any]
# Where the answer names the type of an object for graphql-core, which completes what a mutation reads back.
TYPE_KEY = "#type"
ALIASES_REMEMBERED_MAX = 1_000


@lru_cache(maxsize=ALIASES_REMEMBERED_MAX)
def aliased(table: sa.Table, name: str) -> sa.FromClause:
    """A table by another name. Remembered, because to copy all columns of tables is a fourth of a compilation."""
    return table.alias(name)


class NotPlanned(Exception):  # noqa: N818 - a way on, not a fault
    """This field is not SQL: Strawberry executes the operation."""


def row_of(type_: Any) -> Row | None:
    """The row declaration of an object type."""
    return declared_row(origin(type_))


def is_connection(type_: Any) -> bool:
    """Whether an object type is a Relay connection."""
    return made_from(type_, Connection)


class Compiler:
    """Compiles selections of one operation for one request's facts."""

    def __init__(
        self,
        schema: g.GraphQLSchema,
        fragments: Mapping[str, Any],
        values: Values,
        *,
        read_back: bool = False,
        watched: bool = False,
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.values = values
        self.read_back = read_back
        self.watched = watched
        self.marks = False
        self.batches: list[Any] = []
        self.count = 0

    # ---- selections

    def included(self, selection: Any) -> bool:
        """What `@skip` and `@include` say, as facts."""
        for directive in selection.directives or ():
            name = directive.name.value
            if name not in {"skip", "include"}:
                raise NotPlanned(name)
            condition = self.values.argument(self.schema.get_directive(name), directive, "if")
            if bool(self.values.fact(condition)) == (name == "skip"):
                return False
        return True

    def collect(self, type_: Any, nodes: Nodes) -> dict[str, list[Any]]:
        """The fields selected on a concrete type, merged by response key, in the order of graphql-core."""
        found: dict[str, list[Any]] = {}
        visited: set[str] = set()
        for node in nodes:
            self.collect_from(type_, node.selection_set, found, visited)
        return found

    def collect_from(self, type_: Any, selections: Any, found: dict[str, list[Any]], visited: set[str]) -> None:
        """One selection set of `collect`."""
        for selection in selections.selections:
            if not self.included(selection):
                continue
            if isinstance(selection, g.FieldNode):
                found.setdefault((selection.alias or selection.name).value, []).append(selection)
                continue
            part = selection
            if isinstance(selection, g.FragmentSpreadNode):
                if selection.name.value in visited:
                    continue
                visited.add(selection.name.value)
                part = self.fragments[selection.name.value]
            on = self.schema.get_type(part.type_condition.name.value) if part.type_condition else type_
            if on is type_ or (g.is_abstract_type(on) and self.schema.is_sub_type(on, type_)):
                self.collect_from(type_, part.selection_set, found, visited)

    # ---- objects

    def alias(self, type_: Any) -> sa.FromClause:
        """A fresh FROM of a row type's table."""
        declared = row_of(type_)
        assert declared is not None
        self.count += 1
        return aliased(declared.table.__table__, f"t{self.count}")

    def object(self, type_: Any, source: sa.FromClause, nodes: Nodes) -> Expression:
        """The JSON object of a type from a FROM that has its columns."""
        pairs = [
            (key, literal(type_.name) if same[0].name.value == "__typename" else self.field(type_, source, same))
            for key, same in self.collect(type_, nodes).items()
        ]
        if self.read_back:
            pairs.append((TYPE_KEY, literal(type_.name)))
        return JsonObject([*pairs, *(self.marked(source) if row_of(type_) else ())])

    def marked(self, source: sa.FromClause, key: str = "id") -> list[tuple[str, Expression]]:
        """The mark of a row of `source`, for viewers who may see rows above INTERNAL."""
        if not self.watched or not is_classified(source):
            return []
        self.marks = True
        return [(MARK_KEY, mark(source, key))]

    def field(self, type_: Any, source: sa.FromClause, nodes: Nodes) -> Expression:
        """One field of an object: computed, a leaf, a value object, a relation or a list."""
        field = type_.fields[nodes[0].name.value]
        name, note = python_name(field), metadata(field)
        if "python" in note:
            return self.batch(note["python"], source)
        if name == "id" and row_of(type_):
            return id_expression(type_.name, source.c.id)
        if "sql" in note:
            return self.computed(field, source, nodes, note["sql"])
        if "root" in note:
            return paging.merged(self, field, nodes, note["root"].source, source)
        return self.by_name(type_, source, note.get("relation") or name, nodes, note.get("where"))

    def by_name(self, type_: Any, source: sa.FromClause, name: str, nodes: Nodes, where: Any) -> Expression:
        """A field that its declaration says no more of: a column, the columns of a value object, or a relation."""
        target = named_type(type_.fields[nodes[0].name.value].type)
        if g.is_leaf_type(target):
            return leaf(target, source.c[name])
        if is_value(origin(target)):
            return self.value_of_columns(target, source, name, nodes)
        return self.relation(type_, source, name, nodes, where)

    def computed(self, field: Any, source: sa.FromClause, nodes: Nodes, expression: Callable[..., Any]) -> Expression:
        """An expression of the row, or value objects from a SELECT."""
        target = named_type(field.type)
        made = expression(source, **self.values.keywords(field, nodes[0]))
        if g.is_leaf_type(target):
            return leaf(target, made)
        return self.value_of_select(field, made.correlate(source), nodes)

    def value_of_select(self, field: Any, select: sa.Select[Any], nodes: Nodes) -> Expression:
        """A value object, or a list of at most 100 unless its declaration says more, from a SELECT with a column per field."""
        self.count += 1
        target = named_type(field.type)
        if not is_list(field.type):
            rows = select.subquery(f"v{self.count}")
            return one(self.object(target, rows, nodes), sa.select().select_from(rows))
        most = metadata(field).get("most", PAGE_MAX)
        rows = select.limit(self.values.bind(lambda _: most, sa.BigInteger())).subquery(f"v{self.count}")
        return many(self.object(target, rows, nodes), sa.select().select_from(rows))

    def value_of_columns(self, target: Any, source: sa.FromClause, prefix: str, nodes: Nodes) -> Expression:
        """A value object whose fields are columns `<prefix>_<field>`; null where the first of them is."""
        pairs: list[tuple[str, Expression]] = []
        for key, same in self.collect(target, nodes).items():
            name = same[0].name.value
            if name == "__typename":
                pairs.append((key, literal(target.name)))
                continue
            field = target.fields[name]
            columns = Prefixed(source, prefix)
            computed = metadata(field).get("sql")
            made = computed(columns) if computed else columns.c[python_name(field)]
            pairs.append((key, leaf(named_type(field.type), made)))
        if self.read_back:
            pairs.append((TYPE_KEY, literal(target.name)))
        first = next(iter(target.fields.values()))
        there = source.c[f"{prefix}_{python_name(first)}"]
        return sa.case((there.is_not(None), JsonObject(pairs)), else_=NULL)

    def batch(self, batch: Any, source: sa.FromClause) -> Expression:
        """The columns of a field that Python computes when the answer is there."""
        if batch not in self.batches:
            self.batches.append(batch)
        columns = sa.func.json_build_array(*(source.c[name] for name in batch.columns), type_=JSON())
        number: sa.ColumnElement[int] = sa.literal_column(str(self.batches.index(batch)), sa.Integer())
        return sa.func.json_build_object(literal(BATCH_KEY), number, literal("columns"), columns, type_=JSON())

    # ---- relations

    def relation(self, type_: Any, source: sa.FromClause, name: str, nodes: Nodes, where: Any) -> Expression:
        """A relation by its name on the table class: a page, a bounded list or one row."""
        field = type_.fields[nodes[0].name.value]
        target = named_type(field.type)
        declared = row_of(type_)
        pairs = relation_columns(declared, name)

        def joined(other: sa.FromClause) -> sa.ColumnElement[bool] | Spread:
            same = sa.and_(*(other.c[remote] == source.c[local] for local, remote in pairs))
            if where is None:
                return same
            skip = paging.ARGUMENTS if is_connection(target) else ()
            of = {"of": source} if takes_row(where) else {}
            found = where(other, **of, **self.values.keywords(field, nodes[0], skip))
            if isinstance(found, Spread):
                return replace(found, where=sa.and_(same, found.where))
            return sa.and_(same, found)

        if is_connection(target):
            return paging.connection(self, field, nodes, joined, source)
        other = self.alias(target)
        condition = joined(other)
        which = condition.whole() if isinstance(condition, Spread) else condition
        if is_list(field.type):
            return self.bounded_list(target, other, nodes, which, source)
        return self.one(target, other, nodes, which, source)

    def one(
        self, type_: Any, source: sa.FromClause, nodes: Nodes, where: sa.ColumnElement[bool], *outer: sa.FromClause
    ) -> Expression:
        """The object of the one row of `source` for which the condition holds; null without one."""
        rows = sa.select().select_from(source).where(where).correlate(*outer)
        return one(self.object(type_, source, nodes), rows)

    def bounded_list(
        self, target: Any, other: sa.FromClause, nodes: Nodes, where: sa.ColumnElement[bool], source: sa.FromClause
    ) -> Expression:
        """A list without pages: the first 100 rows in the order of the row's declaration."""
        declared = row_of(target)
        assert declared is not None
        order = [key.ordered(backwards=False) for key in paging.keys_of(declared, other)]
        limit = self.values.bind(lambda _: PAGE_MAX, sa.BigInteger())
        rows = sa.select().select_from(other).where(where).order_by(*order).limit(limit).correlate(source)
        return many(self.object(target, other, nodes), rows)

    # ---- roots

    def root(self, parent: Any, nodes: Nodes) -> Expression:
        """A root field, by the kind its declaration names."""
        field = parent.fields.get(nodes[0].name.value)
        note = metadata(field).get("root") if field is not None else None
        if note is None:
            raise NotPlanned(nodes[0].name.value)
        return roots.ANSWERS[note.kind](self, field, nodes, note.source)

    def answer(self, parent: Any, operation: Any) -> Expression:
        """The JSON of a whole operation."""
        return JsonObject(
            [
                (key, literal(parent.name) if nodes[0].name.value == "__typename" else self.root(parent, nodes))
                for key, nodes in self.collect(parent, [operation]).items()
            ]
        )

    def possible(self, type_: Any) -> dict[str, Any]:
        """The row types that an interface or union may be, in this view; an object type alone by itself."""
        types = self.schema.get_possible_types(type_) if g.is_abstract_type(type_) else [type_]
        return {each.name: each for each in types if row_of(each)}


class Prefixed:
    """The columns of a value object inside a row: `c.amount` is the row's `cost_amount`."""

    def __init__(self, source: sa.FromClause, prefix: str) -> None:
        self.c = PrefixedColumns(source, prefix)


class PrefixedColumns:
    """What `Prefixed.c` is."""

    def __init__(self, source: sa.FromClause, prefix: str) -> None:
        self._source, self._prefix = source, prefix

    def __getattr__(self, name: str) -> Expression:
        return self._source.c[f"{self._prefix}_{name}"]

    def __getitem__(self, name: str) -> Expression:
        return self._source.c[f"{self._prefix}_{name}"]


def relation_columns(declared: Row | None, name: str) -> list[tuple[str, str]]:
    """Pairs of local and remote column names; a value object's relation reads its own column `<name>_id`."""
    if declared is None:
        return [(f"{name}_id", "id")]
    relationship = sa.inspect(declared.table).relationships[name]
    return [(local.key, remote.key) for local, remote in relationship.local_remote_pairs]


def leaf(type_: Any, expression: Expression) -> Expression:
    """A scalar or enum value as JSON takes it. Labels in the database are the enum's GraphQL names."""
    if isinstance(type_, g.GraphQLEnumType):
        return enum_leaf(type_, expression)
    if type_.name in {"BigInt", "Decimal"}:
        return sa.cast(expression, sa.Text())
    return expression


def enum_leaf(type_: g.GraphQLEnumType, expression: Expression) -> Expression:
    """An enum's name: ranks become names, values that the view hides become null."""
    members = enum_members(type_)
    if any(hasattr(member, "rank") for member in members.values()):
        rank = sa.type_coerce(expression, sa.SmallInteger())
        return sa.case(*((rank == sa.literal_column(str(each.rank)), literal(name)) for name, each in members.items()))
    if all(name == member.value for name, member in members.items()) and not getattr(type_, "hides_values", False):
        return expression
    label = sa.type_coerce(expression, sa.Text())
    return sa.case(*((label == literal(str(each.value)), literal(name)) for name, each in members.items()))
