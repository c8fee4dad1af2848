"""The end of waiting: an order that was not paid in its time is cancelled, and gives back what it kept from others."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.paying import order_unpaid
from domain.orders.tables import OrderStatus
from domain.payments.looking import TILL, wake
from domain.payments.news import locked_payment
from domain.payments.states import OPEN
from domain.payments.tables import Payment, PaymentState
from foundation.ids import Ids

# How long after its end a payment that a provider has is waited for: its last word is on the way.
GRACE = dt.timedelta(minutes=2)


async def close_next(session: AsyncSession, now: dt.datetime, new_id: Ids) -> int:
    """End the waiting for one payment whose time is over; 0 where there is none: the step of a job.

    One in a transaction, because orders hold stock of the same goods. Money that is on hold (AUTHORISED) is waited for: it is
    being taken. What comes after this goes back by itself.
    """
    due = (
        sa.select(Payment.id)
        .where(
            Payment.closed_at.is_(None),
            Payment.expires_at <= now,
            Payment.state != PaymentState.AUTHORISED,
            sa.or_(
                Payment.state != PaymentState.INITIATED, Payment.provider.is_(None), Payment.expires_at <= now - GRACE
            ),
        )
        .order_by(Payment.expires_at, Payment.id)
        .limit(1)
    )
    payment_id = await session.scalar(due)
    if payment_id is None:
        return 0
    await close(session, now, new_id, payment_id)
    return 1


async def close(session: AsyncSession, now: dt.datetime, new_id: Ids, payment_id: UUID) -> bool:
    """End the waiting for one payment; False where something has come of it meanwhile."""
    locked = await locked_payment(session, payment_id)
    if locked is None:
        return False
    order, payment = locked
    if payment.closed_at is not None or payment.state is PaymentState.AUTHORISED:
        return False
    if payment.state is PaymentState.INITIATED:
        payment.state = PaymentState.EXPIRED
        payment.version += 1
        if payment.reference is not None and payment.provider != TILL:
            await wake(session, payment.id, now)
    payment.closed_at = now
    await session.flush()
    others = sa.select(sa.func.count()).where(Payment.order_id == order.id, Payment.state.in_(OPEN))
    if order.status is OrderStatus.PLACED and not await session.scalar(others):
        await order_unpaid(session, now, new_id, order.id)
    return True
