"""Carts of nobody go after their days, in small parts; what somebody has or uses stays."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from domain.cart.carts import add_to_cart
from domain.cart.tables import Cart, CartLine
from domain.cart.tokens import cart_key
from domain.cart.upkeep import forget_carts
from foundation.database import Database
from segments.audiences import CONSUMER
from segments.viewer import Viewer
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market

DAYS = 30
LONG_AGO, LATELY = NOW - dt.timedelta(days=DAYS, seconds=1), NOW - dt.timedelta(days=DAYS)
TOKEN = "a" * 43


@pytest.fixture(scope="module")
async def market(own_database: Database) -> Market:
    market = Market(own_database)
    await market.fill()
    return market


async def carts(market: Market) -> set[UUID]:
    async with market.acting(SYSTEM) as session:
        return set(await session.scalars(sa.select(Cart.id)))


async def step(market: Market, at_once: int = 2) -> int:
    async with market.acting(SYSTEM) as session:
        return await forget_carts(session, NOW, IDS, days=DAYS, at_once=at_once)


async def test_what_was_left_alone_goes_in_parts(market: Market) -> None:
    old = [IDS() for _ in range(5)]
    lately, mine = IDS(), IDS()
    async with market.acting(SYSTEM) as session:
        session.add_all(Cart(id=key, person_id=None, updated_at=LONG_AGO) for key in old)
        session.add(Cart(id=lately, person_id=None, updated_at=LATELY))
        session.add(Cart(id=mine, person_id=market.buyer_person, updated_at=LONG_AGO))
        await session.flush()
        session.add_all(
            CartLine(
                id=IDS(), cart_id=key, person_id=None, variant_id=market.variants["drone"], quantity=1, seen_amount=1,
                seen_currency="CNY", added_at=LONG_AGO,
            )
            for key in (old[0], lately)
        )  # fmt: skip
    # Each step is a transaction of its own: whoever begins again goes on where it ended.
    assert [await step(market) for _ in range(4)] == [2, 2, 1, 0]
    assert await carts(market) == {lately, mine}
    async with market.acting(SYSTEM) as session:
        assert set(await session.scalars(sa.select(CartLine.cart_id))) == {lately}


async def test_a_cart_in_use_is_left_alone_and_one_that_went_is_made_anew(market: Market) -> None:
    stranger = Viewer(CONSUMER)
    key = cart_key(TOKEN)
    given: dict[str, Any] = {"token": TOKEN, "variant_id": market.variants["drone"], "quantity": 1}
    async with market.acting(stranger) as session:
        assert await add_to_cart(session, stranger, LONG_AGO, IDS, **given) == key
    async with market.acting(stranger) as session:
        await add_to_cart(session, stranger, NOW, IDS, **given)
        assert await step(market) == 0
    async with market.acting(SYSTEM) as session:
        await session.execute(sa.update(Cart).where(Cart.id == key).values(updated_at=LONG_AGO))
    assert await step(market) == 1
    async with market.acting(stranger) as session:
        assert await add_to_cart(session, stranger, NOW, IDS, **given) == key
