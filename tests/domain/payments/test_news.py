"""What providers say, in any order, doubled and late."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.tables import Order, OrderStatus
from domain.payments.closing import GRACE, close, close_next
from domain.payments.looking import Call, calls_now, calls_of, looked, open_refunds, take_looks
from domain.payments.news import take_news
from domain.payments.payments import PAYMENT_TIME, open_payment, start_payment
from domain.payments.refunds import refund, refund_payment, retry_refund
from domain.payments.tables import (
    EventEffect,
    Payment,
    PaymentEvent,
    PaymentNewsKind,
    PaymentState,
    Refund,
    RefundReason,
)
from foundation.money import Money
from foundation.refusals import Refusal
from foundation.session import set_statement
from segments.audiences import CONSUMER, STAFF
from segments.viewer import Viewer
from tests.domain.payments.orders import IDS, PRICE, consumer, news_of, opened, payment_of, placed, status_of
from tests.rows import NOW, Bundle

K = PaymentNewsKind


async def facts(session: AsyncSession, payment: Payment) -> tuple[Any, ...]:
    """All that must be the same in the end, but how often it was changed and what only the past tells."""
    now = await payment_of(session, payment.id)
    refunds = sa.select(Refund.amount_amount, Refund.reason, Refund.state).where(Refund.payment_id == payment.id)
    return (
        now.state,
        now.authorised_amount,
        now.captured_amount,
        now.refund_asked_amount,
        now.refunded_amount,
        now.reference,
        await status_of(session, payment.order_id),
        sorted((await session.execute(refunds)), key=str),
        await session.scalar(sa.select(sa.func.count()).where(PaymentEvent.payment_id == payment.id)),
    )


# What a provider that does not contradict itself may say of one payment.
STORIES = (
    (K.AUTHORISED, K.CAPTURED),
    (K.AUTHORISED, K.FAILED),
    (K.AUTHORISED, K.CANCELLED),
    (K.AUTHORISED, K.FAILED, K.EXPIRED),
    (K.CAPTURED,),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_a_story_told_in_any_order_doubled_and_late_ends_as_it_does_in_turn(
    session: AsyncSession, data: st.DataObject
) -> None:
    story = data.draw(st.sampled_from(STORIES))
    times = [data.draw(st.integers(1, 3)) for _ in story]
    told = data.draw(st.permutations([kind for kind, often in zip(story, times, strict=True) for _ in range(often)]))
    straight, shuffled = await opened(session), await opened(session)
    for kind in story:
        await take_news(session, NOW, IDS, news_of(straight, kind))
    for kind in told:
        await take_news(session, NOW, IDS, news_of(shuffled, kind))
    expected, found = await facts(session, straight), await facts(session, shuffled)
    assert found[5] == f"ref-{shuffled.id}"
    assert found[:5] + found[6:] == expected[:5] + expected[6:]
    assert found[6] is (OrderStatus.PAID if K.CAPTURED in story else OrderStatus.PLACED)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_refunds_told_in_any_order_end_the_same_and_never_exceed_what_came(
    session: AsyncSession, data: st.DataObject
) -> None:
    payment = await opened(session)
    await take_news(session, NOW, IDS, news_of(payment, K.CAPTURED))
    parts = data.draw(st.lists(st.integers(1, 9_000), min_size=1, max_size=3))
    news = []
    for at, part in enumerate(parts):
        money = Money(part, "CNY")
        key = await refund(
            session, NOW, IDS, order_id=payment.order_id, amount=money, reason=RefundReason.GOODWILL, key=f"part {at}"
        )
        for kind in data.draw(st.sets(st.sampled_from([K.REFUNDED, K.REFUND_FAILED]), min_size=1)):
            told = news_of(payment, kind, event_id=f"{kind} {key}", amount=money, refund_id=key, round=1)
            news += [told] * data.draw(st.integers(1, 2))
    reached = sum({each.refund_id: each.amount.amount for each in news if each.kind is K.REFUNDED}.values())
    for each in data.draw(st.permutations(news)):
        await take_news(session, NOW, IDS, each)
    now = await payment_of(session, payment.id)
    assert (now.refund_asked_amount, now.refunded_amount) == (sum(parts), reached)
    with pytest.raises(Refusal, match="REFUND_EXCEEDS_PAYMENT"):
        async with session.begin_nested():
            await refund_payment(
                session,
                NOW,
                IDS,
                payment_id=payment.id,
                amount=PRICE.amount - sum(parts) + 1,
                reason=RefundReason.GOODWILL,
                key="too much",
            )


async def test_news_that_cannot_be_are_stored_and_change_nothing(session: AsyncSession) -> None:
    payment = await opened(session)
    await take_news(session, NOW, IDS, news_of(payment, K.AUTHORISED))
    before = (await facts(session, payment))[:8]
    wrong = [
        news_of(payment, K.CAPTURED, event_id="more", amount=Money(PRICE.amount + 1, "CNY")),
        news_of(payment, K.CAPTURED, event_id="less", amount=Money(1, "CNY")),
        news_of(payment, K.CAPTURED, event_id="dollars", amount=Money(PRICE.amount, "USD")),
        news_of(payment, K.REFUNDED, event_id="no refund", refund_id=IDS()),
    ]
    for news in wrong:
        assert await take_news(session, NOW, IDS, news) is EventEffect.REFUSED
        assert await take_news(session, NOW, IDS, news) is None
    assert (await facts(session, payment))[:8] == before
    stored = sa.select(PaymentEvent.event_id).where(PaymentEvent.effect == EventEffect.REFUSED)
    assert set(await session.scalars(stored)) >= {each.event_id for each in wrong}


async def test_news_of_no_payment_of_ours_are_kept_once(session: AsyncSession) -> None:
    payment = Payment(id=IDS(), amount_amount=1, amount_currency="CNY")
    news = news_of(payment, K.CAPTURED)
    assert await take_news(session, NOW, IDS, news) is EventEffect.UNKNOWN
    assert await take_news(session, NOW, IDS, news) is None


async def closed(session: AsyncSession, at: dt.datetime, payment: Payment) -> bool:
    """Close all that is due at an instant; whether a payment was among them."""
    while await close_next(session, at, IDS):
        pass
    return (await payment_of(session, payment.id)).closed_at is not None


async def test_an_order_that_was_not_paid_in_time_is_cancelled_and_what_comes_later_goes_back(
    session: AsyncSession,
) -> None:
    payment = await opened(session)
    over = NOW + PAYMENT_TIME
    assert not await closed(session, over - dt.timedelta(seconds=1), payment)
    assert await closed(session, over, payment)
    assert not await close(session, over, IDS, payment.id)
    assert (await facts(session, payment))[0] is PaymentState.EXPIRED
    assert await status_of(session, payment.order_id) is OrderStatus.CANCELLED
    late = over + dt.timedelta(hours=3)
    assert await take_news(session, late, IDS, news_of(payment, K.CAPTURED)) is EventEffect.APPLIED
    [given_back] = await open_refunds(session, payment.id)
    assert (given_back.amount_amount, given_back.reason) == (PRICE.amount, RefundReason.SURPLUS)
    assert await status_of(session, payment.order_id) is OrderStatus.CANCELLED
    assert await take_news(session, late, IDS, news_of(payment, K.CAPTURED)) is None
    assert len(await open_refunds(session, payment.id)) == 1


async def test_a_payment_that_the_provider_has_gets_some_grace(session: AsyncSession) -> None:
    payment = await opened(session)
    payment.provider, payment.reference = "sandbox", f"ref-{payment.id}"
    await session.flush()
    over = NOW + PAYMENT_TIME
    assert not await closed(session, over, payment)
    await take_news(session, over, IDS, news_of(payment, K.AUTHORISED))
    assert not await closed(session, over + GRACE, payment)
    other = await opened(session)
    other.provider, other.reference = "sandbox", f"ref-{other.id}"
    await session.flush()
    assert await closed(session, over + GRACE, other)


async def test_a_second_try_within_the_orders_time_and_only_one_at_once(session: AsyncSession) -> None:
    first = await opened(session)
    at = NOW + dt.timedelta(minutes=5)
    assert await start_payment(session, at, IDS, order_id=first.order_id) == first.id
    await take_news(session, at, IDS, news_of(first, K.FAILED))
    second = await payment_of(session, await start_payment(session, at, IDS, order_id=first.order_id))
    assert (second.id != first.id, second.expires_at) == (True, first.expires_at)
    # The first one's time ends, and the order still waits for the second.
    over = NOW + PAYMENT_TIME
    await close(session, over, IDS, first.id)
    assert await status_of(session, first.order_id) is OrderStatus.PLACED
    await take_news(session, over, IDS, news_of(second, K.CAPTURED))
    assert await status_of(session, first.order_id) is OrderStatus.PAID
    # Money of the first one after all: it goes back, and the order stays paid.
    await take_news(session, over, IDS, news_of(first, K.CAPTURED))
    assert [each.amount_amount for each in await open_refunds(session, first.id)] == [PRICE.amount]
    assert await open_refunds(session, second.id) == []
    # A part of the order given back is taken from the payment that counts.
    part = await refund(
        session, over, IDS, order_id=first.order_id, amount=Money(5, "CNY"), reason=RefundReason.RETURNED, key="a"
    )
    assert [each.id for each in await open_refunds(session, second.id)] == [part]
    with pytest.raises(Refusal, match="NOT_PAYABLE"):
        await start_payment(session, at, IDS, order_id=first.order_id)


async def test_no_try_after_the_orders_time(session: AsyncSession) -> None:
    first = await opened(session)
    await take_news(session, NOW, IDS, news_of(first, K.FAILED))
    with pytest.raises(Refusal, match="PAYMENT_TIME_OVER"):
        await start_payment(session, NOW + PAYMENT_TIME, IDS, order_id=first.order_id)


async def test_what_is_to_be_told_follows_from_the_rows(session: AsyncSession) -> None:
    payment = await opened(session)
    await take_news(session, NOW, IDS, news_of(payment, K.AUTHORISED))
    assert payment.id in {each.payment_id for each in await take_looks(session, NOW, "sandbox")}
    assert [call.kind for call in await calls_now(session, payment.id)] == ["capture"]
    assert payment.id not in {each.payment_id for each in await take_looks(session, NOW, "sandbox")}
    await looked(session, payment.id)
    again = await take_looks(session, NOW + dt.timedelta(minutes=1), "sandbox")
    assert payment.id in {each.payment_id for each in again}, "the answer has not come, so it is looked for again"
    await session.execute(sa.update(Order).where(Order.id == payment.order_id).values(status=OrderStatus.CANCELLED))
    now = await payment_of(session, payment.id)
    assert [call.kind for call in calls_of(now, OrderStatus.CANCELLED, [])] == ["cancel"]
    await take_news(session, NOW, IDS, news_of(payment, K.CAPTURED))
    now = await payment_of(session, payment.id)
    [given_back] = await open_refunds(session, payment.id)
    assert calls_of(now, OrderStatus.CANCELLED, [given_back]) == (Call("refund", PRICE, given_back.id, 1),)
    told = {"amount": PRICE, "refund_id": given_back.id}
    await take_news(session, NOW, IDS, news_of(payment, K.REFUND_FAILED, round=1, **told))
    await looked(session, payment.id)
    assert (await payment_of(session, payment.id)).look_at is None
    await retry_refund(session, NOW, refund_id=given_back.id)
    # What the first round says late is not of the second.
    late = news_of(payment, K.REFUND_FAILED, event_id="again", round=1, **told)
    assert await take_news(session, NOW, IDS, late) is EventEffect.LATE
    done = news_of(payment, K.REFUNDED, round=2, **told)
    assert await take_news(session, NOW, IDS, done) is EventEffect.APPLIED
    with pytest.raises(Refusal, match="REFUND_NOT_FAILED"):
        async with session.begin_nested():
            await retry_refund(session, NOW, refund_id=given_back.id)


async def look_as(session: AsyncSession, viewer: Viewer) -> None:
    await session.execute(set_statement(viewer.row_settings()))


async def test_customers_may_wish_and_no_more(session: AsyncSession) -> None:
    """By raw SQL of the application's role, as if its code had been taken over."""
    mine, theirs = await consumer(session), await consumer(session)
    my_order, their_order = await placed(session, mine), await placed(session, theirs)
    await look_as(session, Viewer(CONSUMER, customer_id=mine))
    payment = await opened(session, my_order)
    for statement in (
        sa.update(Payment).where(Payment.id == payment.id).values(state=PaymentState.CAPTURED),
        sa.delete(Payment).where(Payment.id == payment.id),
    ):
        result: Any = await session.execute(statement.execution_options(synchronize_session=False))
        assert result.rowcount == 0
    for table in (Payment, PaymentEvent, Refund):
        row = Bundle().row(table.__table__, customer_id=mine, payment_id=payment.id, order_id=my_order)
        known = {name: value for name, value in row.items() if name in table.__table__.c}
        with pytest.raises(DBAPIError, match="row-level security"):
            async with session.begin_nested():
                await session.execute(sa.insert(table).values(known))
    refused: list[tuple[str, Any]] = [
        ("NOT_PAYABLE", opened_by_function(session, their_order)),
        ("PAYMENT_OPEN", opened_by_function(session, my_order)),
        ("NOT_PAYABLE", give_back(session, payment)),
        ("NOT_FOUND", retry_refund(session, NOW, refund_id=IDS())),
    ]
    for code, act in refused:
        with pytest.raises(Refusal, match=code):
            async with session.begin_nested():
                await act
    await look_as(session, Viewer.system())
    await take_news(session, NOW, IDS, news_of(payment, K.CAPTURED))
    for viewer, code in (
        (Viewer(CONSUMER, customer_id=mine), "NOT_PAYABLE"),
        (Viewer(CONSUMER, customer_id=theirs), "NOT_PAYABLE"),
        (Viewer.anonymous(), "NOT_PAYABLE"),
    ):
        await look_as(session, viewer)
        with pytest.raises(Refusal, match=code):
            async with session.begin_nested():
                await give_back(session, payment)
    await look_as(session, Viewer(STAFF))
    first = await give_back(session, payment)
    assert await give_back(session, payment) == first, "a key gives back once"
    with pytest.raises(Refusal, match="KEY_REUSED"):
        async with session.begin_nested():
            await give_back(session, payment, 2)


async def opened_by_function(session: AsyncSession, order_id: Any) -> Any:
    return await open_payment(session, NOW, IDS, order_id=order_id, amount=PRICE)


async def give_back(session: AsyncSession, payment: Payment, amount: int = 1) -> Any:
    return await refund_payment(
        session, NOW, IDS, payment_id=payment.id, amount=amount, reason=RefundReason.GOODWILL, key="one"
    )


async def test_a_customer_gets_back_what_they_paid_for_an_order_that_is_cancelled(session: AsyncSession) -> None:
    mine = await consumer(session)
    payment = await opened(session, await placed(session, mine))
    await take_news(session, NOW, IDS, news_of(payment, K.CAPTURED))
    await session.execute(sa.update(Order).where(Order.id == payment.order_id).values(status=OrderStatus.CANCELLED))
    await look_as(session, Viewer(CONSUMER, customer_id=mine))
    await refund(
        session, NOW, IDS, order_id=payment.order_id, amount=PRICE, reason=RefundReason.CANCELLED, key="cancelled"
    )
    assert (await payment_of(session, payment.id)).refund_asked_amount == PRICE.amount


async def test_the_sums_of_a_payment_are_guarded_by_the_database(session: AsyncSession) -> None:
    payment = await opened(session)
    await take_news(session, NOW, IDS, news_of(payment, K.CAPTURED))
    for wrong in (
        {"refunded_amount": 1},
        {"refund_asked_amount": PRICE.amount + 1},
        {"captured_amount": PRICE.amount + 1},
        {"state": PaymentState.FAILED},
        {"refund_asked_amount": -1},
    ):
        with pytest.raises(DBAPIError, match="ck_payment_"):
            async with session.begin_nested():
                await session.execute(
                    sa.update(Payment)
                    .where(Payment.id == payment.id)
                    .values(**wrong)
                    .execution_options(synchronize_session=False)
                )
