"""Opening payments: at checkout, and once more when a try has failed while the order may still be paid."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing
from domain.orders.tables import Order, OrderStatus
from domain.payments.refusals import payment_refusals
from domain.payments.states import OPEN
from domain.payments.tables import Payment
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal
from foundation.statements import fetch_value

# How long an order waits to be paid: its stock is reserved and its points are held meanwhile.
PAYMENT_TIME = dt.timedelta(minutes=30)
TRIES_MAX = 20


OPEN_PAYMENT = "select payment_open($1, $2, $3, $4, $5, $6)"


async def open_payment(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    order_id: UUID,
    amount: Money,
    expires_at: dt.datetime | None = None,
) -> UUID:
    """The wish to be paid for a placed order, in the transaction that places it; nobody is asked yet.

    The payer goes on to the payment's own address, where the provider is asked. If nothing has come when it expires, the
    order is cancelled (`domain/payments/closing.py`).
    """
    if amount.amount <= 0:
        raise Refusal("OUT_OF_RANGE", ("amount",), min=1, max=2**62)
    until = expires_at or now + PAYMENT_TIME
    with payment_refusals():
        # Written out, because whoever wants the same pieces waits for it.
        return await fetch_value(session, OPEN_PAYMENT, new_id(), order_id, amount.amount, amount.currency, now, until)


async def start_payment(session: AsyncSession, now: dt.datetime, new_id: Ids, *, order_id: UUID) -> UUID:
    """The payment to go on with: the open one, or a new try within the order's time after one that came to nothing."""
    order = await existing(session, Order, order_id, "order")
    # What was rung up in a store is paid at its till.
    if order.status is not OrderStatus.PLACED or order.store_id is not None:
        raise Refusal("NOT_PAYABLE", ("order",))
    query = sa.select(Payment).where(Payment.order_id == order_id).order_by(Payment.opened_at.desc(), Payment.id)
    tries = list(await session.scalars(query.limit(TRIES_MAX)))
    if not tries:
        # Orders that are not paid here, on account or imported, have none.
        raise Refusal("NOT_PAYABLE", ("order",))
    last = tries[0]
    if last.expires_at <= now:
        raise Refusal("PAYMENT_TIME_OVER", ("order",))
    if last.state in OPEN:
        return last.id
    if len(tries) == TRIES_MAX:
        raise Refusal("PAYMENT_TRIES", ("order",), max=TRIES_MAX)
    return await open_payment(
        session,
        now,
        new_id,
        order_id=order_id,
        amount=Money(last.amount_amount, last.amount_currency),
        expires_at=last.expires_at,
    )
