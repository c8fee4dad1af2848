"""Root fields, by the kind their declaration names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from resolvers.planner import paging
from resolvers.planner.declare import CUSTOMER, Spread, takes_place
from resolvers.planner.errors import bad_input
from resolvers.planner.keys import decode_id
from resolvers.planner.sqljson import NULL, Expression, array
from segments.audiences import CUSTOMERS
from segments.core_types import named_type
from segments.strawberry_internals import python_name

if TYPE_CHECKING:
    from resolvers.planner.compiler import Compiler

IDS_MAX = 100


def listed(compiler: Compiler, field: Any, nodes: Sequence[Any], where: Any) -> Expression:
    """A page of the rows for which the condition holds."""
    arguments = compiler.values.keywords(field, nodes[0], paging.ARGUMENTS)
    own = own_column(compiler, paging.node_type(compiler, field))

    def shown(source: sa.FromClause) -> sa.ColumnElement[bool] | Spread:
        condition: sa.ColumnElement[bool] | Spread = where(source, **arguments)
        if own is None:
            return condition
        mine = source.c[own] == CUSTOMER
        if isinstance(condition, Spread):
            return replace(condition, where=sa.and_(mine, condition.where))
        return sa.and_(mine, condition)

    return paging.connection(compiler, field, nodes, shown)


def own_column(compiler: Compiler, type_: Any) -> str | None:
    """The column that says whose a row is, where this view's people see their own rows alone.

    The row policy says the same, among alternatives that no index can serve: 76,000 orders were read for the 12 of one
    customer (52 ms instead of 0.16).
    """
    if compiler.schema.extensions.get("audience") not in CUSTOMERS:
        return None
    owner: str | None = paging.target_row(type_).table.__rows__.owner
    return owner


def by_id(compiler: Compiler, field: Any, nodes: Sequence[Any], _: Any) -> Expression:
    """One row by its global id. Hidden, unknown and malformed ids are the same fact: nothing."""
    get = compiler.values.argument(field, nodes[0], "id")
    types = compiler.possible(named_type(field.type))
    kind = compiler.values.fact(lambda variables: known_kind(get(variables), types))
    if kind is None:
        return NULL
    source = compiler.alias(types[kind])
    key = compiler.values.bind(lambda variables: key_of(get(variables)), sa.Uuid())
    return compiler.one(types[kind], source, nodes, source.c.id == key)


def by_key(compiler: Compiler, field: Any, nodes: Sequence[Any], columns: tuple[str, ...]) -> Expression:
    """One row by unique columns."""
    type_ = named_type(field.type)
    source = compiler.alias(type_)
    values = compiler.values.keywords(field, nodes[0])
    assert set(values) == set(columns), python_name(field)
    return compiler.one(type_, source, nodes, sa.and_(*(source.c[name] == values[name] for name in columns)))


def one(compiler: Compiler, field: Any, nodes: Sequence[Any], where: Any) -> Expression:
    """The row for which a condition holds."""
    type_ = named_type(field.type)
    source = compiler.alias(type_)
    return compiler.one(type_, source, nodes, where(source, **compiler.values.keywords(field, nodes[0])))


def by_ids(compiler: Compiler, field: Any, nodes: Sequence[Any], _: Any) -> Expression:
    """Rows by their global ids, in the order of the ids, null where an id names nothing."""
    get = compiler.values.argument(field, nodes[0], "ids")
    types = compiler.possible(named_type(field.type))
    if compiler.values.fact(lambda variables: len(get(variables)) > IDS_MAX):
        raise bad_input("request.too_many_ids", max=IDS_MAX)

    def kinds(variables: Any) -> list[str | None]:
        return [known_kind(each, types) for each in get(variables)]

    used = compiler.values.fact(lambda variables: tuple(sorted({kind for kind in kinds(variables) if kind})))
    kind_list = compiler.values.bind(lambda variables: [kind or "" for kind in kinds(variables)], sa.ARRAY(sa.Text()))
    key_list = compiler.values.bind(lambda variables: [key_of(each) for each in get(variables)], sa.ARRAY(sa.Uuid()))
    wanted = (
        sa.func.unnest(kind_list, key_list)
        .table_valued("kind", sa.column("id", sa.Uuid()), with_ordinality="n")
        .render_derived()
    )
    shown = {name: types[name] for name in used}
    return sa.select(
        array(paging.one_of(compiler, shown, nodes, wanted.c.kind, wanted.c.id), wanted.c.n)
    ).scalar_subquery()


def merged(compiler: Compiler, field: Any, nodes: Sequence[Any], plan: Any) -> Expression:
    """A page over several row types."""
    return paging.merged(compiler, field, nodes, plan)


def selected(compiler: Compiler, field: Any, nodes: Sequence[Any], select: Any) -> Expression:
    """Value objects from a SELECT."""
    place = {"place": (nodes[0].alias or nodes[0].name).value} if takes_place(select) else {}
    made = select(**place, **compiler.values.keywords(field, nodes[0]))
    return compiler.value_of_select(field, made, nodes)


def known_kind(text: object, types: dict[str, Any]) -> str | None:
    """The type an id names if it is among `types`; so a request cannot make branches of names it invents."""
    named = decode_id(text)
    return named[0] if named and named[0] in types else None


def key_of(text: object) -> Any:
    """The key in a global id."""
    named = decode_id(text)
    return named[1] if named else None


Answer = Callable[["Compiler", Any, Sequence[Any], Any], Expression]
ANSWERS: dict[str, Answer] = {
    "list": listed,
    "by_id": by_id,
    "by_key": by_key,
    "one": one,
    "node": by_id,
    "nodes": by_ids,
    "merged": merged,
    "selected": selected,
}
