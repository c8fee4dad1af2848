"""Planners that are wrong in one place: a text in the source of one function is replaced while a test runs.

A text that is no longer there fails the test: whoever rewrites a function finds the sabotage a new place.
"""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from resolvers import customers, shop
from resolvers.planner import compiler, paging, plans, roots, sqljson, values


@dataclass(frozen=True)
class Sabotage:
    """What is wrong, and how it comes about; `roots` are those that can show it, where few can."""

    says: str
    function: Callable[..., Any]
    right: str
    wrong: str
    roots: tuple[str, ...] = ()


@contextmanager
def committed(sabotage: Sabotage) -> Iterator[None]:
    """The function is wrong within the block, wherever it is called from."""
    function: Any = sabotage.function
    source = textwrap.dedent(inspect.getsource(function))
    assert sabotage.right in source, f"{function.__qualname__} no longer says {sabotage.right!r}; sabotage it elsewhere"
    changed = source.replace(sabotage.right, sabotage.wrong)
    made: dict[str, Any] = {}
    flags = __future__.annotations.compiler_flag
    exec(compile(changed, f"<{sabotage.says}>", "exec", flags=flags, dont_inherit=True), function.__globals__, made)  # noqa: S102 - our own source
    code = function.__code__
    function.__code__ = made[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = code


MASTERS = '__import__("schema.root").root.MASTER.core'

# The rule of prices is a function of the database; here is its query without the preference for an own price.
PRICED = "price_of(variant.c.id, _paying_audience(), CUSTOMER, today())"
NEWEST_PRICED = """(
        lambda each: sa.select(each.amount, each.currency)
        .where(each.variant_id == variant.c.id, each.audience == _paying_audience())
        .where(sa.or_(each.customer_id.is_(None), each.customer_id == CUSTOMER), each.valid_from <= today())
        .where(sa.or_(each.valid_until.is_(None), each.valid_until > today()))
        .order_by(each.valid_from.desc(), each.id)
        .limit(sa.bindparam(None, 1, sa.BigInteger()))
        .correlate(variant)
        .lateral("offer")
    )(tables.Price.__table__.alias("any_offer").c)"""

SABOTAGES = (
    Sabotage("no row beyond the page is read", paging.numbered_rows, "page.rows(1)", "page.rows(0)"),
    Sabotage("the last rows are not turned round", paging.numbered_rows, "rows.c.rn.desc()", "rows.c.rn"),
    Sabotage("`after` includes its row, in one range", paging.keyset, "left > right", "left >= right"),
    Sabotage("`after` includes its row, key by key", paging.Key.beyond, "self.column > bound", "self.column >= bound"),
    Sabotage(
        "a cursor is of the row's first key alone",
        paging.Listed.cursor,
        "self.cursor_names",
        "self.cursor_names[:1] * 2",
    ),
    Sabotage("filters are ignored", values.Values.spread, "member_of(get, member) if there else ABSENT", "ABSENT"),
    Sabotage(
        "totalCount ignores the filter",
        paging.connection,
        ".select_from(other).where(every)",
        ".select_from(other)",
    ),
    Sabotage("@include is ignored", compiler.Compiler.included, '== (name == "skip")', 'and name == "skip"'),
    Sabotage(
        "a fragment is spread once an operation",
        compiler.Compiler.collect,
        "visited: set[str] = set()",
        'visited = self.__dict__.setdefault("visited", set())',
    ),
    Sabotage("the same key is answered by its first field", compiler.Compiler.collect_from, ".append(selection)", ""),
    Sabotage(
        "English where there is none", customers.localised, "sa.func.coalesce(english, source.c[name])", "english"
    ),
    Sabotage("a day begins in Greenwich", customers.today, "Asia/Shanghai", "UTC"),
    Sabotage("an own price is like any other", shop.price, PRICED, NEWEST_PRICED, ("products", "product")),
    Sabotage("an own price is not asked for", shop.price, "CUSTOMER", "sa.null()", ("products", "product")),
    Sabotage(
        "node finds hidden types",
        compiler.Compiler.possible,
        "self.schema.get_possible_types(type_)",
        f"{MASTERS}.get_possible_types({MASTERS}.type_map[type_.name])",
    ),
    Sabotage(
        "there is never a page before the last rows",
        paging.page_info,
        "more if page.backwards else",
        "sa.false() if page.backwards else",
    ),
    Sabotage("there is always a page before", paging.page_info, 'str(page.has["after"]).lower()', '"true"'),
    Sabotage("long keys are cut", sqljson.fits, "NAME_BYTES_MAX", "1000"),
    Sabotage("keys are taken for names of ours", sqljson.row_by_row, "subquery(ROW)", "subquery('o')"),
    Sabotage(
        "equals are merged in the order of time",
        paging.merged,
        "plan.descending and at < width - 1",
        "plan.descending",
        ("customer", "customers"),
    ),
    Sabotage(
        "a merged list forgets its owner's other rows",
        paging.merged,
        "page.rows(1)",
        "lambda _: 1",
        ("customer", "customers"),
    ),
    Sabotage(
        "a plan serves requests it was not made for",
        plans.Tree.find,
        "at.below.get(at.ask(variables))",
        "next(iter(at.below.values()), None)",
    ),
    Sabotage(
        "compartments are not set",
        plans.Plan.arguments,
        "*viewer.settings,",
        '*viewer.settings[:4], "{}", viewer.settings[5],',
    ),
    Sabotage("ids are answered in their own order", roots.by_ids, ", wanted.c.n)", ", wanted.c.id)"),
    # Few lists of the seeded world are longer than a page.
    Sabotage(
        "an absent page size is all there is",
        values.page_size,
        "PAGE_DEFAULT if",
        "PAGE_MAX if",
        ("orders", "products"),
    ),
)
