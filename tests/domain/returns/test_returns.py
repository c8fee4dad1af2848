"""Returns: what comes back in whatever parts gives back exactly what was paid, and earned points go."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from domain.notices.tables import Notice, NoticeKind
from domain.orders.fulfilling import deliver_order, ship_order
from domain.orders.paying import order_paid, order_settled
from domain.orders.placing import PaidInPoints, Wanted, place_order, settle_order
from domain.orders.tables import OrderLine, Settlement
from domain.payments.news import take_news
from domain.payments.payments import open_payment
from domain.payments.refunds import refund_order
from domain.payments.tables import Payment, PaymentNewsKind, Refund
from domain.points import ledger
from domain.points.balances import Balance, balance
from domain.points.reconciling import reconcile_orders
from domain.points.rule_tables import EarnKind, OrderEarning
from domain.points.rules import Terms, activate_version, draft_version, end_version, make_rule
from domain.returns.handling import approve_return, receive_return, refuse_return
from domain.returns.requesting import request_return
from domain.returns.shares import share
from domain.returns.tables import OrderReturn, OrderReturnLine, ReturnState
from foundation.database import Database
from foundation.money import Money
from foundation.refusals import Refusal
from segments.audiences import CONSUMER
from segments.viewer import Viewer
from tests.domain.orders.market import CLERK, IDS, NOW, SYSTEM, Market, settle_as_house
from tests.domain.payments.orders import news_of

DAYS = 15
SENT = (NoticeKind.ORDER_SHIPPED, NoticeKind.ORDER_DELIVERED)


@given(st.integers(0, 10**12), st.lists(st.integers(1, 50), min_size=1, max_size=9))
def test_shares_of_a_line_sum_to_it_and_none_is_negative(total: int, parts: list[int]) -> None:
    quantity, before, found = sum(parts), 0, []
    for pieces in parts:
        found.append(share(total, quantity, before, pieces))
        before += pieces
    assert sum(found) == total
    assert all(each >= 0 for each in found)


@pytest.fixture(scope="module")
async def market(own_database: Database) -> Market:
    made = Market(own_database)
    await made.fill()
    since = NOW - dt.timedelta(days=100)
    async with made.acting(SYSTEM) as session:
        rule = await make_rule(
            session, since, IDS, programme_id=made.programme, code="standard", kind=EarnKind.BASIC, name="基本"
        )
        terms = Terms(since, points=3, amount=100)
        draft = await draft_version(session, since, IDS, rule_id=rule, terms=terms)
        await activate_version(session, since, version_id=draft, version=1)
    await made.give_points(made.buyer, 10_000_000)
    return made


async def delivered(market: Market, lines: dict[str, int], *, discount: int = 0, points: int = 0) -> UUID:
    """An order of the consumer's that was paid, in part by points, and has arrived."""
    async with market.acting(market.consumer) as session:
        key, cost = await place_order(
            session, NOW, IDS, customer_id=market.buyer, person_id=market.buyer_person, delivery=None,
            lines=[Wanted(market.variants[name], quantity) for name, quantity in lines.items()],
        )  # fmt: skip
        paid = None
        if points:
            [hold] = await ledger.hold(
                session, programme_id=market.programme, customer_id=market.buyer, key=f"hold {key}", amount=points,
                subject_id=key,
            )  # fmt: skip
            paid = PaidInPoints(market.programme, points, min(points, cost.amount - discount), hold)
        await settle_as_house(session, market.consumer, order_id=key, discount=discount, paid=paid)
        money = cost.amount - discount - (paid.amount if paid else 0)
        if money:
            await open_payment(session, NOW, IDS, order_id=key, amount=Money(money, "CNY"))
    async with market.acting(SYSTEM) as session:
        if money:
            payment = (await session.scalars(sa.select(Payment).where(Payment.order_id == key))).one()
            await take_news(session, NOW, IDS, news_of(payment, PaymentNewsKind.CAPTURED))
        else:
            await order_paid(session, NOW, IDS, key)
        await ship_order(session, NOW, IDS, order_id=key)
        await deliver_order(session, NOW, IDS, order_id=key)
    return key


async def lines_of(market: Market, key: UUID) -> dict[str, OrderLine]:
    async with market.acting(SYSTEM) as session:
        found = await session.scalars(sa.select(OrderLine).where(OrderLine.order_id == key))
        return {line.sku.lower(): line for line in found}


async def asked(market: Market, key: UUID, pieces: dict[str, int], at: dt.datetime = NOW) -> UUID:
    """The consumer asks to send pieces back."""
    lines = await lines_of(market, key)
    async with market.acting(market.consumer) as session:
        wanted = {lines[name].id: quantity for name, quantity in pieces.items()}
        return await request_return(session, at, IDS, order_id=key, pieces=wanted, reason="不合适", days_max=DAYS)


async def received(market: Market, return_id: UUID, damaged: dict[UUID, int] | None = None) -> None:
    async with market.acting(CLERK) as session:
        await approve_return(session, NOW, IDS, return_id=return_id)
    async with market.acting(CLERK) as session:
        await receive_return(session, NOW, IDS, return_id=return_id, damaged=damaged)


async def money_arrives(market: Market, key: UUID) -> None:
    """The provider says that all refunds of an order have reached the customer."""
    async with market.acting(SYSTEM) as session:
        query = sa.select(Refund, Payment).join(Payment, Payment.id == Refund.payment_id).where(Refund.order_id == key)
        for refund, payment in list(await session.execute(query)):
            told = news_of(
                payment,
                PaymentNewsKind.REFUNDED,
                event_id=f"refunded {refund.id}",
                amount=Money(refund.amount_amount, "CNY"),
                refund_id=refund.id,
                round=1,
            )
            await take_news(session, NOW, IDS, told)


async def one(market: Market, return_id: UUID) -> OrderReturn:
    async with market.acting(SYSTEM) as session:
        return (await session.scalars(sa.select(OrderReturn).where(OrderReturn.id == return_id))).one()


async def all_points(market: Market) -> Any:
    async with market.acting(SYSTEM) as session:
        return await balance(session, market.programme, market.buyer)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_partial_returns_give_back_in_total_exactly_what_was_paid(market: Market, data: st.DataObject) -> None:
    await market.stock({("drone", "chengdu"): 9, ("battery", "xian"): 30})
    before = await all_points(market)
    bought = {"battery": data.draw(st.integers(1, 9)), "drone": data.draw(st.integers(1, 3))}
    total = bought["battery"] * 33_33 + bought["drone"] * 1000_00
    discount = data.draw(st.sampled_from([0, 1, 777, 33_34, total - 1, total]))
    points = data.draw(st.sampled_from([0, 1, 999, 50_001, 10**6]))
    points = min(points, total - discount)
    key = await delivered(market, bought, discount=discount, points=points)
    left = dict(bought)
    returns: list[UUID] = []
    while any(left.values()):
        # The first one at least, so that it comes to an end.
        first, *others = [name for name, most in left.items() if most]
        part = {first: data.draw(st.integers(1, left[first]))}
        part |= {name: data.draw(st.integers(0, left[name])) for name in others}
        returns.append(await asked(market, key, part))
        for name, pieces in part.items():
            left[name] -= pieces
    for return_id in data.draw(st.permutations(returns)):
        await received(market, return_id)
    await money_arrives(market, key)
    ended = [await one(market, return_id) for return_id in returns]
    assert {each.state for each in ended} == {ReturnState.REFUNDED}
    assert sum(each.amount_amount for each in ended) == total - discount - points
    assert sum(each.points for each in ended) == points
    async with market.acting(SYSTEM) as session:
        refunded = sa.select(sa.func.coalesce(sa.func.sum(Payment.refunded_amount), 0)).where(Payment.order_id == key)
        assert (await session.execute(refunded)).scalar_one() == total - discount - points
    # Points that paid came back to their lots, and what the money earned is gone.
    assert await all_points(market) == before
    assert await market.left("drone") == {"chengdu": (9, 0)}
    assert await market.left("battery") == {"xian": (30, 0)}


async def test_what_is_asked_for_is_not_there_any_more_until_it_is_refused(market: Market) -> None:
    await market.stock({("battery", "xian"): 5})
    key = await delivered(market, {"battery": 3})
    first = await asked(market, key, {"battery": 2})
    with pytest.raises(Refusal) as refused:
        await asked(market, key, {"battery": 2})
    assert (refused.value.code, refused.value.params["left"]) == ("MORE_THAN_DELIVERED", 1)
    async with market.acting(CLERK) as session:
        await refuse_return(session, NOW, IDS, return_id=first, answer="已使用过")
    second = await asked(market, key, {"battery": 3})
    for act in (approve_return, receive_return):
        with pytest.raises(Refusal, match="RETURN_STATE"):
            async with market.acting(CLERK) as session:
                await act(session, NOW, IDS, return_id=first)
    lines = await return_lines(market, second)
    await received(market, second, {lines[0].id: 1})
    assert await market.left("battery") == {"xian": (4, 0)}, "a damaged piece is not sold again"
    # Received, and not yet given back: nothing more can be asked for, and it is not received twice.
    assert (await one(market, second)).state is ReturnState.RECEIVED
    with pytest.raises(Refusal, match="RETURN_STATE"):
        async with market.acting(CLERK) as session:
            await receive_return(session, NOW, IDS, return_id=second)
    await money_arrives(market, key)
    assert (await one(market, second)).state is ReturnState.REFUNDED


async def test_the_customer_is_told_at_each_turn(market: Market) -> None:
    await market.stock({("battery", "xian"): 5})
    key = await delivered(market, {"battery": 2})
    refused = await asked(market, key, {"battery": 1})
    async with market.acting(CLERK) as session:
        await refuse_return(session, NOW, IDS, return_id=refused, answer=" 已使用过 ")
    back = await asked(market, key, {"battery": 1})
    await received(market, back)
    for _ in range(2):
        await money_arrives(market, key)
    async with market.acting(market.consumer) as session:
        found = await session.scalars(
            sa.select(Notice).where(Notice.subject_id == key, Notice.kind.notin_(SENT)).order_by(Notice.id)
        )
        said = [(each.kind, each.key, {**each.values} | {"number": ""}) for each in found]
        [refund_id] = await session.scalars(sa.select(Refund.id).where(Refund.order_id == key))
    number = {"number": ""}
    assert said == [
        (NoticeKind.RETURN_REFUSED, str(refused), number | {"answer": "已使用过"}),
        (NoticeKind.RETURN_APPROVED, str(back), number),
        (NoticeKind.RETURN_RECEIVED, str(back), number),
        (NoticeKind.REFUND_MADE, str(refund_id), number | {"amount": "33.33", "currency": "CNY"}),
    ]


async def return_lines(market: Market, return_id: UUID) -> list[OrderReturnLine]:
    async with market.acting(SYSTEM) as session:
        query = sa.select(OrderReturnLine).where(OrderReturnLine.return_id == return_id)
        return list(await session.scalars(query))


async def test_only_what_arrived_within_its_time_comes_back(market: Market) -> None:
    await market.stock({("battery", "xian"): 5})
    key = await delivered(market, {"battery": 1})
    with pytest.raises(Refusal, match="RETURN_TIME_OVER"):
        await asked(market, key, {"battery": 1}, NOW + dt.timedelta(days=DAYS, seconds=1))
    with pytest.raises(Refusal, match="EMPTY"):
        await asked(market, key, {"battery": 0})
    await asked(market, key, {"battery": 1}, NOW + dt.timedelta(days=DAYS))
    waiting = await market.place(market.consumer, {"battery": 1})
    with pytest.raises(Refusal, match="NOT_DELIVERED"):
        await asked(market, waiting, {"battery": 1})


async def test_money_given_by_goodwill_is_not_given_twice(market: Market) -> None:
    await market.stock({("battery", "xian"): 5})
    key = await delivered(market, {"battery": 1})
    async with market.acting(CLERK) as session:
        await refund_order(session, NOW, IDS, order_id=key, amount=Money(30_00, "CNY"), key="a")
    return_id = await asked(market, key, {"battery": 1})
    await received(market, return_id)
    await money_arrives(market, key)
    async with market.acting(SYSTEM) as session:
        payment = (await session.scalars(sa.select(Payment).where(Payment.order_id == key))).one()
        assert payment.refunded_amount == payment.captured_amount == 33_33
        # What the goods had earned was taken back for all that they cost, whatever was given before.
        assert await reconcile_orders(session, market.programme, NOW, NOW + dt.timedelta(days=1)) == []


async def test_what_is_paid_in_points_alone_earns_none_to_keep(market: Market) -> None:
    """A bonus for such an order would stay when it is cancelled and its points are back: points out of nothing."""
    await market.stock({("battery", "xian"): 5})
    async with market.acting(SYSTEM) as session:
        rule = await make_rule(
            session, NOW, IDS, programme_id=market.programme, code="welcome", kind=EarnKind.BONUS, name="欢迎"
        )
        draft = await draft_version(session, NOW, IDS, rule_id=rule, terms=Terms(NOW, points=50))
        await activate_version(session, NOW, version_id=draft, version=1)
    try:
        before = await all_points(market)
        key = await delivered(market, {"battery": 1}, points=33_33)
        await received(market, await asked(market, key, {"battery": 1}))
        assert await all_points(market) == before
        async with market.acting(SYSTEM) as session:
            earned = (await session.scalars(sa.select(OrderEarning).where(OrderEarning.order_id == key))).one()
            assert (earned.basis, earned.points) == (0, 0)
    finally:
        async with market.acting(SYSTEM) as session:
            await end_version(session, NOW, version_id=draft, version=2)


async def test_customers_ask_and_no_more(market: Market) -> None:
    await market.stock({("battery", "xian"): 5})
    key = await delivered(market, {"battery": 2})
    return_id = await asked(market, key, {"battery": 1})
    for act in (approve_return, receive_return):
        with pytest.raises((Refusal, DBAPIError)):
            async with market.acting(market.consumer) as session:
                await act(session, NOW, IDS, return_id=return_id)
    async with market.acting(market.consumer) as session:
        changed: Any = await session.execute(
            sa.update(OrderReturn).where(OrderReturn.id == return_id).values(state=ReturnState.APPROVED)
        )
        assert changed.rowcount == 0
    assert (await one(market, return_id)).state is ReturnState.REQUESTED
    lines = await lines_of(market, key)
    stranger = Viewer(CONSUMER, customer_id=market.company)
    with pytest.raises(Refusal, match="NOT_FOUND"):
        async with market.acting(stranger) as session:
            await request_return(
                session, NOW, IDS, order_id=key, pieces={lines["battery"].id: 1}, reason="x", days_max=DAYS
            )


async def test_of_an_order_on_account_less_is_due_and_no_money_moves(market: Market) -> None:
    await market.stock({("battery", "xian"): 5})
    async with market.acting(market.enterprise) as session:
        key, _ = await place_order(
            session, NOW, IDS, customer_id=market.company, person_id=market.company_person, delivery=None,
            lines=[Wanted(market.variants["battery"], 2)],
        )  # fmt: skip
        await settle_order(session, order_id=key, discount=0, paid=None)
    async with market.acting(SYSTEM) as session:
        await session.execute(
            sa.text('update "order" set settlement = :on_account where id = :key'),
            {"on_account": Settlement.ON_ACCOUNT.value, "key": key},
        )
        await ship_order(session, NOW, IDS, order_id=key)
        await deliver_order(session, NOW, IDS, order_id=key)
    lines = await lines_of(market, key)
    async with market.acting(market.enterprise) as session:
        return_id = await request_return(
            session, NOW, IDS, order_id=key, pieces={lines["battery"].id: 1}, reason="多买了", days_max=DAYS
        )
    await received(market, return_id)
    ended = await one(market, return_id)
    assert (ended.state, ended.amount_amount, ended.refund_id) == (ReturnState.REFUNDED, 30_00, None)
    # It is paid when a half of it has come back, and earns by that half alone.
    async with market.acting(SYSTEM) as session:
        await order_settled(session, NOW, IDS, key)
        assert await balance(session, market.programme, market.company) == Balance(0, 90, 0, 0)
        assert await reconcile_orders(session, market.programme, NOW, NOW + dt.timedelta(days=1)) == []
