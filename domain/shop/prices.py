"""What a variant costs somebody on a day, by the one rule that catalogue, cart and checkout share (docs/adr/0017-shop.md)."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shop.tables import Product, ProductStatus, Variant
from foundation.money import Money
from segments.viewer import Viewer


def price_of(
    variant: sa.ColumnElement[Any], audience: Any, customer: Any, day: sa.ColumnElement[Any]
) -> sa.TableValuedAlias:
    """The row `amount, currency` of a variant's price, or none: the price agreed with the customer before the audience's."""
    called = sa.func.variant_price(
        variant, sa.cast(audience, sa.Text()), sa.cast(customer, sa.Uuid()), sa.cast(day, sa.Date())
    )
    return called.table_valued(sa.column("amount", sa.BigInteger()), sa.column("currency", sa.Text()), name="offer")


async def price_for_sale(session: AsyncSession, viewer: Viewer, day: dt.date, variant_id: UUID) -> Money | None:
    """What the viewer pays for a variant that is for sale; None for what they cannot buy, or may not see."""
    assert viewer.audience is not None
    offer = price_of(Variant.__table__.c.id, viewer.audience.value, viewer.customer_id, sa.literal(day)).lateral("paid")
    query = (
        sa.select(offer.c.amount, offer.c.currency)
        .select_from(Variant)
        .join(Product, Product.id == Variant.product_id)
        .join(offer, sa.true())
        .where(Variant.id == variant_id, Product.status == ProductStatus.ACTIVE)
    )
    found = (await session.execute(query)).one_or_none()
    return None if found is None else Money(found.amount, found.currency)
