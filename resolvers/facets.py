"""How facets of the catalogue are counted: what the products of a filter could be narrowed by, and how many each choice leaves.

A facet is counted over the products that pass the rest of the filter, without its own part of it: whoever chose a brand
sees what the other brands would give. All counts are made under the viewer's row security, in the statement of the request.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by

from domain.shop import tables
from domain.shop.availability import Availability
from foundation.language import translate
from resolvers.customers import localised
from resolvers.planner.declare import AUDIENCE, LANGUAGE
from resolvers.planner.keys import id_expression
from resolvers.planner.sqljson import literal
from resolvers.shop import PRICED, Bound, matching, product_availability, shelves, wished_shelf
from segments.audiences import Audience

# Choices of a facet, the most frequent first: nobody reads a longer list.
OPTIONS_MAX = 50
Rows = sa.Select[*tuple[Any, ...]]


def product_facets(
    *,
    category: Bound = None,
    category_slug: Bound = None,
    brand: Bound = None,
    available_only: Bound = None,
    attributes: Bound = None,
    **rest: Bound,
) -> Rows:
    """The facets of the products of a filter, with their options as JSON that `options` takes apart.

    An attribute counts only where it has two values at least: with one there is nothing to choose.
    """
    category = wished_shelf(category, category_slug)
    wanted = {"brand": brand, "available_only": available_only, "attributes": attributes, **rest}
    parts = (
        _categories(**wanted),
        _brands(category, **{**wanted, "brand": None}),
        _availabilities(category, **{**wanted, "available_only": None}),
        _attributes(category, **wanted),
    )
    counted = sa.union_all(*parts).subquery("counted")
    order = (counted.c.count.desc(), sa.collate(counted.c.value, "C"))
    rank = sa.func.row_number().over(partition_by=(counted.c.place, counted.c.code), order_by=order).label("rank")
    ranked = sa.select(counted, rank).subquery("ranked")
    option = sa.func.json_build_object(
        *(part for name in ("value", "name", "count") for part in (literal(name), ranked.c[name])), type_=JSON()
    )
    facets: Rows = (
        sa.select(
            ranked.c.code,
            sa.func.min(sa.collate(ranked.c.facet, "C")).label("name"),
            sa.func.json_agg(aggregate_order_by(option, ranked.c.rank), type_=JSON()).label("options"),
        )
        .where(ranked.c.rank <= sa.bindparam(None, OPTIONS_MAX, sa.BigInteger()))
        .group_by(ranked.c.place, ranked.c.code)
        .having(sa.or_(ranked.c.place < 3, sa.func.count() > 1))
        .order_by(ranked.c.place, sa.func.sum(ranked.c.count).desc(), sa.collate(ranked.c.code, "C"))
    )
    return facets


def options(facet: sa.FromClause) -> Rows:
    """The choices of a facet, the most frequent first."""
    columns = (sa.column("value", sa.Text()), sa.column("name", sa.Text()), sa.column("count", sa.Integer()))
    option = sa.func.json_to_recordset(facet.c.options).table_valued(*columns, name="option")
    rows: Rows = sa.select(*option.render_derived(with_types=True).c)
    return rows


def _part(
    place: int, code: Any, facet: Any, value: sa.ColumnElement[Any], name: sa.ColumnElement[Any], count: Any
) -> Rows:
    """The columns of every part; `place` orders the facets."""
    columns = (sa.literal_column(str(place), sa.Integer()).label("place"), code.label("code"), facet.label("facet"))
    part: Rows = sa.select(*columns, value.label("value"), name.label("name"), count.label("count"))
    return part


def _categories(**wanted: Bound) -> Rows:
    """Every shelf with what lies on it and below it, as the filter by a category finds it."""
    product, shelf = tables.Product.__table__.alias("product_of"), tables.Category.__table__.alias("shelf")
    top, below = tables.Category.__table__.alias(), tables.Category.__table__.alias()
    tree = sa.select(top.c.id.label("top"), top.c.id.label("shelf")).cte("tree", recursive=True, nesting=True)
    tree = tree.union(sa.select(tree.c.top, below.c.id).where(below.c.parent_id == tree.c.shelf))
    return (
        _part(
            0, literal("category"), _text("facet.category"), id_expression("Category", shelf.c.id), localised(shelf), _N
        )
        .select_from(product.join(tree, tree.c.shelf == product.c.category_id).join(shelf, shelf.c.id == tree.c.top))
        .where(matching(product, **wanted))
        .group_by(shelf.c.id, shelf.c.name, shelf.c.name_en)
    )


def _brands(category: Bound, **wanted: Bound) -> Rows:
    product = tables.Product.__table__.alias("branded")
    brand = product.c.brand
    return (
        _part(1, literal("brand"), _text("facet.brand"), brand, brand, _N)
        .select_from(product)
        .where(_within(product, category), matching(product, **wanted))
        .group_by(brand)
    )


def _availabilities(category: Bound, **wanted: Bound) -> Rows:
    """For those alone who are told of stock."""
    product = tables.Product.__table__.alias("stocked_product")
    told = sa.any_(_names(PRICED)) == AUDIENCE
    states = (
        sa.select(product_availability(product).label("state"))
        .select_from(product)
        .where(told, _within(product, category), matching(product, **wanted))
        .subquery("states")
    )
    state = states.c.state
    part = _part(2, literal("availability"), _text("facet.availability"), state, _availability_name(state), _N)
    return part.select_from(states).group_by(state)


def _attributes(category: Bound, *, attributes: Bound, **wanted: Bound) -> Rows:
    """Each attribute by what is wished of the others."""
    product, attribute = tables.Product.__table__.alias("described"), tables.Attribute.__table__.alias("described_by")
    name, shown = sa.collate(localised(attribute), "C"), sa.collate(localised(attribute, "value"), "C")
    count = sa.func.count(product.c.id.distinct())
    return (
        _part(3, attribute.c.code, sa.func.min(name), attribute.c.value, sa.func.min(shown), count)
        .select_from(product.join(attribute, attribute.c.product_id == product.c.id))
        .where(
            _within(product, category),
            matching(product, **wanted, attributes=attributes, attributes_but=attribute.c.code),
        )
        .group_by(attribute.c.code, attribute.c.value)
    )


def _within(product: sa.FromClause, category: Bound) -> sa.ColumnElement[bool]:
    return sa.true() if category is None else product.c.category_id.in_(shelves(category))


_N = sa.func.count()


def _names(audiences: tuple[Audience, ...]) -> sa.ColumnElement[Any]:
    return sa.literal_column("'{" + ",".join(each.value for each in audiences) + "}'::text[]", sa.ARRAY(sa.Text()))


def _text(key: str) -> sa.ColumnElement[str]:
    """A message of the catalogues in the viewer's language."""
    return sa.case((literal("en") == LANGUAGE, literal(translate(key, "en"))), else_=literal(translate(key, "zh")))


def _availability_name(state: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.case(
        *((state == literal(each.value), _text(f"label.Availability.{each.value}")) for each in Availability)
    )
