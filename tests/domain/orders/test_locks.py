"""Orders of one member, and of many who want the same, wait for each other as briefly as can be and never in a circle."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.cancelling import cancel_order
from domain.orders.fulfilling import ship_order
from domain.orders.paying import order_paid
from domain.orders.placing import PaidInPoints, Wanted, place_order, settle_order
from domain.points import ledger
from domain.points.verifying import verify
from domain.vouchers.using import take_voucher
from foundation.database import Database
from foundation.money import Money
from foundation.refusals import Refusal
from tests.crossing import crossing
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market
from tests.domain.vouchers.offers import coupon

POINTS, DISCOUNT = 1_000, 5_00
ACTING = SYSTEM.row_settings()
FULL = {"drone": {"chengdu": (3, 0), "xian": (5, 0)}, "battery": {"xian": (100, 0)}}


@pytest.fixture(scope="module")
async def market(own_database: Database) -> Market:
    made = Market(own_database)
    await made.fill()
    await made.give_points(made.buyer, 10 * POINTS)
    async with made.acting(SYSTEM) as session:
        await coupon(session, "EVERYBODY", value=DISCOUNT, audiences=("consumer", "enterprise"))
    return made


class Checkout:
    """A checkout in two steps: the order with its voucher if it has one, then the consumer's points and the rest."""

    def __init__(self, market: Market, variant: str, *, company: bool = False, voucher: bool = True) -> None:
        self.market, self.variant = market, variant
        self.customer, self.person = (
            (market.company, market.company_person) if company else (market.buyer, market.buyer_person)
        )
        self.points = 0 if company else POINTS
        self.discount = DISCOUNT if voucher else 0
        self.key = UUID(int=0)
        self.cost = Money(0, "CNY")

    async def begin(self, session: AsyncSession) -> None:
        lines = [Wanted(self.market.variants[self.variant], 1)]
        self.key, self.cost = await place_order(
            session, NOW, IDS, customer_id=self.customer, person_id=self.person, delivery=None, lines=lines
        )
        if self.discount:
            await take_voucher(
                session, NOW, code="EVERYBODY", customer_id=self.customer, order_id=self.key, subtotal=self.cost
            )

    async def go_on(self, session: AsyncSession) -> None:
        paid = None
        if self.points:
            whose = {"programme_id": self.market.programme, "customer_id": self.customer}
            key = f"order {self.key}"
            [hold] = await ledger.hold(session, **whose, key=key, amount=self.points, subject_id=self.key)  # type: ignore[arg-type]
            paid = PaidInPoints(self.market.programme, self.points, self.points, hold)
        await settle_order(session, order_id=self.key, discount=self.discount, paid=paid)

    async def whole(self, session: AsyncSession) -> None:
        await self.begin(session)
        await self.go_on(session)

    async def cancel(self, session: AsyncSession) -> None:
        await cancel_order(session, NOW, IDS, order_id=self.key, reason="不要了")


async def placed(order: Checkout) -> Checkout:
    async with order.market.acting(SYSTEM) as session:
        await order.whole(session)
    return order


async def cancelled(market: Market, *orders: Checkout) -> None:
    """All is as it was before the orders."""
    for order in orders:
        async with market.acting(SYSTEM) as session:
            await order.cancel(session)
    assert {variant: await market.left(variant) for variant in FULL} == FULL
    async with market.acting(SYSTEM) as session:
        assert await verify(session) == []


async def test_a_member_checks_out_while_an_order_with_the_same_coupon_is_cancelled(market: Market) -> None:
    before, now = await placed(Checkout(market, "drone")), Checkout(market, "battery")
    # Checkout takes the coupon and then points, cancelling gives points back and then the coupon.
    assert await crossing(market.database, ACTING, now.begin, before.cancel, now.go_on)
    await cancelled(market, now)


async def test_another_checks_out_while_an_order_of_the_same_with_the_same_coupon_is_cancelled(market: Market) -> None:
    before, now = await placed(Checkout(market, "drone", company=True)), Checkout(market, "drone")
    # Checkout takes the coupon and then pieces; so cancelling frees pieces last.
    assert await crossing(market.database, ACTING, now.begin, before.cancel, now.go_on)
    await cancelled(market, now)


async def test_who_buys_the_same_waits_for_the_end_of_a_checkout_alone(market: Market) -> None:
    mine, theirs = Checkout(market, "battery", voucher=False), Checkout(market, "battery", voucher=False, company=True)

    async def end(session: AsyncSession) -> None:
        pass

    assert not await crossing(market.database, ACTING, mine.begin, theirs.whole, mine.go_on)
    await cancelled(market, mine, theirs)
    # The pieces themselves are counted by one after the other.
    assert await crossing(market.database, ACTING, mine.whole, theirs.whole, end)
    await cancelled(market, mine, theirs)


async def test_what_was_placed_and_not_settled_keeps_no_piece_and_is_neither_paid_nor_sent(market: Market) -> None:
    order = Checkout(market, "drone", voucher=False)
    async with market.acting(SYSTEM) as session:
        await order.begin(session)
    with pytest.raises(Refusal, match="ORDER_STATE"):
        async with market.acting(SYSTEM) as session:
            await order_paid(session, NOW, IDS, order.key)
    with pytest.raises(Refusal, match="ORDER_STATE"):
        async with market.acting(SYSTEM) as session:
            await ship_order(session, NOW, IDS, order_id=order.key)
    await cancelled(market)
