"""Connections: pages by keyset over one row type, or over several merged into one list.

Rows are numbered in a limited sub-select of one row more than the page, and aggregated outside: the extra row says whether
there is a further page. Where nobody asks that, there are neither numbers nor a further row. LIMIT is always a bind:
estimates collapse under row policies, and for a constant limit PostgreSQL chose a scan and a sort (4,100 µs, not 660).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from resolvers.planner.declare import Merged, Row, Spread, declared_row
from resolvers.planner.errors import bad_input
from resolvers.planner.keys import cursor_expression, decode_cursor
from resolvers.planner.page_info import page_info
from resolvers.planner.sqljson import NULL, Expression, JsonObject, array, literal, object_over, row_by_row
from resolvers.planner.values import Constant, Get, page_size
from resolvers.planner.watched import is_classified
from segments.core_types import named_type
from segments.strawberry_internals import origin, type_arguments

if TYPE_CHECKING:
    from resolvers.planner.compiler import Compiler

ARGUMENTS = ("first", "after", "last", "before")
Where = Callable[[sa.FromClause], sa.ColumnElement[bool] | Spread]


@dataclass(frozen=True)
class Key:
    """One expression of an order. Nulls come last in both directions, so that what has no date never heads a list."""

    column: Expression
    descending: bool
    nullable: bool

    def ordered(self, *, backwards: bool) -> Any:
        """The ORDER BY of this key; backwards is the exact mirror."""
        term = self.column.desc() if self.descending != backwards else self.column.asc()
        if not self.nullable:
            return term
        return term.nulls_first() if backwards else term.nulls_last()

    def beyond(self, bound: Any, *, after: bool) -> sa.ColumnElement[bool]:
        """Strictly after, or before, a bound; None is a null key."""
        if bound is None:
            return sa.false() if after else self.column.is_not(None)
        past = self.column > bound if after != self.descending else self.column < bound
        return sa.or_(past, self.column.is_(None)) if after and self.nullable else past

    def reaches(self, bound: Any, *, after: bool) -> sa.ColumnElement[bool]:
        """The same key as a bound that is not null, or after it, or before."""
        return self.column >= bound if after != self.descending else self.column <= bound

    def equals(self, bound: Any) -> sa.ColumnElement[bool]:
        """The same key."""
        return self.column.is_(None) if bound is None else self.column == bound


@dataclass(frozen=True)
class Page:
    """What a request asks of a list: its direction, size and bounds. `has` are facts, the getters give values."""

    has: dict[str, bool]
    get: dict[str, Get]

    @property
    def backwards(self) -> bool:
        """Counted from the end."""
        return self.has["last"]

    def rows(self, more: int) -> Get:
        """How many rows the page has, and so many more; refuses a size that no page may have."""
        number = self.get["last" if self.backwards else "first"]
        if isinstance(number, Constant):
            return Constant(page_size(number.value) + more)
        return lambda variables: page_size(number(variables)) + more


def asked_page(compiler: Compiler, field: Any, node: Any) -> Page:
    """The paging arguments, checked before anything runs."""
    values = compiler.values
    get = {name: values.argument(field, node, name) for name in ARGUMENTS}
    page = Page({name: values.given(each) for name, each in get.items()}, get)
    if page.has["first"] and page.has["last"]:
        raise bad_input("request.first_and_last")
    # A fact, because it is asked again of every request: a page that selects its count alone binds no size.
    size = page.rows(0)
    values.fact(size if isinstance(size, Constant) else lambda variables: size(variables) >= 0)
    return page


def keys_of(declared: Row, source: sa.FromClause) -> list[Key]:
    """The order of a row type over one of its FROMs."""
    found: list[Key] = []
    for written in declared.order:
        name = written.lstrip("-")
        nullable = bool(declared.table.__table__.c[name].nullable)
        found.append(Key(source.c[name], written.startswith("-"), nullable))
    return found


def python_type(key: Key) -> type:
    """What a cursor's text for this key is parsed as; labels are text in the database."""
    return str if isinstance(key.column.type, sa.Enum) else key.column.type.python_type


def connection(compiler: Compiler, field: Any, nodes: Sequence[Any], where: Where, *outer: sa.FromClause) -> Expression:
    """A page of one row type."""
    target = node_type(compiler, field)
    declared: Row = target_row(target)
    page = asked_page(compiler, field, nodes[0])
    source = compiler.alias(target)
    keys = keys_of(declared, source)
    condition = where(source)
    within = bounds(compiler, keys, page)
    if isinstance(condition, Spread):
        rows, source = spread_rows(compiler, condition, source, within, keys, page, outer)
        keys = keys_of(declared, source)
    else:
        # Named beside the columns, because those give way to the parts of an object, which may name no column at all.
        rows = sa.select(source).select_from(source).where(condition, *within).correlate(*outer)

    def item(of: sa.FromClause, same: Sequence[Any]) -> Expression:
        return compiler.object(target, of, same)

    def count() -> Expression:
        other = compiler.alias(target)
        which = where(other)
        every = which.whole() if isinstance(which, Spread) else which
        counted = sa.select(sa.func.count()).select_from(other).where(every)
        return counted.correlate(*outer).scalar_subquery()

    cursor_names = [written.lstrip("-") for written in declared.order]
    return page_object(compiler, field, nodes, Listed(rows, source, keys, page, cursor_names, item, count))


def spread_rows(
    compiler: Compiler,
    spread: Spread,
    source: sa.FromClause,
    within: Sequence[sa.ColumnElement[bool]],
    keys: Sequence[Key],
    page: Page,
    outer: Sequence[sa.FromClause],
) -> tuple[sa.Select[*tuple[Any, ...]], sa.FromClause]:
    """The first rows of each value, as many as the page can need of them, and the FROM that has them all."""
    compiler.count += 1
    values = spread.values.correlate(*outer).subquery(f"s{compiler.count}")
    order = [key.ordered(backwards=page.backwards) for key in keys]
    limit = compiler.values.bind(page.rows(1), sa.BigInteger())
    of_value = (
        sa.select(source).where(spread.column == values.c[0], spread.where, *within).order_by(*order).limit(limit)
    )
    part = of_value.correlate(values, *outer).lateral(f"r{compiler.count}")
    return sa.select(part).select_from(values.join(part, sa.true())).correlate(*outer), part


def merged(compiler: Compiler, field: Any, nodes: Sequence[Any], plan: Merged, *outer: sa.FromClause) -> Expression:
    """A page over several row types: each side gives the keys of at most a page and one; only winners are read."""
    target = node_type(compiler, field)
    members = compiler.possible(target)
    arguments = compiler.values.keywords(field, nodes[0], ARGUMENTS)
    page = asked_page(compiler, field, nodes[0])
    shown = [(members[name], side) for name, side in plan.sides.items() if name in members]

    def rows_of(type_: Any, side: Any, *, bounded: bool) -> sa.Select[*tuple[Any, ...]]:
        source = compiler.alias(type_)
        extra = {"of": outer[0]} if outer else {}
        condition = side.where(source, **extra, **arguments)
        keys = side_keys(plan, side, source)
        columns: list[Any] = [key.column.label(f"k{at}") for at, key in enumerate(keys)]
        if compiler.watched:
            degree = source.c.classification if is_classified(source) else sa.literal_column("0", sa.SmallInteger())
            columns.append(degree.label("classification"))
        select = sa.select(literal(type_.name).label("kind"), *columns).select_from(source).where(condition)
        if not bounded:
            return select
        limit = compiler.values.bind(page.rows(1), sa.BigInteger())
        order = [key.ordered(backwards=page.backwards) for key in keys]
        return select.where(*bounds(compiler, keys, page)).order_by(*order).limit(limit)

    sides = [rows_of(type_, side, bounded=True).correlate(*outer).subquery() for type_, side in shown]
    together = sa.union_all(*(sa.select(side) for side in sides)).subquery()
    width = sum(name.startswith("k") and name != "kind" for name in together.c.keys())  # noqa: SIM118 - columns iterate as columns
    keys = [Key(together.c[f"k{at}"], plan.descending and at < width - 1, nullable=False) for at in range(width)]

    def item(of: sa.FromClause, same: Sequence[Any]) -> Expression:
        return one_of(compiler, {type_.name: type_ for type_, _ in shown}, same, of.c.kind, of.c[f"k{width - 1}"])

    def count() -> Expression:
        counts = [
            sa.select(sa.func.count()).select_from(rows_of(type_, side, bounded=False).correlate(*outer).subquery())
            for type_, side in shown
        ]
        scalars: list[Any] = [each.correlate(*outer).scalar_subquery() for each in counts]
        return reduce(lambda left, right: left + right, scalars)

    cursor_names = [f"k{at}" for at in range(width)]  # the last is the row's id
    rows = sa.select(together).select_from(together).correlate(*outer)
    return page_object(compiler, field, nodes, Listed(rows, together, keys, page, cursor_names, item, count))


def side_keys(plan: Merged, side: Any, source: sa.FromClause) -> list[Key]:
    """The keys of one side of a merged list; the row's id decides between equals, ascending."""
    keys = [Key(column, plan.descending, nullable=False) for column in side.keys(source)]
    return [*keys, Key(source.c.id, descending=False, nullable=False)]


def one_of(
    compiler: Compiler, types: dict[str, Any], nodes: Sequence[Any], kind: Expression, key: Expression
) -> Expression:
    """The object of whichever row type `kind` names, read by key."""
    cases: list[tuple[Any, Expression]] = []
    for name, type_ in types.items():
        source = compiler.alias(type_)
        outer: sa.FromClause = key.table  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        cases.append((kind == literal(name), compiler.one(type_, source, nodes, source.c.id == key, outer)))
    return sa.case(*cases, else_=NULL) if cases else NULL


def bounds(compiler: Compiler, keys: list[Key], page: Page) -> list[sa.ColumnElement[bool]]:
    """The conditions of `after` and `before`."""
    return [
        keyset(compiler, keys, page.get[name], after=name == "after") for name in ("after", "before") if page.has[name]
    ]


def keyset(compiler: Compiler, keys: list[Key], get: Get, *, after: bool) -> sa.ColumnElement[bool]:
    """Strictly beyond a cursor. Keys of one direction without nulls compare as a row, which is one index range."""
    types = [python_type(key) for key in keys]
    values = compiler.values
    limits: list[Any] = []
    for at, key in enumerate(keys):

        def part(variables: Any, at: int = at) -> Any:
            return decode_cursor(get(variables), types)[at]

        is_null = values.fact(lambda variables, part=part: part(variables) is None)
        if is_null and not key.nullable:
            raise bad_input("request.invalid_cursor")
        limits.append(None if is_null else values.bind(part, key.column.type))
    if len({key.descending for key in keys}) == 1 and not any(key.nullable for key in keys):
        left, right = sa.tuple_(*(key.column for key in keys)), sa.tuple_(*limits)
        return left > right if after != keys[0].descending else left < right
    pairs = list(zip(keys, limits, strict=True))
    beyond: sa.ColumnElement[bool] = reduce(
        lambda rest, pair: sa.or_(pair[0].beyond(pair[1], after=after), sa.and_(pair[0].equals(pair[1]), rest)),
        reversed(pairs),
        sa.false(),
    )
    # It follows from the rest, but no index starts at an OR: 21,604 rows were read to skip as many.
    return beyond if keys[0].nullable else sa.and_(keys[0].reaches(limits[0], after=after), beyond)


@dataclass(frozen=True)
class Listed:
    """The rows of a list within its bounds, and how to make of them what a connection offers.

    `item` and `cursor_names` are of a FROM with the columns of `rows`: `source`, which they select from, or themselves.
    """

    rows: sa.Select[*tuple[Any, ...]]
    source: sa.FromClause
    keys: Sequence[Key]
    page: Page
    cursor_names: Sequence[str]
    item: Callable[[sa.FromClause, Sequence[Any]], Expression]
    count: Callable[[], Expression]

    def cursor(self, of: sa.FromClause) -> Expression:
        """The cursor of a row."""
        return cursor_expression([of.c[name] for name in self.cursor_names])

    def order(self) -> list[Any]:
        """The ORDER BY in the direction of reading."""
        return [key.ordered(backwards=self.page.backwards) for key in self.keys]


def page_object(compiler: Compiler, field: Any, nodes: Sequence[Any], listed: Listed) -> Expression:
    """The connection object: edges, nodes, pageInfo and totalCount, as far as they are asked for."""
    type_ = named_type(field.type)
    asked = compiler.collect(type_, nodes)
    of_rows = [same for same in asked.values() if same[0].name.value in {"edges", "nodes", "pageInfo"}]
    read: dict[str, Expression] = {}
    rows: sa.FromClause | None = None
    if len(of_rows) == 1 and of_rows[0][0].name.value != "pageInfo" and not listed.page.backwards:
        read, rows = first_rows(compiler, type_, of_rows[0], listed)
    elif of_rows:
        read, rows = numbered_rows(compiler, type_, of_rows, listed)
    pairs: list[tuple[str, Expression]] = []
    for key, same in asked.items():
        match same[0].name.value:
            case "__typename":
                part: Expression = literal(type_.name)
            case "totalCount":
                part = listed.count()
            case _:
                part = read[key]
        pairs.append((key, part))
    return JsonObject(pairs) if rows is None else object_over(pairs, rows)


def first_rows(
    compiler: Compiler, type_: Any, nodes: Sequence[Any], listed: Listed
) -> tuple[dict[str, Expression], sa.FromClause]:
    """One list of the first rows and nothing else of the page: no row needs a number, and none is read beyond them."""
    limit = compiler.values.bind(listed.page.rows(0), sa.BigInteger())
    element = element_of(compiler, type_, nodes, listed, listed.source)
    made, rows = row_by_row(element, listed.rows.order_by(*listed.order()).limit(limit))
    return {response_key(nodes): array(made)}, rows


def numbered_rows(
    compiler: Compiler, type_: Any, lists: Sequence[Sequence[Any]], listed: Listed
) -> tuple[dict[str, Expression], sa.FromClause]:
    """Whatever is asked of a page, from its rows and one more, numbered in the direction of reading."""
    page = listed.page
    number = sa.func.row_number().over(order_by=listed.order()).label("rn")
    limit = compiler.values.bind(page.rows(1), sa.BigInteger())
    compiler.count += 1
    rows = listed.rows.add_columns(number).order_by(*listed.order()).limit(limit).subquery(f"p{compiler.count}")
    on_page = rows.c.rn <= compiler.values.bind(page.rows(0), sa.BigInteger())
    forward = (rows.c.rn.desc(),) if page.backwards else ()
    read: dict[str, Expression] = {}
    for nodes in lists:
        if nodes[0].name.value == "pageInfo":
            read[response_key(nodes)] = page_info(compiler, type_, nodes, listed, rows, on_page)
        else:
            element = element_of(compiler, type_, nodes, listed, rows)
            read[response_key(nodes)] = array(element, *forward, only=on_page)
    return read, rows


def response_key(nodes: Sequence[Any]) -> str:
    """The key of a field in the answer."""
    return (nodes[0].alias or nodes[0].name).value


def element_of(
    compiler: Compiler, type_: Any, nodes: Sequence[Any], listed: Listed, source: sa.FromClause
) -> Expression:
    """What a row is in `nodes` or in `edges`."""
    if nodes[0].name.value == "nodes":
        return listed.item(source, nodes)
    edge_type = named_type(type_.fields["edges"].type)
    parts: dict[str, Callable[[Sequence[Any]], Expression]] = {
        "__typename": lambda _: literal(edge_type.name),
        "cursor": lambda _: listed.cursor(source),
        "node": lambda same: listed.item(source, same),
    }
    pairs = [(key, parts[same[0].name.value](same)) for key, same in compiler.collect(edge_type, nodes).items()]
    # A cursor alone tells of its row too.
    return JsonObject([*pairs, *compiler.marked(source, listed.cursor_names[-1])])


def node_type(compiler: Compiler, field: Any) -> Any:
    """The type of a connection's nodes, in the view."""
    (argument,) = type_arguments(named_type(field.type))
    return compiler.schema.get_type(argument.name)


def target_row(type_: Any) -> Row:
    """The row declaration of a connection's node type."""
    declared = declared_row(origin(type_))
    assert declared is not None
    return declared
