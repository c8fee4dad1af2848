"""JSON built by PostgreSQL. `row_to_json` over a sub-select is the fastest way, but cannot name a key over 63 bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

Expression = sa.ColumnElement[Any]
Pairs = list[tuple[str, Expression]]

NAME_BYTES_MAX = 63  # PostgreSQL cuts longer identifiers silently; GraphQL names are ASCII
PAIRS_MAX = 50  # a PostgreSQL function takes 100 arguments
COLUMNS_MAX = 1_600  # and a list of columns 1,664
# Names of FROMs whose whole row is named: a response key of the same name would be read as its column instead, and no
# GraphQL name holds a `#`.
OBJECT, ROW = "#object", "#row"
NULL: Expression = sa.literal_column("null::json", JSON())
# What a select passes to its own columns and the parts of an object must not see.
OF_THE_ENCLOSING = ("add_to_result_map", "within_columns_clause", "within_label_clause")


class JsonObject(sa.ColumnElement[Any]):
    """`(select row_to_json(o) from (select a as "x", …) o)`: its parts refer to the enclosing FROM.

    `flat` makes it without a sub-select, which aggregates over the enclosing FROM cannot stand in.
    """

    type = JSON()
    inherit_cache = False

    def __init__(self, pairs: Pairs, *, flat: bool = False) -> None:
        self.pairs = pairs
        self.flat = flat


def quoted(text: str) -> str:
    """A text constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


@compiles(JsonObject)
def render_object(element: JsonObject, compiler: SQLCompiler, **context: Any) -> str:
    """The object as SQL, by the fastest form that can name its keys."""
    inner = {key: value for key, value in context.items() if key not in OF_THE_ENCLOSING}
    parts = [(key, compiler.process(part, **inner)) for key, part in element.pairs]
    if not parts:
        return "'{}'::json"
    if fits(element.pairs) and not element.flat:
        columns = ", ".join(f'{sql} AS "{key}"' for key, sql in parts)
        return f'(SELECT row_to_json("{OBJECT}") FROM (SELECT {columns}) "{OBJECT}")'  # noqa: S608 - made of compiled SQL and GraphQL names
    return built_object([(quoted(key), sql) for key, sql in parts])


def built_object(parts: Sequence[tuple[str, str]]) -> str:
    """The object by `json_build_object`; more pairs than a call takes are joined as text, which keeps their order."""
    chunks = [parts[start : start + PAIRS_MAX] for start in range(0, len(parts), PAIRS_MAX)]
    calls = ["json_build_object(" + ", ".join(f"{key}, {sql}" for key, sql in chunk) + ")" for chunk in chunks]
    if len(calls) == 1:
        return calls[0]
    # Unnested, because each is written once so: objects in objects would otherwise double their SQL with each step.
    texts = ", ".join(f"({call})::text" for call in calls)
    joined = "string_agg(substr(part, 2, length(part) - 2), ', ' ORDER BY at)"
    return f"('{{' || (SELECT {joined} FROM unnest(ARRAY[{texts}]) WITH ORDINALITY AS parts(part, at)) || '}}')::json"  # noqa: S608 - as above


def literal(text: str) -> sa.ColumnElement[str]:
    """A constant in the statement itself: never for what a request brings."""
    return sa.literal_column(quoted(text) + "::text", sa.Text())


def array(element: Expression, *order: Any, only: Any = None) -> Expression:
    """A JSON array of `element` over the rows of the enclosing FROM; an empty one where there are none."""
    items: Any = sa.func.json_agg(aggregate_order_by(element, *order) if order else element, type_=JSON())
    gathered = items.filter(only) if only is not None else items
    return sa.func.coalesce(gathered, sa.literal_column("'[]'::json", JSON()), type_=JSON())


def fits(pairs: Pairs) -> bool:
    """Whether the columns of a sub-select can have these names."""
    return 0 < len(pairs) <= COLUMNS_MAX and all(len(key) <= NAME_BYTES_MAX for key, _ in pairs)


def row_by_row(element: Expression, rows: sa.Select[*tuple[Any, ...]]) -> tuple[Expression, sa.FromClause]:
    """`element` for each row of a select, as an expression over a FROM.

    The parts of an object become the columns of that FROM: `row_to_json(o)` over it needs no sub-select for each row.
    """
    if isinstance(element, JsonObject) and fits(element.pairs):
        row = rows.with_only_columns(*(part.label(key) for key, part in element.pairs)).subquery(ROW)
        return sa.func.row_to_json(row.table_valued(), type_=JSON()), row
    row = rows.with_only_columns(element.label("o")).subquery()
    return row.c.o, row


def one(element: Expression, rows: sa.Select[*tuple[Any, ...]]) -> Expression:
    """`element` of the one row of a select, null without one."""
    made, source = row_by_row(element, rows)
    return sa.select(made).select_from(source).scalar_subquery()


def many(element: Expression, rows: sa.Select[*tuple[Any, ...]]) -> Expression:
    """The array of `element` over the rows of a select, in its order."""
    made, source = row_by_row(element, rows)
    return sa.select(array(made)).select_from(source).scalar_subquery()


def object_over(pairs: Pairs, source: sa.FromClause) -> Expression:
    """One object whose parts are aggregates over `source` or constants, so that the FROM sits inside."""
    # HAVING makes one row of all rows, and of none, even where no part is an aggregate.
    rows: sa.Select[*tuple[Any, ...]] = sa.select().select_from(source).having(sa.true())
    if fits(pairs):
        return one(JsonObject(pairs), rows)
    row = rows.with_only_columns(*(part.label(f"c{at}") for at, (_, part) in enumerate(pairs))).subquery()
    renamed = JsonObject([(key, row.c[f"c{at}"]) for at, (key, _) in enumerate(pairs)])
    return sa.select(renamed).select_from(row).scalar_subquery()


def first_of(value: Expression, only: Any, order: Any) -> Expression:
    """The value of the first row, in `order`, for which `only` holds."""
    gathered: Any = sa.func.array_agg(aggregate_order_by(value, order), type_=sa.ARRAY(sa.Text())).filter(only)
    return gathered[sa.literal_column("1")]
