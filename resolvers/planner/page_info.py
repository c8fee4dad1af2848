"""Relay's PageInfo of a page that is numbered already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from resolvers.planner.sqljson import Expression, JsonObject, first_of, literal
from segments.core_types import named_type

if TYPE_CHECKING:
    from resolvers.planner.compiler import Compiler
    from resolvers.planner.paging import Listed


def page_info(
    compiler: Compiler, type_: Any, nodes: Sequence[Any], listed: Listed, rows: sa.FromClause, on_page: Any
) -> Expression:
    """Relay's PageInfo. Aggregates over the numbered rows, so no sub-select can hold it."""
    info_type = named_type(type_.fields["pageInfo"].type)
    page, number, cursor = listed.page, rows.c.rn, listed.cursor(rows)
    first, last = (number.desc(), number) if page.backwards else (number, number.desc())
    more = sa.func.coalesce(sa.func.bool_or(sa.not_(on_page)), sa.false())
    parts: dict[str, Callable[[], Expression]] = {
        "__typename": lambda: literal(info_type.name),
        "hasNextPage": lambda: (
            sa.literal_column(str(page.has["before"]).lower(), sa.Boolean()) if page.backwards else more
        ),
        "hasPreviousPage": lambda: (
            more if page.backwards else sa.literal_column(str(page.has["after"]).lower(), sa.Boolean())
        ),
        "startCursor": lambda: first_of(cursor, on_page, first),
        "endCursor": lambda: first_of(cursor, on_page, last),
    }
    selected = compiler.collect(info_type, nodes).items()
    pairs = [(key, parts[same[0].name.value]()) for key, same in selected]
    named = {same[0].name.value for _, same in selected}
    for key, row in compiler.marked(rows, listed.cursor_names[-1]):
        orders = {"startCursor": first, "endCursor": last}
        ends = [first_of(row, on_page, order) for name, order in orders.items() if name in named]
        pairs.append((key, sa.func.json_build_array(*ends, type_=JSON())))
    return JsonObject(pairs, flat=True)
