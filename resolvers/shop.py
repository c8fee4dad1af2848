"""How the catalogue is answered: which products are listed, their texts, prices and stock, and facets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.shop import tables
from domain.shop.availability import LOW_STOCK_MAX, Availability
from resolvers.customers import localised, today
from resolvers.planner.declare import AUDIENCE, CUSTOMER, Spread
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None
PUBLISHED = ("ACTIVE", "PREORDER", "DISCONTINUED")


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def summary(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The summary in the viewer's language."""
    return localised(source, "summary")


def description(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The description in the viewer's language."""
    return localised(source, "description")


def attribute_value(attribute: sa.FromClause) -> sa.ColumnElement[str]:
    """The value in the viewer's language."""
    return localised(attribute, "value")


def caption(media: sa.FromClause) -> sa.ColumnElement[str]:
    """The caption in the viewer's language."""
    return localised(media, "caption")


def products(
    product: sa.FromClause, *, category: Bound = None, status: Bound = None
) -> sa.ColumnElement[bool] | Spread:
    """Products of a category and of those below it, by status."""
    where = sa.true() if status is None else product.c.status == status
    return where if category is None else Spread(product.c.category_id, shelves(category), where)


def categories(category: sa.FromClause, *, parent: Bound = None) -> sa.ColumnElement[bool]:
    """The top shelves, or those of one."""
    return category.c.parent_id.is_(None) if parent is None else category.c.parent_id == parent


def shelves(category: sa.ColumnElement[Any], around: sa.FromClause | None = None) -> sa.Select[tuple[Any]]:
    """The ids of a category and of all below it; `around` is the row that the category's id is read from."""
    first, next_ = tables.Category.__table__.alias(), tables.Category.__table__.alias()
    start = sa.select(first.c.id).where(first.c.id == category)
    # The table of the statement around is no table of this one.
    tree = (start.correlate(around) if around is not None else start).cte("shelves", recursive=True, nesting=True)
    # A union and no union of all: a circle, which no rule would let in, ends as well.
    tree = tree.union(sa.select(next_.c.id).where(next_.c.parent_id == tree.c.id))
    return sa.select(tree.c.id)


def product_count(category: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many products the viewer finds in a category and below it."""
    product = tables.Product.__table__.alias()
    count = sa.select(sa.func.count()).where(product.c.category_id.in_(shelves(category.c.id, category)))
    return count.select_from(product).correlate(category).scalar_subquery()


def price(variant: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the viewer pays today: the customer's own price, else the audience's. Row policies hide all other prices."""
    offer = tables.Price.__table__.alias("offer")
    own = offer.c.customer_id == CUSTOMER
    return _best_offer(variant, offer, sa.or_(offer.c.customer_id.is_(None), own), offer.c.amount, offer.c.currency)


def list_price(variant: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the viewer's audience pays today, whatever was agreed with the customer."""
    offer = tables.Price.__table__.alias("offer")
    return _best_offer(variant, offer, offer.c.customer_id.is_(None), offer.c.amount, offer.c.currency)


def agreed_until(variant: sa.FromClause) -> sa.ColumnElement[Any]:
    """The last day of the price agreed with the customer; null without one, or when it has no end."""
    offer = tables.Price.__table__.alias("offer")
    last_day = sa.type_coerce(offer.c.valid_until - sa.literal_column("1"), sa.Date())
    return _best_offer(variant, offer, offer.c.customer_id == CUSTOMER, last_day).scalar_subquery()


def _best_offer(
    variant: sa.FromClause, offer: sa.FromClause, whose: sa.ColumnElement[bool], *columns: sa.ColumnElement[Any]
) -> sa.Select[*tuple[Any, ...]]:
    """Columns of the one price of a variant that counts today, among the audience's prices for which `whose` holds."""
    # Staff have no price of their own; they see what a consumer pays.
    audience = sa.case((literal("staff") == AUDIENCE, literal("consumer")), else_=AUDIENCE)
    offered: sa.Select[*tuple[Any, ...]] = (
        sa.select(*columns)
        .where(
            offer.c.variant_id == variant.c.id,
            offer.c.audience == audience,
            whose,
            offer.c.valid_from <= today(),
            sa.or_(offer.c.valid_until.is_(None), offer.c.valid_until > today()),
        )
        .order_by(offer.c.customer_id.is_(None), offer.c.valid_from.desc(), offer.c.id)
        .limit(sa.bindparam(None, 1, sa.BigInteger()))
        .correlate(variant)
    )
    return offered


def price_from(product: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the viewer pays today for the cheapest variant of a product."""
    variant = tables.Variant.__table__.alias("offered")
    paid = price(variant).lateral("paid")
    cheapest: sa.Select[*tuple[Any, ...]] = (
        sa.select(paid.c.amount, paid.c.currency)
        .select_from(variant.join(paid, sa.true()))
        .where(variant.c.product_id == product.c.id)
        .order_by(paid.c.amount, paid.c.currency)
        .limit(sa.bindparam(None, 1, sa.BigInteger()))
        .correlate(product)
    )
    return cheapest


def available(variant: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many can be sold now, over all locations."""
    stock = tables.Stock.__table__.alias("s")
    total = sa.select(sa.func.coalesce(sa.func.sum(stock.c.on_hand - stock.c.reserved), 0))
    return sa.cast(
        total.where(stock.c.variant_id == variant.c.id).correlate(variant).scalar_subquery(), sa.BigInteger()
    )


def variant_availability(variant: sa.FromClause) -> sa.ColumnElement[Any]:
    """Whether a variant can be had now."""
    stock = tables.Stock.__table__.alias("s")
    return _availability(stock, stock.c.variant_id == variant.c.id).correlate(variant).scalar_subquery()


def product_availability(product: sa.FromClause) -> sa.ColumnElement[Any]:
    """Whether a product can be had now, in whatever variant."""
    stock, variant = tables.Stock.__table__.alias("s"), tables.Variant.__table__.alias("stocked")
    of_product = sa.and_(variant.c.product_id == product.c.id, stock.c.variant_id == variant.c.id)
    return _availability(stock, of_product).correlate(product).scalar_subquery()


def _availability(stock: sa.FromClause, which: sa.ColumnElement[bool]) -> sa.Select[tuple[Any]]:
    """What the stock that `which` picks says; without any, none is kept."""
    total = sa.func.sum(stock.c.on_hand - stock.c.reserved)
    return sa.select(
        sa.case(
            (total.is_(None), literal(Availability.NOT_STOCKED.value)),
            (total <= 0, literal(Availability.OUT_OF_STOCK.value)),
            (total <= LOW_STOCK_MAX, literal(Availability.LOW_STOCK.value)),
            else_=literal(Availability.IN_STOCK.value),
        )
    ).where(which)
