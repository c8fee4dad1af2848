"""Giving money back: the wish is stored in the transaction of its cause, and the provider is asked afterwards."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import text_of
from domain.payments.refusals import payment_refusals
from domain.payments.tables import Payment, PaymentState, Refund, RefundReason, RefundState
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal

KEY_CHARACTERS_MAX = 200


async def refund(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    order_id: UUID,
    amount: Money,
    reason: RefundReason,
    key: str,
) -> UUID:
    """Give back a part or all of what was paid for an order, once for the order and `key`; answers the refund.

    The caller holds the order's row. Customers may for an order that is cancelled, the house always.
    """
    query = (
        sa.select(Payment)
        .where(Payment.order_id == order_id, Payment.state == PaymentState.CAPTURED)
        .order_by(Payment.captured_amount - Payment.refund_asked_amount, Payment.id)
        .limit(2)
    )
    paid = list(await session.scalars(query))
    known = await session.scalar(sa.select(Refund).where(Refund.order_id == order_id, Refund.key == key))
    if not paid:
        raise Refusal("NOTHING_PAID", ("order",))
    # A payment that came beside the one that counts was given back as a whole: the one with most left is meant.
    chosen = known.payment_id if known else paid[-1].id
    if amount.currency != paid[-1].amount_currency:
        raise Refusal("OTHER_CURRENCY", ("amount",), currency=paid[-1].amount_currency)
    return await refund_payment(session, now, new_id, payment_id=chosen, amount=amount.amount, reason=reason, key=key)


async def left_to_refund(session: AsyncSession, *, order_id: UUID) -> Money:
    """What can still be given back of what was paid for an order."""
    query = (
        sa.select(Payment)
        .where(Payment.order_id == order_id, Payment.state == PaymentState.CAPTURED)
        .order_by((Payment.captured_amount - Payment.refund_asked_amount).desc(), Payment.id)
        .limit(1)
    )
    paid = await session.scalar(query)
    if paid is None:
        raise Refusal("NOTHING_PAID", ("order",))
    left = paid.captured_amount - paid.refund_asked_amount
    if left == 0:
        raise Refusal("REFUND_EXCEEDS_PAYMENT", ("order",))
    return Money(left, paid.amount_currency)


async def refund_order(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, order_id: UUID, amount: Money, key: str
) -> UUID:
    """Give a customer money back without taking anything back: by the house's goodwill, once for a key."""
    key = f"goodwill {key}"
    return await refund(session, now, new_id, order_id=order_id, amount=amount, reason=RefundReason.GOODWILL, key=key)


async def refund_payment(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    payment_id: UUID,
    amount: int,
    reason: RefundReason,
    key: str,
) -> UUID:
    """Give back a sum, in minor units, of one payment."""
    if amount <= 0:
        raise Refusal("OUT_OF_RANGE", ("amount",), min=1, max=2**62)
    called = sa.func.payment_refund(
        sa.literal(new_id(), sa.Uuid()),
        sa.literal(payment_id, sa.Uuid()),
        sa.literal(amount, sa.BigInteger()),
        sa.literal(reason.value, sa.Text()),
        sa.literal(text_of(key, "key", KEY_CHARACTERS_MAX), sa.Text()),
        sa.literal(now, sa.DateTime(timezone=True)),
        type_=sa.Uuid(),
    )
    with payment_refusals():
        return (await session.execute(sa.select(called))).scalar_one()


async def retry_refund(session: AsyncSession, now: dt.datetime, *, refund_id: UUID) -> UUID:
    """Ask the provider anew for a refund that failed; its part of the payment was kept for it."""
    called = sa.func.payment_retry_refund(
        sa.literal(refund_id, sa.Uuid()), sa.literal(now, sa.DateTime(timezone=True)), type_=sa.Uuid()
    )
    with payment_refusals():
        return (await session.execute(sa.select(called))).scalar_one()


async def refund_refused(session: AsyncSession, now: dt.datetime, *, refund_id: UUID, round_: int) -> None:
    """The provider does not take a refund on. For the application's own transactions."""
    await session.execute(
        sa.update(Refund)
        .where(Refund.id == refund_id, Refund.round == round_, Refund.state == RefundState.REQUESTED)
        .values(state=RefundState.FAILED, ended_at=now)
    )
