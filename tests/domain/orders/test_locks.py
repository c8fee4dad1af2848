"""Orders of one member, and of many who want the same, wait for each other and end: none is a deadlock."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.cancelling import cancel_order
from domain.orders.placing import PaidInPoints, Wanted, place_order, settle_order
from domain.points import ledger
from domain.points.verifying import verify
from domain.vouchers.using import take_voucher
from foundation.database import Database
from foundation.money import Money
from tests.crossing import crossing
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market
from tests.domain.vouchers.offers import coupon

POINTS, DISCOUNT = 1_000, 5_00


@pytest.fixture(scope="module")
async def market(own_database: Database) -> Market:
    made = Market(own_database)
    await made.fill()
    await made.give_points(made.buyer, 10 * POINTS)
    async with made.acting(SYSTEM) as session:
        await coupon(session, "EVERYBODY", value=DISCOUNT)
    return made


class Checkout:
    """A checkout in two steps: the order with its voucher, then points and the rest."""

    def __init__(self, market: Market, variant: str) -> None:
        self.market, self.variant = market, variant
        self.key = UUID(int=0)
        self.cost = Money(0, "CNY")

    async def begin(self, session: AsyncSession) -> None:
        market = self.market
        self.key, self.cost = await place_order(
            session, NOW, IDS, customer_id=market.buyer, person_id=market.buyer_person, delivery=None,
            lines=[Wanted(market.variants[self.variant], 1)],
        )  # fmt: skip
        await take_voucher(
            session, NOW, code="EVERYBODY", customer_id=market.buyer, order_id=self.key, subtotal=self.cost
        )

    async def go_on(self, session: AsyncSession) -> None:
        whose = {"programme_id": self.market.programme, "customer_id": self.market.buyer}
        [hold] = await ledger.hold(
            session, **whose, key=f"order {self.key}", amount=POINTS, subject_id=self.key  # type: ignore[arg-type]
        )  # fmt: skip
        paid = PaidInPoints(self.market.programme, POINTS, POINTS, hold)
        await settle_order(session, order_id=self.key, discount=DISCOUNT, paid=paid)

    async def cancel(self, session: AsyncSession) -> None:
        await cancel_order(session, NOW, IDS, order_id=self.key, reason="不要了")


async def placed(market: Market, variant: str) -> Checkout:
    order = Checkout(market, variant)
    async with market.acting(SYSTEM) as session:
        await order.begin(session)
        await order.go_on(session)
    return order


async def test_a_member_checks_out_while_an_order_with_the_same_coupon_is_cancelled(market: Market) -> None:
    before = await placed(market, "drone")
    now = Checkout(market, "battery")
    # Checkout takes the coupon and then points, cancelling gives points back and then the coupon.
    assert await crossing(market.database, SYSTEM.row_settings(), now.begin, before.cancel, now.go_on)
    async with market.acting(SYSTEM) as session:
        assert await verify(session) == []
    assert await market.left("drone") == {"chengdu": (3, 0), "xian": (5, 0)}
