"""An order's life: pieces are kept where the rule says, states follow each other, shares sum, and nobody passes the functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.cancelling import cancel_order
from domain.orders.fulfilling import Sent, deliver_order, ship_order
from domain.orders.numbers import order_number
from domain.orders.paying import order_paid, order_unpaid
from domain.orders.placing import PaidInPoints, Wanted, place_order, settle_order
from domain.orders.tables import Order, OrderLine, OrderStatus, Shipment, ShipmentLine, StockReservation
from domain.points import ledger
from domain.points.balances import balance
from domain.shop.tables import Stock
from foundation.database import Database
from foundation.refusals import Refusal
from segments.audiences import CONSUMER
from segments.viewer import Viewer
from tests.crossing import Step, crossing
from tests.domain.orders.market import CLERK, IDS, NOW, SYSTEM, Market, settle_as_house

PAID, PARTIALLY, SHIPPED = OrderStatus.PAID, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED


@pytest.fixture(scope="module")
async def market(own_database: Database) -> Market:
    made = Market(own_database)
    await made.fill()
    return made


@pytest.fixture(autouse=True)
async def stocked(market: Market) -> None:
    await market.stock({("drone", "chengdu"): 3, ("drone", "xian"): 5, ("battery", "xian"): 100, ("tank", "xian"): 1})


async def lines_of(market: Market, key: UUID) -> dict[str, OrderLine]:
    async with market.acting(SYSTEM) as session:
        found = await session.scalars(sa.select(OrderLine).where(OrderLine.order_id == key))
        return {line.sku.lower(): line for line in found}


@pytest.mark.parametrize(
    ("city", "quantity", "reserved"),
    [
        # Near before full, but one place for all of a line before two.
        ("510100", 2, {"chengdu": 2, "xian": 0}),
        ("510300", 3, {"chengdu": 3, "xian": 0}),
        ("610100", 2, {"chengdu": 0, "xian": 2}),
        ("510100", 4, {"chengdu": 0, "xian": 4}),
        ("510100", 7, {"chengdu": 3, "xian": 4}),
        ("610100", 8, {"chengdu": 3, "xian": 5}),
    ],
)
async def test_pieces_are_kept_near_and_together(
    market: Market, city: str, quantity: int, reserved: dict[str, int]
) -> None:
    await market.place(market.consumer, {"drone": quantity}, city=city)
    assert {place: kept for place, (_, kept) in (await market.left("drone")).items()} == reserved


async def test_nothing_is_sold_twice(market: Market) -> None:
    await market.place(market.consumer, {"drone": 7})
    before = await market.left("drone")
    with pytest.raises(Refusal) as refused:
        await market.place(market.enterprise, {"battery": 1, "drone": 2})
    assert (refused.value.code, dict(refused.value.params)) == (
        "NOT_ENOUGH_IN_STOCK",
        {"name": "drone 标准型", "left": 1},
    )
    assert await market.left("drone") == before
    assert await market.left("battery") == {"xian": (100, 0)}, "all or nothing"


async def test_who_comes_second_sees_what_the_first_has_left(market: Market) -> None:
    """Both have looked before either commits: the second waits, and what it then counts is not what it saw at first."""

    def ordering(pieces: int) -> Step:
        async def order(session: AsyncSession) -> None:
            wanted = [Wanted(market.variants["drone"], pieces)]
            whose = {"customer_id": market.buyer, "person_id": market.buyer_person}
            key, _ = await place_order(session, NOW, IDS, **whose, lines=wanted, delivery=None)  # type: ignore[arg-type]
            await settle_order(session, order_id=key, discount=0, paid=None)

        return order

    async def end(_: AsyncSession) -> None:
        """Commit."""

    with pytest.raises(Refusal, match="NOT_ENOUGH_IN_STOCK") as refused:
        await crossing(market.database, SYSTEM.row_settings(), ordering(7), ordering(2), end)
    assert refused.value.params["left"] == 1
    assert sum(kept for _, kept in (await market.left("drone")).values()) == 7


async def test_each_pays_their_own_price_and_services_need_no_stock(market: Market) -> None:
    ours = await market.order(await market.place(market.consumer, {"drone": 2, "course": 3}))
    theirs = await market.order(await market.place(market.enterprise, {"drone": 2, "course": 3}))
    assert (ours.total_amount, ours.units) == (2 * 1000_00 + 3 * 200_00, 5)
    assert theirs.total_amount == 2 * 750_00 + 3 * 180_00
    assert ours.number == order_number(ours.id) != theirs.number


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ({"rope": 1}, "NOT_FOR_SALE"),
        ({"tank": 1}, "NOT_FOR_SALE"),
        ({"drone": 0}, "ORDER_TOO_LARGE"),
        ({"drone": 100_001}, "ORDER_TOO_LARGE"),
        ({}, "ORDER_TOO_LARGE"),
    ],
)
async def test_what_cannot_be_bought(market: Market, lines: dict[str, int], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        await market.place(market.consumer, lines)
    assert refused.value.code == code


@pytest.mark.parametrize("viewer", [Viewer.anonymous(), Viewer(CONSUMER, customer_id=IDS())])
async def test_nobody_orders_for_another(market: Market, viewer: Viewer) -> None:
    async with market.acting(SYSTEM) as session:
        count = await session.scalar(sa.select(sa.func.count()).select_from(Order))
    with pytest.raises(Refusal, match="NOT_FOUND"):
        async with market.acting(viewer) as session:
            await place_order(
                session, NOW, IDS, customer_id=market.buyer, person_id=None, delivery=None,
                lines=[Wanted(market.variants["battery"], 1)],
            )  # fmt: skip
    async with market.acting(SYSTEM) as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Order)) == count


async def test_from_paid_to_delivered_in_parts(market: Market) -> None:
    key = await market.place(market.consumer, {"drone": 4, "course": 1})
    with pytest.raises(Refusal, match="ORDER_STATE"):
        async with market.acting(CLERK) as session:
            await ship_order(session, NOW, IDS, order_id=key)
    async with market.acting(SYSTEM) as session:
        assert await order_paid(session, NOW, IDS, key)
        assert not await order_paid(session, NOW, IDS, key), "paid once"
    lines = await lines_of(market, key)
    async with market.acting(CLERK) as session:
        await ship_order(session, NOW, IDS, order_id=key, lines=[Sent(lines["drone"].id, 3)], carrier="顺丰")
    assert (await market.order(key)).status is PARTIALLY
    assert (await market.left("drone"))["xian"] == (2, 1)
    with pytest.raises(Refusal, match="NOT_WAITING"):
        async with market.acting(CLERK) as session:
            await ship_order(session, NOW, IDS, order_id=key, lines=[Sent(lines["drone"].id, 2)])
    with pytest.raises(Refusal, match="ORDER_STATE"):
        async with market.acting(market.consumer) as session:
            await cancel_order(session, NOW, IDS, order_id=key, reason="不要了")
    async with market.acting(CLERK) as session:
        made = await ship_order(session, NOW, IDS, order_id=key)
        assert len(made) == 2, "the service leaves no place"
    assert (await market.order(key)).status is SHIPPED
    assert (await market.left("drone"))["xian"] == (1, 0)
    async with market.acting(CLERK) as session:
        await deliver_order(session, NOW, IDS, order_id=key)
        await deliver_order(session, NOW, IDS, order_id=key)
    async with market.acting(market.consumer) as session:
        shipments = list(await session.scalars(sa.select(Shipment).where(Shipment.order_id == key)))
        assert [each.delivered_at for each in shipments] == [NOW] * 3
        sent = await session.scalar(sa.select(sa.func.sum(ShipmentLine.quantity)))
        assert sent == 5
    assert (await market.order(key)).status is OrderStatus.DELIVERED


async def test_cancelling_frees_pieces_once(market: Market) -> None:
    key = await market.place(market.consumer, {"drone": 7, "battery": 2})
    for _ in range(2):
        async with market.acting(market.consumer) as session:
            await cancel_order(session, NOW, IDS, order_id=key, reason="不要了")
    assert await market.left("drone") == {"chengdu": (3, 0), "xian": (5, 0)}
    assert await market.left("battery") == {"xian": (100, 0)}
    async with market.acting(SYSTEM) as session:
        states = set(await session.scalars(sa.select(StockReservation.state).where(StockReservation.order_id == key)))
        assert {each.value for each in states} == {"RELEASED"}
        with pytest.raises(Refusal, match="ORDER_STATE"):
            await order_paid(session, NOW, IDS, key)


async def with_points(market: Market, points: int) -> UUID:
    """An order of 1000.00 and 33.33, of which 33.34 are discounted and so many points pay."""
    async with market.acting(market.consumer) as session:
        key, cost = await place_order(
            session, NOW, IDS, customer_id=market.buyer, person_id=market.buyer_person, delivery=None,
            lines=[Wanted(market.variants["drone"], 1), Wanted(market.variants["battery"], 1)],
        )  # fmt: skip
        assert cost.amount == 1033_33
        [hold] = await ledger.hold(
            session, programme_id=market.programme, customer_id=market.buyer, key=f"order {key}", amount=points,
            subject_id=key,
        )  # fmt: skip
        paid = PaidInPoints(market.programme, points, points, hold)
        await settle_as_house(session, market.consumer, order_id=key, discount=33_34, paid=paid)
    return key


async def available(market: Market) -> tuple[int, int]:
    async with market.acting(SYSTEM) as session:
        now = await balance(session, market.programme, market.buyer)
        return now.available, now.held


async def test_points_are_held_spent_and_given_back(market: Market) -> None:
    await market.give_points(market.buyer, 200_000)
    had, _ = await available(market)
    first = await with_points(market, 99_999)
    assert await available(market) == (had - 99_999, 99_999)
    async with market.acting(SYSTEM) as session:
        await order_paid(session, NOW, IDS, first)
    assert await available(market) == (had - 99_999, 0)
    order, lines = await market.order(first), (await lines_of(market, first)).values()
    assert (order.total_amount, order.discount_amount) == (999_99, 33_34)
    for column in ("discount_amount", "points", "points_amount"):
        assert sum(getattr(line, column) for line in lines) == getattr(order, column)
    assert sum(line.amount_amount - line.discount_amount for line in lines) == order.total_amount
    second = await with_points(market, 10_000)
    async with market.acting(SYSTEM) as session:
        assert await order_unpaid(session, NOW, IDS, second)
        assert not await order_unpaid(session, NOW, IDS, second)
        assert not await order_unpaid(session, NOW, IDS, first), "who has paid is not thrown out"
    assert await available(market) == (had - 99_999, 0)
    async with market.acting(market.consumer) as session:
        await cancel_order(session, NOW, IDS, order_id=first, reason="不要了")
    assert await available(market) == (had, 0)


async def test_a_customer_pays_only_what_costs_nothing(market: Market) -> None:
    key = await market.place(market.consumer, {"battery": 1})
    with pytest.raises(Refusal, match="NOT_FOUND"):
        async with market.acting(market.consumer) as session:
            await order_paid(session, NOW, IDS, key)
    with pytest.raises(Refusal, match="ORDER_STATE"):
        async with market.acting(market.consumer) as session:
            await settle_order(session, order_id=key, discount=33_33, paid=None)
    free = await market.place(market.consumer, {"battery": 1}, discount=33_33)
    async with market.acting(market.consumer) as session:
        assert await order_paid(session, NOW, IDS, free)


async def test_a_customer_settles_an_order_by_its_voucher_and_its_hold_alone(market: Market) -> None:
    """Whatever a program says: the database asks the voucher, the hold and what points are worth."""
    await market.give_points(market.buyer, 1_000)

    async def settled(discount: int, points: int = 0, amount: int | None = None, subject: UUID | None = None) -> None:
        async with market.acting(market.consumer) as session:
            key, _ = await place_order(
                session, NOW, IDS, customer_id=market.buyer, person_id=market.buyer_person, delivery=None,
                lines=[Wanted(market.variants["battery"], 1)],
            )  # fmt: skip
            paid = None
            if points:
                [hold] = await ledger.hold(
                    session, programme_id=market.programme, customer_id=market.buyer, key=f"order {key}",
                    amount=abs(points), subject_id=subject or key,
                )  # fmt: skip
                paid = PaidInPoints(market.programme, 10, 10 if amount is None else amount, hold)
            await settle_order(session, order_id=key, discount=discount, paid=paid)

    await settled(0)
    await settled(0, 10)
    for wrong in (
        settled(1), settled(0, 10, amount=11), settled(0, 10, amount=9), settled(0, 9), settled(0, 10, subject=IDS()),
    ):  # fmt: skip
        with pytest.raises(Refusal, match="MORE_THAN_ORDER"):
            await wrong


async def ship(market: Market, key: UUID) -> None:
    async with market.acting(market.consumer) as session:
        await ship_order(session, NOW, IDS, order_id=key)


async def deliver(market: Market, key: UUID) -> None:
    async with market.acting(market.consumer) as session:
        await deliver_order(session, NOW, IDS, order_id=key)


async def cancel_anothers(market: Market, key: UUID) -> None:
    async with market.acting(market.enterprise) as session:
        await cancel_order(session, NOW, IDS, order_id=key, reason="不要了")


@pytest.mark.parametrize("act", [ship, deliver, cancel_anothers])
async def test_customers_send_nothing_and_touch_only_their_own(
    market: Market, act: Callable[[Market, UUID], Awaitable[None]]
) -> None:
    key = await market.place(market.consumer, {"battery": 1}, discount=33_33)
    with pytest.raises(Refusal, match="NOT_FOUND"):
        await act(market, key)


STATEMENTS = (
    sa.update(Order).values(total_amount=0),
    sa.update(Order).values(status=OrderStatus.PAID),
    sa.update(OrderLine).values(amount_amount=0),
    sa.update(Stock).values(reserved=0),
    sa.update(StockReservation).values(quantity=1),
    sa.delete(Order),
    sa.delete(StockReservation),
    sa.delete(Shipment),
)


@pytest.mark.parametrize("statement", STATEMENTS, ids=str)
async def test_sql_of_a_customer_changes_nothing(market: Market, statement: sa.Executable) -> None:
    key = await market.place(market.consumer, {"battery": 1})
    try:
        async with market.acting(market.consumer) as session:
            result = await session.execute(statement)
            assert isinstance(result, sa.CursorResult)
            assert result.rowcount == 0
    except DBAPIError as error:
        assert getattr(error.orig, "sqlstate", "") == "42501"  # noqa: PT017 - either way nothing has changed
    assert (await market.order(key)).total_amount == 33_33


async def test_stock_is_never_negative_for_its_owner_either(market: Market) -> None:
    await market.place(market.consumer, {"battery": 5})
    for values in ({"on_hand": 4}, {"reserved": -1}, {"reserved": 101}):
        with pytest.raises(DBAPIError, match="ck_stock_reserved"):
            async with market.acting(SYSTEM) as session:
                await session.execute(
                    sa.update(Stock).values(values).where(Stock.variant_id == market.variants["battery"])
                )
