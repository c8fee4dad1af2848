"""Sales at a till: paid in money, points and vouchers, ended, given back; of the store's own pieces, by its own people."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from domain.orders.tables import Channel, Order, OrderLine, OrderStatus, Settlement
from domain.payments.closing import close_next
from domain.payments.looking import take_looks
from domain.payments.payments import start_payment
from domain.payments.tables import PaymentEvent, PaymentState, RefundState
from domain.returns.handling import approve_return, receive_return
from domain.returns.requesting import request_return
from domain.returns.tables import OrderReturn, ReturnState
from domain.till.paying import TillMeans, pay_out
from domain.till.selling import void
from domain.vouchers.tables import Voucher, VoucherStatus
from foundation.database import Database
from foundation.refusals import Refusal
from segments.viewer import Viewer
from tests.domain.orders.market import CLERK, IDS, NOW, SYSTEM
from tests.domain.till.shop_floor import Floor
from tests.domain.vouchers.offers import coupon, voucher

HOUR = dt.timedelta(hours=1)


@pytest.fixture(scope="module")
async def floor(own_database: Database) -> Floor:
    made = Floor(own_database)
    await made.fill()
    return made


@pytest.fixture(autouse=True)
async def stocked(floor: Floor) -> None:
    await floor.end_all()
    await floor.market.stock({("drone", "chengdu"): 3, ("drone", "xian"): 5, ("battery", "xian"): 100})


async def refused(awaitable: Any) -> tuple[str, tuple[str | int, ...]]:
    with pytest.raises(Refusal) as caught:
        await awaitable
    return caught.value.code, caught.value.path


async def pay_back(floor: Floor, refund_id: UUID, viewer: Viewer | None = None, receipt: str = "R 1") -> UUID:
    clerk = viewer or floor.clerk
    async with floor.acting(clerk) as session:
        return await pay_out(session, clerk, NOW, IDS, refund_id=refund_id, means=TillMeans.CASH, receipt=receipt)


async def voided(floor: Floor, order_id: UUID, viewer: Viewer | None = None) -> UUID:
    clerk = viewer or floor.clerk
    async with floor.acting(clerk) as session:
        return await void(session, clerk, NOW, IDS, order_id=order_id)


async def voucher_of(floor: Floor, code: str, **given: Any) -> UUID:
    async with floor.acting(SYSTEM) as session:
        return await voucher(session, floor.market.buyer, code=code, **given)


async def voucher_code(floor: Floor, key: UUID) -> tuple[str, VoucherStatus]:
    async with floor.acting(SYSTEM) as session:
        found = await session.execute(sa.select(Voucher.code, Voucher.status).where(Voucher.id == key))
        code, status = found.one()
        return code, status


async def test_a_sale_is_the_members_order_of_the_store_and_earns_by_its_rule(floor: Floor) -> None:
    before = await floor.balance()
    key = await floor.ring_up({"drone": 2, "course": 1})
    order = await floor.market.order(key)
    assert (order.customer_id, order.channel, order.store_id) == (floor.market.buyer, Channel.STORE, floor.street.store)
    assert (order.status, order.total_amount, order.settlement) == (OrderStatus.PLACED, 2_200_00, Settlement.PREPAID)
    assert await floor.market.left("drone") == {"chengdu": (3, 2), "xian": (5, 0)}
    assert await floor.take(key) == key
    order = await floor.market.order(key)
    assert (order.status, order.paid_at, order.delivered_at) == (OrderStatus.DELIVERED, NOW, NOW)
    assert await floor.market.left("drone") == {"chengdu": (1, 0), "xian": (5, 0)}
    [payment] = await floor.payments(key)
    assert (payment.state, payment.captured_amount, payment.provider) == (PaymentState.CAPTURED, 2_200_00, "till")
    assert (payment.reference, payment.look_at) == ("CD01 000001", None)
    async with floor.acting(SYSTEM) as session:
        event = (await session.scalars(sa.select(PaymentEvent).where(PaymentEvent.payment_id == payment.id))).one()
    assert event.said == {"means": "CASH", "receipt": "CD01 000001", "employee": str(floor.clerk.employee_id)}
    # The store's rule gives each point twice.
    assert (await floor.balance()).available == before.available + 2 * 2_200
    assert await floor.faults() == []


async def test_a_company_pays_its_own_price_and_not_from_its_pool(floor: Floor) -> None:
    company = floor.market.company
    order = await floor.market.order(await floor.ring_up({"drone": 1}, customer_id=company))
    assert (order.total_amount, order.person_id) == (750_00, None)
    assert await refused(floor.ring_up({"drone": 1}, customer_id=company, points=1)) == (
        "POOL_NOT_AT_TILL",
        ("points",),
    )


async def test_points_and_a_voucher_pay_a_part(floor: Floor) -> None:
    gift = await voucher_of(floor, "PART", value=100_00)
    code, _ = await voucher_code(floor, gift)
    before = await floor.balance()
    key = await floor.ring_up({"drone": 1}, voucher=code, points=5_000)
    order = await floor.market.order(key)
    [payment] = await floor.payments(key)
    assert (order.discount_amount, order.points) == (100_00, 5_000)
    assert payment.amount_amount == 900_00 - order.points_amount > 0
    assert await floor.balance() == before._replace(available=before.available - 5_000, held=5_000)
    await floor.take(key)
    earned = 2 * (payment.amount_amount // 100)
    assert await floor.balance() == before._replace(available=before.available - 5_000 + earned)
    assert (await voucher_code(floor, gift))[1] is VoucherStatus.USED
    assert await floor.faults() == []


async def test_what_leaves_nothing_to_pay_is_handed_over_at_once(floor: Floor) -> None:
    async with floor.acting(SYSTEM) as session:
        await coupon(session, "ALLOFIT", value=None, percent=100)
    key = await floor.ring_up({"drone": 1}, voucher="allofit")
    assert (await floor.market.order(key)).status is OrderStatus.DELIVERED
    assert await floor.payments(key) == []
    assert await refused(floor.take(key)) == ("NOT_PAYABLE", ("order",))
    assert await floor.faults() == []


async def test_what_is_voided_gives_everything_back_and_is_not_paid(floor: Floor) -> None:
    gift = await voucher_of(floor, "VOID", value=50_00)
    code, _ = await voucher_code(floor, gift)
    before = await floor.balance()
    key = await floor.ring_up({"drone": 3}, voucher=code, points=2_000)
    assert await voided(floor, key) == await voided(floor, key) == key
    assert (await floor.market.order(key)).status is OrderStatus.CANCELLED
    assert await floor.market.left("drone") == {"chengdu": (3, 0), "xian": (5, 0)}
    assert (await voucher_code(floor, gift))[1] is VoucherStatus.ISSUED
    assert await floor.balance() == before
    assert await refused(floor.take(key)) == ("NOT_PAYABLE", ("order",))
    paid = await floor.ring_up({"drone": 1})
    await floor.take(paid)
    assert await refused(voided(floor, paid)) == ("ORDER_STATE", ("order",))
    assert await floor.faults() == []


async def test_a_sale_that_is_left_lying_ends_by_itself(floor: Floor) -> None:
    before = await floor.balance()
    key = await floor.ring_up({"drone": 2}, points=1_000)
    async with floor.acting(SYSTEM) as session:
        assert await take_looks(session, NOW + HOUR, "sandbox") == []
    for _ in range(10):
        async with floor.acting(SYSTEM) as session:
            if not await close_next(session, NOW + HOUR, IDS):
                break
    assert (await floor.market.order(key)).status is OrderStatus.CANCELLED
    [payment] = await floor.payments(key)
    assert (payment.state, payment.look_at) == (PaymentState.EXPIRED, None), "nobody is asked about it"
    assert await floor.balance() == before
    assert await refused(floor.take(key)) == ("NOT_PAYABLE", ("order",))


async def test_pieces_of_other_places_are_not_sold_here(floor: Floor) -> None:
    with pytest.raises(Refusal) as caught:
        await floor.ring_up({"drone": 4})
    assert (caught.value.code, dict(caught.value.params)["left"]) == ("NOT_ENOUGH_IN_STOCK", 3)
    with pytest.raises(Refusal) as caught:
        await floor.ring_up({"battery": 1})
    assert (caught.value.code, dict(caught.value.params)["left"]) == ("NOT_ENOUGH_IN_STOCK", 0)
    assert await floor.market.left("battery") == {"xian": (100, 0)}
    # The other store sells its own.
    key = await floor.ring_up({"battery": 1}, floor.other_clerk, store_id=floor.street.other_store)
    assert await floor.market.left("battery") == {"xian": (100, 1)}
    assert (await floor.market.order(key)).store_id == floor.street.other_store


async def test_two_tills_and_one_last_piece(floor: Floor) -> None:
    await floor.market.stock({("drone", "chengdu"): 1, ("drone", "xian"): 5})
    found = await asyncio.gather(*(floor.ring_up({"drone": 1}) for _ in range(4)), return_exceptions=True)
    sold = [each for each in found if isinstance(each, UUID)]
    told = [each.code for each in found if isinstance(each, Refusal)]
    assert (len(sold), told) == (1, ["NOT_ENOUGH_IN_STOCK"] * 3)
    assert await floor.market.left("drone") == {"chengdu": (1, 1), "xian": (5, 0)}


async def test_money_is_taken_once_however_many_hands_take_it(floor: Floor) -> None:
    before = await floor.balance()
    key = await floor.ring_up({"course": 1})
    found = await asyncio.gather(*(floor.take(key) for _ in range(4)), return_exceptions=True)
    assert [each for each in found if not isinstance(each, Refusal)] == [key]
    assert {each.code for each in found if isinstance(each, Refusal)} == {"NOT_PAYABLE"}
    assert (await floor.balance()).available == before.available + 2 * 200
    assert await floor.faults() == []


async def test_a_receipt_is_of_one_sale_of_its_store(floor: Floor) -> None:
    first, second = await floor.ring_up({"course": 1}), await floor.ring_up({"course": 1})
    await floor.take(first, receipt="A-1")
    assert await refused(floor.take(second, receipt=" A-1 ")) == ("RECEIPT_USED", ("receipt",))
    there = {"store_id": floor.street.other_store}
    elsewhere = await floor.ring_up({"course": 1}, floor.other_clerk, **there)
    await floor.take(elsewhere, floor.other_clerk, receipt="A-1")
    assert await refused(floor.take(second, receipt="  ")) == ("EMPTY", ("receipt",))
    assert await refused(floor.take(second, receipt="1" * 41)) == ("TOO_LONG", ("receipt",))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"store_id": IDS()}, ("NOT_FOUND", ("store",))),
        ({"member": None}, ("MEMBER_OR_CUSTOMER", ("member",))),
        ({"member": "1234567890"}, ("MEMBER_NUMBER_WRONG", ("member",))),
        ({"member": "0000000000"}, ("NOT_FOUND", ("member",))),
        ({"customer_id": IDS()}, ("NOT_FOUND", ("customer",))),
        ({"voucher": "NOBODYS"}, ("VOUCHER_UNKNOWN", ("voucher",))),
        ({"points": 10_000_000}, ("OUT_OF_RANGE", ("points",))),
        ({"points": -1}, ("OUT_OF_RANGE", ("points",))),
    ],
)
async def test_what_is_not_rung_up(floor: Floor, given: dict[str, Any], expected: tuple[str, tuple[str, ...]]) -> None:
    before, left = await floor.balance(), await floor.market.left("drone")
    assert await refused(floor.ring_up({"drone": 1}, **given)) == expected
    assert (await floor.balance(), await floor.market.left("drone")) == (before, left)
    assert await refused(floor.ring_up({})) == ("EMPTY", ("lines",))


async def test_who_does_not_work_at_the_store_does_nothing_for_it(floor: Floor) -> None:
    key = await floor.ring_up({"drone": 1})
    for viewer in (floor.other_clerk, CLERK, SYSTEM):
        assert await refused(floor.ring_up({"drone": 1}, viewer)) == ("OTHER_STORE", ("store",))
        assert await refused(floor.take(key, viewer)) == ("OTHER_STORE", ("order",))
        assert await refused(voided(floor, key, viewer)) == ("OTHER_STORE", ("order",))
    online = await floor.market.place(floor.market.consumer, {"drone": 1})
    assert await refused(floor.take(online)) == ("NOT_FOUND", ("order",))
    assert await refused(voided(floor, online)) == ("NOT_FOUND", ("order",))


async def test_a_sale_is_not_paid_online(floor: Floor) -> None:
    key = await floor.ring_up({"drone": 1})
    with pytest.raises(Refusal, match="NOT_PAYABLE"):
        async with floor.acting(floor.market.consumer) as session:
            await start_payment(session, NOW, IDS, order_id=key)


async def test_money_goes_back_over_the_counter(floor: Floor) -> None:
    before = await floor.balance()
    key = await floor.ring_up({"drone": 2})
    await floor.take(key)
    async with floor.acting(floor.market.consumer) as session:
        line = (await session.scalars(sa.select(OrderLine.id).where(OrderLine.order_id == key))).one()
        back = await request_return(session, NOW, IDS, order_id=key, pieces={line: 1}, reason="不合适", days_max=7)
    async with floor.acting(CLERK) as session:
        await approve_return(session, NOW, IDS, return_id=back)
        await receive_return(session, NOW, IDS, return_id=back)
    assert await floor.market.left("drone") == {"chengdu": (2, 0), "xian": (5, 0)}, "it lies in the store again"
    [due] = await floor.refunds(key)
    assert (due.amount_amount, due.state) == (1_000_00, RefundState.REQUESTED)
    async with floor.acting(SYSTEM) as session:
        assert await take_looks(session, NOW + HOUR, "sandbox") == [], "no provider is asked to give it back"
    assert await refused(pay_back(floor, due.id, floor.other_clerk)) == ("OTHER_STORE", ("refund",))
    assert await refused(pay_back(floor, IDS())) == ("NOT_FOUND", ("refund",))
    await pay_back(floor, due.id)
    [due], [payment] = await floor.refunds(key), await floor.payments(key)
    assert (due.state, due.ended_at, payment.refunded_amount) == (RefundState.SUCCEEDED, NOW, 1_000_00)
    assert payment.look_at is None
    async with floor.acting(SYSTEM) as session:
        state = (await session.scalars(sa.select(OrderReturn.state).where(OrderReturn.id == back))).one()
    assert state is ReturnState.REFUNDED
    assert await refused(pay_back(floor, due.id, receipt="R 2")) == ("REFUND_ENDED", ("refund",))
    assert (await floor.balance()).available == before.available + 2 * 1_000
    assert await floor.faults() == []


@pytest.mark.parametrize("table", [Order, OrderLine])
async def test_a_clerks_own_sql_writes_no_order(floor: Floor, table: type[Order | OrderLine]) -> None:
    key = await floor.ring_up({"drone": 1})
    named, whose = table.__tablename__, "id" if table is Order else "order_id"
    update = f'update "{named}" set customer_id = customer_id where {whose} = :key'  # noqa: S608 - the names are ours.
    like = "jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid()))"
    insert = f'insert into "{named}" select ({like}).* from "{named}" as o where {whose} = :key'  # noqa: S608
    for statement in (update, insert):
        with pytest.raises(DBAPIError, match="row-level security"):
            async with floor.acting(floor.clerk) as session:
                await session.execute(sa.text(statement), {"key": key})
    async with floor.acting(floor.clerk) as session:
        deleted = await session.execute(sa.text(f'delete from "{named}" where {whose} = :key'), {"key": key})  # noqa: S608
        assert deleted.rowcount == 0  # type: ignore[attr-defined]
        # But they lock what they work on.
        assert await session.scalar(sa.select(Order.id).where(Order.id == key).with_for_update()) == key


async def test_the_functions_themselves_ask_who_works_there(floor: Floor) -> None:
    key = await floor.ring_up({"course": 1})
    [payment] = await floor.payments(key)
    place = """select * from till_place(gen_random_uuid(), 'X', :customer, :store, cast(:lines as jsonb), :day, :now)"""
    take = "select till_take(:order, 'X 1', gen_random_uuid(), '{}', :now)"
    lines = f'[{{"id": "{IDS()}", "variant": "{floor.market.variants["course"]}", "quantity": 1}}]'
    given = {"customer": floor.market.buyer, "store": floor.street.store, "lines": lines, "day": NOW.date(), "now": NOW}
    for viewer in (floor.other_clerk, CLERK, floor.market.consumer, Viewer.anonymous()):
        for statement, values in ((place, given), (take, {"order": key, "now": NOW})):
            with pytest.raises(DBAPIError) as caught:
                async with floor.acting(viewer) as session:
                    await session.execute(sa.text(statement), values)
            assert getattr(caught.value.orig, "sqlstate", "") in {"QT005", "QS008"}
    assert (await floor.payments(key))[0].version == payment.version
