"""The one path by which what a provider says comes in: stored once by its id, and applied in the same transaction.

Whether an event came by a webhook or was asked for makes no difference. It may come twice, late or out of turn: what is
known changes nothing twice (`domain/payments/states.py`).
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notices.tables import NoticeKind
from domain.orders import notices
from domain.orders.paying import order_paid, order_unpaid
from domain.orders.tables import Order, OrderStatus
from domain.payments.looking import wake
from domain.payments.provider import PaymentNews
from domain.payments.refunds import refund_payment
from domain.payments.states import LEADS_TO, REFUND_LEADS_TO, refund_rises, rises, sums_in
from domain.payments.tables import (
    EventEffect,
    Payment,
    PaymentEvent,
    PaymentState,
    Refund,
    RefundReason,
    RefundState,
)
from domain.returns.handling import refund_arrived
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal
from segments.outbox import append, event_about

LOGGER = structlog.get_logger("domain.payments")


async def take_news(session: AsyncSession, now: dt.datetime, new_id: Ids, news: PaymentNews) -> EventEffect | None:
    """Store an event and do what it says; None when it had been taken before. For the application's own transactions."""
    locked = await locked_payment(session, news.payment_id)
    double = sa.select(PaymentEvent.id).where(
        PaymentEvent.provider == news.provider, PaymentEvent.event_id == news.event_id
    )
    # Looked for under the payment's lock: of two that come at once the second one finds the first.
    if await session.scalar(double):
        return None
    if locked is None:
        effect = EventEffect.UNKNOWN
    else:
        effect = await applied(session, now, new_id, *locked, news)
    stored = (
        insert(PaymentEvent)
        .values(
            id=new_id(),
            payment_id=None if locked is None else locked[1].id,
            provider=news.provider,
            event_id=news.event_id,
            kind=news.kind,
            effect=effect,
            said=dict(news.said),
            said_at=news.at,
            received_at=now,
        )
        .on_conflict_do_nothing()
    )
    await session.execute(stored)
    if effect in {EventEffect.REFUSED, EventEffect.UNKNOWN}:
        LOGGER.warning("payment event without effect", effect=effect.value, event_id=news.event_id)
    return effect


async def locked_payment(session: AsyncSession, payment_id: UUID | None) -> tuple[Order, Payment] | None:
    """A payment and its order, both locked: the order first, as everybody does who changes one."""
    query = sa.select(Payment.order_id).where(Payment.id == payment_id)
    order_id = None if payment_id is None else await session.scalar(query)
    if order_id is None:
        return None
    fresh = {"populate_existing": True}
    order = await session.scalar(
        sa.select(Order).where(Order.id == order_id).with_for_update(), execution_options=fresh
    )
    payment = await session.scalar(
        sa.select(Payment).where(Payment.id == payment_id).with_for_update(), execution_options=fresh
    )
    assert order is not None
    assert payment is not None
    return order, payment


async def applied(
    session: AsyncSession, now: dt.datetime, new_id: Ids, order: Order, payment: Payment, news: PaymentNews
) -> EventEffect:
    """Do what an event says of a payment whose row is held."""
    if payment.reference is None:
        # The answer that would have told us was lost; the event says it too.
        payment.provider, payment.reference = news.provider, news.reference
    if (payment.provider, payment.reference) != (news.provider, news.reference):
        return EventEffect.REFUSED
    if news.kind in REFUND_LEADS_TO:
        return await refund_moved(session, now, new_id, order, payment, news)
    to = LEADS_TO[news.kind]
    paid = to in {PaymentState.AUTHORISED, PaymentState.CAPTURED}
    if paid and (news.amount.amount, news.amount.currency) != (payment.amount_amount, payment.amount_currency):
        return EventEffect.REFUSED
    if not rises(payment.state, to):
        return EventEffect.LATE
    payment.state = to
    payment.authorised_amount, payment.captured_amount = sums_in(to, payment.amount_amount)
    payment.version += 1
    await session.flush()
    if to is PaymentState.AUTHORISED:
        await wake(session, payment.id, now)
    if to is PaymentState.CAPTURED:
        payment.closed_at = now
        await money_came(session, now, new_id, order, payment)
    kind = f"payment.{to.value.lower()}"
    await tell(session, now, new_id, order, kind, payment.id)
    return EventEffect.APPLIED


async def money_came(session: AsyncSession, now: dt.datetime, new_id: Ids, order: Order, payment: Payment) -> None:
    """The order is paid; or, where it is no more to be paid or cannot be, all of it goes back."""
    if order.status is OrderStatus.PLACED:
        try:
            async with session.begin_nested():
                await order_paid(session, now, new_id, order.id)
        except Refusal as refusal:
            LOGGER.warning("a paid order could not go on", order=str(order.id), refusal=refusal.code)
            await order_unpaid(session, now, new_id, order.id)
        else:
            return
    await refund_payment(
        session,
        now,
        new_id,
        payment_id=payment.id,
        amount=payment.amount_amount,
        reason=RefundReason.SURPLUS,
        key=f"surplus {payment.id}",
    )
    await session.refresh(payment)


async def refund_moved(
    session: AsyncSession, now: dt.datetime, new_id: Ids, order: Order, payment: Payment, news: PaymentNews
) -> EventEffect:
    """A refund has reached the payer, or could not."""
    query = sa.select(Refund).where(Refund.id == news.refund_id, Refund.payment_id == payment.id).with_for_update()
    refund = await session.scalar(query, execution_options={"populate_existing": True})
    if refund is None or (news.amount.amount, news.amount.currency) != (refund.amount_amount, refund.amount_currency):
        return EventEffect.REFUSED
    to = REFUND_LEADS_TO[news.kind]
    # That an earlier round failed says nothing of the present one.
    if not refund_rises(refund.state, to) or (to is RefundState.FAILED and news.round < refund.round):
        return EventEffect.LATE
    refund.state, refund.ended_at = to, now
    if to is RefundState.SUCCEEDED:
        payment.refunded_amount += refund.amount_amount
        await refund_arrived(session, now, refund_id=refund.id)
        money = Money(refund.amount_amount, refund.amount_currency)
        values = {"amount": money.decimal(), "currency": money.currency}
        await notices.tell(session, now, new_id, order, NoticeKind.REFUND_MADE, about=refund.id, values=values)
    payment.version += 1
    await session.flush()
    await tell(session, now, new_id, order, f"refund.{to.value.lower()}", refund.id)
    return EventEffect.APPLIED


async def tell(session: AsyncSession, now: dt.datetime, new_id: Ids, order: Order, kind: str, subject_id: UUID) -> None:
    """Append the event to the outbox, for whoever may see the order."""
    event = event_about(
        order,
        kind,
        now,
        new_id,
        subject_id=subject_id,
        customer_id=order.customer_id,
        payload={"order": str(order.id)},
    )
    await append(session, event)
