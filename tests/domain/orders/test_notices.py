"""A customer is told what becomes of an order, once, with it or not at all; only consumers and companies, of public orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from domain.customers.tables import Customer, Segment
from domain.notices.tables import Notice, NoticeKind
from domain.orders import notices
from domain.orders.cancelling import cancel_order
from domain.orders.fulfilling import Sent, deliver_order, ship_order
from domain.orders.paying import order_paid, order_unpaid
from domain.orders.placing import Wanted, place_order
from domain.orders.tables import Channel, OrderLine
from foundation.database import Database
from segments.classification import Classification
from tests.domain.orders.market import CLERK, IDS, NOW, SYSTEM, Market, settle_as_house

SHIPPED, DELIVERED, CANCELLED = NoticeKind.ORDER_SHIPPED, NoticeKind.ORDER_DELIVERED, NoticeKind.ORDER_CANCELLED


@pytest.fixture(scope="module")
async def market(own_database: Database) -> Market:
    made = Market(own_database)
    await made.fill()
    return made


@pytest.fixture(autouse=True)
async def stocked(market: Market) -> None:
    await market.stock({("drone", "chengdu"): 3, ("drone", "xian"): 5, ("battery", "xian"): 100})


async def told(market: Market, key: UUID) -> list[tuple[NoticeKind, Mapping[str, Any]]]:
    """What was said of an order, in its order."""
    async with market.acting(SYSTEM) as session:
        query = sa.select(Notice).where(Notice.subject_id == key).order_by(Notice.at, Notice.id)
        return [(each.kind, each.values) for each in await session.scalars(query)]


async def sent(market: Market, key: UUID) -> None:
    async with market.acting(SYSTEM) as session:
        await order_paid(session, NOW, IDS, key)
    async with market.acting(CLERK) as session:
        await ship_order(session, NOW, IDS, order_id=key)
    async with market.acting(CLERK) as session:
        await deliver_order(session, NOW, IDS, order_id=key)


async def test_each_part_that_is_sent_is_told_and_the_arrival_once(market: Market) -> None:
    key = await market.place(market.consumer, {"battery": 3})
    number = {"number": (await market.order(key)).number}
    async with market.acting(SYSTEM) as session:
        await order_paid(session, NOW, IDS, key)
        line = (await session.scalars(sa.select(OrderLine.id).where(OrderLine.order_id == key))).one()
    for pieces in (1, 2):
        async with market.acting(CLERK) as session:
            await ship_order(session, NOW, IDS, order_id=key, lines=[Sent(line, pieces)])
    for _ in range(2):
        async with market.acting(CLERK) as session:
            await deliver_order(session, NOW, IDS, order_id=key)
    assert await told(market, key) == [(SHIPPED, number), (SHIPPED, number), (DELIVERED, number)]
    async with market.acting(market.consumer) as session:
        assert len(list(await session.scalars(sa.select(Notice.id).where(Notice.subject_id == key)))) == 3
    async with market.acting(market.enterprise) as session:
        assert list(await session.scalars(sa.select(Notice.id).where(Notice.subject_id == key))) == []


async def test_whoever_cancels_it_is_told_once_and_with_it(market: Market) -> None:
    for viewer in (market.consumer, CLERK, SYSTEM):
        key = await market.place(market.consumer, {"battery": 1})
        for _ in range(2):
            async with market.acting(viewer) as session:
                if viewer is SYSTEM:
                    await order_unpaid(session, NOW, IDS, key)
                else:
                    await cancel_order(session, NOW, IDS, order_id=key, reason="不要了")
        assert [kind for kind, _ in await told(market, key)] == [CANCELLED]
    key = await market.place(market.enterprise, {"battery": 1})
    async with market.acting(CLERK) as session:
        await cancel_order(session, NOW, IDS, order_id=key, reason="不要了")
        await session.rollback()
    assert await told(market, key) == [], "what was taken back was never said"


async def test_nothing_is_said_of_what_is_not_public(market: Market) -> None:
    # As the order would be that was bought by contract: no row of the shop becomes classified by an update.
    for guard, said in (
        ({"classification": Classification.INTERNAL}, 0),
        ({"compartments": ["QL-7"]}, 0),
        ({}, 1),
    ):
        key = await market.place(market.consumer, {"battery": 1})
        order = await market.order(key)
        for name, value in guard.items():
            setattr(order, name, value)
        async with market.acting(SYSTEM) as session:
            await notices.tell(session, NOW, IDS, order, CANCELLED, about=key)
        assert len(await told(market, key)) == said


async def test_nobody_but_consumers_and_companies_is_told(market: Market) -> None:
    async def become(segment: Segment) -> None:
        async with market.acting(SYSTEM) as session:
            await session.execute(sa.update(Customer).where(Customer.id == market.buyer).values(segment=segment))

    for segment in (Segment.MILITARY, Segment.GOVERNMENT):
        key = await market.place(market.consumer, {"battery": 1})
        await become(segment)
        try:
            await sent(market, key)
            assert await told(market, key) == []
        finally:
            await become(Segment.CONSUMER)


async def test_what_is_taken_along_at_a_till_was_not_sent(market: Market) -> None:
    async with market.acting(market.consumer) as session:
        key, _ = await place_order(
            session, NOW, IDS, customer_id=market.buyer, person_id=None, delivery=None, channel=Channel.STORE,
            lines=[Wanted(market.variants["battery"], 1)],
        )  # fmt: skip
        await settle_as_house(session, market.consumer, order_id=key, discount=0, paid=None)
    await sent(market, key)
    assert await told(market, key) == []
