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
from domain.shop.facets import FacetKind
from foundation.language import translate
from resolvers.customers import localised
from resolvers.money import amount
from resolvers.planner.declare import AUDIENCE, LANGUAGE
from resolvers.planner.keys import id_expression
from resolvers.planner.sqljson import literal
from resolvers.shop import (
    PRICED,
    Bound,
    attributes_fulfilled,
    availability_of,
    matching,
    option_of_variant,
    options_fulfilled,
    price,
    shelves,
    wished_shelf,
)
from segments.audiences import Audience

# Choices of a facet, the first in its order: nobody reads a longer list.
OPTIONS_MAX = 50
# From where to where each choice of a price goes, in major units of whatever currency; the last has no end.
PRICE_BANDS = ((0, 500), (500, 2_000), (2_000, 10_000), (10_000, 50_000), (50_000, 200_000), (200_000, None))
# The order of the facets, which is that of their kinds; attributes and options stand in that of how many products have them.
CATEGORY, BRAND, PRICE, AVAILABILITY, OPTIONS, ATTRIBUTES = range(6)
KINDS = tuple(FacetKind)
Rows = sa.Select[*tuple[Any, ...]]


class Found:
    """The products of a filter, and those of the filter without some part of it: each such set is read once.

    What a filter does not hold is known when the statement is made, so most facets share the set of the whole filter.
    """

    def __init__(self, category: Bound, wanted: dict[str, Bound]) -> None:
        self.category = category
        self.wanted = wanted
        self.sets: dict[frozenset[str], sa.CTE] = {}

    def without(self, *parts: str) -> sa.CTE:
        """The key, shelf and brand of each product."""
        held = {name for name, bound in (("category", self.category), *self.wanted.items()) if bound is not None}
        left_out = held.intersection(parts)
        known = frozenset(left_out)
        if known not in self.sets:
            product = tables.Product.__table__.alias("product_of")
            rest = {name: bound for name, bound in self.wanted.items() if name not in left_out}
            conditions = [matching(product, **rest)]
            if self.category is not None and "category" not in left_out:
                conditions.append(product.c.category_id.in_(shelves(self.category)))
            rows = sa.select(product.c.id, product.c.category_id, product.c.brand).where(*conditions)
            self.sets[known] = rows.cte(f"found_{len(self.sets)}")
        return self.sets[known]


def product_facets(*, category: Bound = None, category_slug: Bound = None, **wanted: Bound) -> Rows:
    """The facets of the products of a filter, with their options as JSON that `options` takes apart.

    An attribute or option counts only where it has two values at least: with one there is nothing to choose.
    """
    found = Found(wished_shelf(category, category_slug), wanted)
    counted = sa.union_all(
        _categories(found.without("category")),
        _brands(found.without("brand")),
        _prices(found.without("price_from", "price_to")),
        _availabilities(found.without("available_only")),
        _options(found.without("options"), wanted.get("options")),
        _attributes(found.without("attributes"), wanted.get("attributes")),
    ).subquery("counted")
    order = (counted.c.at, counted.c.count.desc(), sa.collate(counted.c.value, "C"))
    rank = sa.func.row_number().over(partition_by=(counted.c.place, counted.c.code), order_by=order).label("rank")
    ranked = sa.select(counted, rank).subquery("ranked")
    option = sa.func.json_build_object(
        *(part for name in ("value", "name", "count") for part in (literal(name), ranked.c[name])), type_=JSON()
    )
    facets: Rows = (
        sa.select(
            sa.case(
                *((ranked.c.place == _number(place), literal(kind.value)) for place, kind in enumerate(KINDS))
            ).label("kind"),
            ranked.c.code,
            sa.func.min(sa.collate(ranked.c.facet, "C")).label("name"),
            sa.func.json_agg(aggregate_order_by(option, ranked.c.rank), type_=JSON()).label("options"),
        )
        .where(ranked.c.rank <= sa.bindparam(None, OPTIONS_MAX, sa.BigInteger()))
        .group_by(ranked.c.place, ranked.c.code)
        .having(sa.or_(ranked.c.place < OPTIONS, sa.func.count() > 1))
        .order_by(ranked.c.place, sa.func.sum(ranked.c.count).desc(), sa.collate(ranked.c.code, "C"))
    )
    return facets.add_cte(*found.sets.values(), nest_here=True)


def options(facet: sa.FromClause) -> Rows:
    """The choices of a facet, the most frequent first; of prices, the lowest; of an option, as products list them: S, M, L."""
    columns = (sa.column("value", sa.Text()), sa.column("name", sa.Text()), sa.column("count", sa.Integer()))
    option = sa.func.json_to_recordset(facet.c.options).table_valued(*columns, name="option")
    rows: Rows = sa.select(*option.render_derived(with_types=True).c)
    return rows


def _part(
    place: int, code: Any, facet: Any, value: Any, name: Any, count: Any, at: sa.ColumnElement[int] | None = None
) -> Rows:
    """The columns of every part; `place` orders the facets, `at` their choices before the counts do."""
    columns: dict[str, Any] = {
        "place": _number(place),
        "at": _number(0) if at is None else at,
        "code": code,
        "facet": facet,
        "value": value,
        "name": name,
        "count": count,
    }
    part: Rows = sa.select(*(column.label(label) for label, column in columns.items()))
    return part


def _categories(found: sa.CTE) -> Rows:
    """Every shelf with what lies on it and below it, as the filter by a category finds it."""
    shelf, top, below = (tables.Category.__table__.alias(name) for name in ("shelf", "top", "below"))
    tree = sa.select(top.c.id.label("top"), top.c.id.label("shelf")).cte("tree", recursive=True, nesting=True)
    tree = tree.union(sa.select(tree.c.top, below.c.id).where(below.c.parent_id == tree.c.shelf))
    laid = sa.select(found.c.category_id, _N.label("count")).group_by(found.c.category_id).subquery("laid")
    count = sa.cast(sa.func.sum(laid.c.count), sa.BigInteger())
    key = id_expression("Category", shelf.c.id)
    return (
        _part(CATEGORY, literal("category"), _text("facet.category"), key, localised(shelf), count)
        .select_from(laid.join(tree, tree.c.shelf == laid.c.category_id).join(shelf, shelf.c.id == tree.c.top))
        .group_by(shelf.c.id, shelf.c.name, shelf.c.name_en)
    )


def _brands(found: sa.CTE) -> Rows:
    part = _part(BRAND, literal("brand"), _text("facet.brand"), found.c.brand, found.c.brand, _N)
    return part.select_from(found).group_by(found.c.brand)


def _prices(found: sa.CTE) -> Rows:
    """What the viewer pays for some variant, for those alone who are told of prices; where one choice ends the next begins."""
    variant = tables.Variant.__table__.alias("offered")
    paid = price(variant).lateral("paid")
    columns = [("at", sa.Integer()), ("least", sa.Numeric()), ("most", sa.Numeric()), ("value", sa.Text()), ("name", sa.Text())]  # fmt: skip
    rows = [(at, low, high, *_written(low, high)) for at, (low, high) in enumerate(PRICE_BANDS)]
    band = sa.values(*(sa.column(*each) for each in columns), name="band", literal_binds=True).data(rows)
    pays = amount(paid)
    within = sa.and_(pays >= band.c.least, sa.or_(band.c.most.is_(None), pays <= band.c.most))
    count = sa.func.count(found.c.id.distinct())
    return (
        _part(PRICE, literal("price"), _text("facet.price"), band.c.value, band.c.name, count, band.c.at)
        .select_from(found.join(variant, variant.c.product_id == found.c.id).join(paid, sa.true()).join(band, within))
        .where(_is_told())
        .group_by(band.c.at, band.c.value, band.c.name)
    )


def _written(low: int, high: int | None) -> tuple[str, str]:
    """A choice of prices for a filter, whose two bounds stand at the dash, and for people of any language."""
    return (f"{low}-", f"≥ {low:,}") if high is None else (f"{low}-{high}", f"{low:,}–{high:,}")


def _availabilities(found: sa.CTE) -> Rows:
    """As the best stocked variant of each product can be had, for those alone who are told of stock."""
    variant, stock = tables.Variant.__table__.alias("stocked"), tables.Stock.__table__.alias("s")
    kept = variant.join(stock, stock.c.variant_id == variant.c.id)
    of_variants = (
        sa.select(found.c.id, sa.func.sum(stock.c.on_hand - stock.c.reserved).label("left"))
        .select_from(found.outerjoin(kept, variant.c.product_id == found.c.id))
        .where(_is_told())
        .group_by(found.c.id, stock.c.variant_id)
        .subquery("of_variants")
    )
    best = availability_of(sa.func.max(of_variants.c.left))
    states = sa.select(best.label("state")).group_by(of_variants.c.id).subquery("states")
    state, name = states.c.state, _text("facet.availability")
    part = _part(AVAILABILITY, literal("availability"), name, state, _availability_name(state), _N)
    return part.select_from(states).group_by(state)


def _attributes(found: sa.CTE, wishes: Bound) -> Rows:
    """Each attribute by what is wished of the others."""
    attribute = tables.Attribute.__table__.alias("described_by")
    name, shown = sa.collate(localised(attribute), "C"), sa.collate(localised(attribute, "value"), "C")
    count = sa.func.count(found.c.id.distinct())
    others = sa.true() if wishes is None else attributes_fulfilled(found, wishes, attribute.c.code)
    return (
        _part(ATTRIBUTES, attribute.c.code, sa.func.min(name), attribute.c.value, sa.func.min(shown), count)
        .select_from(found.join(attribute, attribute.c.product_id == found.c.id))
        .where(others)
        .group_by(attribute.c.code, attribute.c.value)
    )


def _options(found: sa.CTE, wishes: Bound) -> Rows:
    """Each option by the variants that have what is wished of the others."""
    variant, (chosen, option, value) = tables.Variant.__table__.alias("had"), option_of_variant()
    name, shown = sa.collate(localised(option), "C"), sa.collate(localised(value), "C")
    others = sa.true() if wishes is None else options_fulfilled(variant, wishes, option.c.code)
    joined = found.join(variant, variant.c.product_id == found.c.id).join(chosen, chosen.c.variant_id == variant.c.id)
    count = sa.func.count(found.c.id.distinct())
    return (
        _part(
            OPTIONS,
            option.c.code,
            sa.func.min(name),
            value.c.code,
            sa.func.min(shown),
            count,
            sa.func.min(value.c.position),
        )
        .select_from(
            joined.join(option, option.c.id == chosen.c.option_id).join(value, value.c.id == chosen.c.value_id)
        )
        .where(others)
        .group_by(option.c.code, value.c.code)
    )


_N = sa.func.count()


def _number(number: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(number), sa.Integer())


def _is_told() -> sa.ColumnElement[bool]:
    """Whether the viewer is told of prices and stock."""
    return sa.any_(_names(PRICED)) == AUDIENCE


def _names(audiences: tuple[Audience, ...]) -> sa.ColumnElement[Any]:
    return sa.literal_column("'{" + ",".join(each.value for each in audiences) + "}'::text[]", sa.ARRAY(sa.Text()))


def _text(key: str) -> sa.ColumnElement[str]:
    """A message of the catalogues in the viewer's language."""
    return sa.case((literal("en") == LANGUAGE, literal(translate(key, "en"))), else_=literal(translate(key, "zh")))


def _availability_name(state: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.case(
        *((state == literal(each.value), _text(f"label.Availability.{each.value}")) for each in Availability)
    )
