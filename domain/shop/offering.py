"""The rule of offering a new product: its row, what is sold of it, a picture, and a price for whoever buys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.shop.tables import Media, MediaKind, Price, Product, ProductStatus, Variant
from domain.shop.words import document_vector
from foundation.clock import day_in_china
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal
from segments.audiences import CONSUMER, ENTERPRISE, GOVERNMENT, Audience
from segments.classification import Classification

PRICED = (CONSUMER, ENTERPRISE, GOVERNMENT)
# The drawing of a product that has none of its own yet.
SYMBOL = "package"
# New goods stand before the others of their shelf.
FIRST = 0


class Offered(NamedTuple):
    """A product to offer: checked texts, whom it is offered to, and what one of its only variant costs."""

    category_id: UUID
    origin_programme_id: UUID | None
    name: str
    name_en: str | None
    summary: str
    description: str
    brand: str
    variant: str
    price: Money
    audiences: Sequence[Audience]


async def offer_product(session: AsyncSession, now: dt.datetime, new_id: Ids, offered: Offered) -> UUID:
    """Store a public product with one variant and its prices; returns its key.

    Its address is made from its key: one that somebody chose could be taken by a product that they may not see.
    """
    if offered.price.amount <= 0:
        raise Refusal("PRICE_POSITIVE", ("price",))
    key = new_id()
    guard = {
        "audiences": [audience.value for audience in offered.audiences],
        "classification": Classification.PUBLIC,
        "compartments": list[str](),
    }
    session.add(
        Product(
            id=key,
            category_id=offered.category_id,
            origin_programme_id=offered.origin_programme_id,
            slug=f"n-{key.hex}",
            name=offered.name,
            name_en=offered.name_en,
            summary=offered.summary,
            summary_en=None,
            description=offered.description,
            description_en=None,
            brand=offered.brand,
            status=ProductStatus.ACTIVE,
            position=FIRST,
            weight_grams=None,
            warranty_months=None,
            released_on=day_in_china(now),
            export_controlled=False,
            nato_stock_number=None,
            cost_amount=None,
            cost_currency=None,
            version=1,
            created_at=now,
            updated_at=now,
            search=document_vector(f"{offered.name} {offered.name_en or ''}", offered.summary, offered.description),
            **guard,
        )
    )
    await session.flush()
    variant = Variant(
        id=new_id(),
        product_id=key,
        sku=f"N-{key.hex}".upper(),
        name=offered.variant,
        name_en=None,
        position=FIRST,
        **guard,
    )
    session.add(variant)
    session.add(
        Media(
            id=new_id(),
            product_id=key,
            kind=MediaKind.ILLUSTRATION,
            symbol=SYMBOL,
            path=None,
            caption=offered.name,
            caption_en=offered.name_en,
            position=FIRST,
            **guard,
        )
    )
    await session.flush()
    session.add_all(
        Price(
            id=new_id(),
            variant_id=variant.id,
            audience=audience,
            customer_id=None,
            amount=offered.price.amount,
            currency=offered.price.currency,
            valid_from=day_in_china(now),
            valid_until=None,
        )
        for audience in PRICED
        if audience in offered.audiences
    )
    await session.flush()
    return key
