"""How the catalogue is answered: which products are listed, their texts, prices and stock, and facets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.shop import tables
from resolvers.customers import localised, today
from resolvers.planner.declare import AUDIENCE, CUSTOMER
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


def products(product: sa.FromClause, *, category: Bound = None, status: Bound = None) -> sa.ColumnElement[bool]:
    """Products of a category, by status."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if category is not None:
        conditions.append(product.c.category_id == category)
    if status is not None:
        conditions.append(product.c.status == status)
    return sa.and_(*conditions)


def categories(category: sa.FromClause, *, parent: Bound = None) -> sa.ColumnElement[bool]:
    """The top shelves, or those of one."""
    return category.c.parent_id.is_(None) if parent is None else category.c.parent_id == parent


def price(variant: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the viewer pays today: the customer's own price, else the audience's. Row policies hide all other prices."""
    offer = tables.Price.__table__.alias("offer")
    # Staff have no price of their own; they see what a consumer pays.
    audience = sa.case((literal("staff") == AUDIENCE, literal("consumer")), else_=AUDIENCE)
    offered: sa.Select[*tuple[Any, ...]] = (
        sa.select(offer.c.amount, offer.c.currency)
        .where(
            offer.c.variant_id == variant.c.id,
            offer.c.audience == audience,
            sa.or_(offer.c.customer_id.is_(None), offer.c.customer_id == CUSTOMER),
            offer.c.valid_from <= today(),
            sa.or_(offer.c.valid_until.is_(None), offer.c.valid_until > today()),
        )
        .order_by(offer.c.customer_id.is_(None), offer.c.valid_from.desc(), offer.c.id)
        .limit(sa.bindparam(None, 1, sa.BigInteger()))
    )
    return offered


def available(variant: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many can be sold now, over all locations."""
    stock = tables.Stock.__table__.alias("s")
    total = sa.select(sa.func.coalesce(sa.func.sum(stock.c.on_hand - stock.c.reserved), 0))
    return sa.cast(
        total.where(stock.c.variant_id == variant.c.id).correlate(variant).scalar_subquery(), sa.BigInteger()
    )
