"""What a provider is to be asked and told, read from the rows alone: so whatever was lost on the way is sent again.

Nothing here waits for a provider. Whoever takes a payment on puts off its next look first; when that process dies, or the
provider does not answer, the look is repeated then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.tables import Order, OrderStatus
from domain.payments.states import OPEN
from domain.payments.tables import Payment, PaymentState, Refund, RefundState
from foundation.money import Money

# What a transaction says when it commits that gives processes something to ask.
CHANNEL = "payments"
# The provider that is none: money changes hands at a store (`domain/till/paying.py`), and nobody is asked about it.
TILL = "till"
# When a payment is looked at again. After the last time somebody has to look: staff see what hangs.
PATIENCE = tuple(dt.timedelta(minutes=each) for each in (1, 2, 5, 10, 20, 60, 240, 720, 1440))
TAKEN_AT_ONCE = 20
REFUNDS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Call:
    """Something to tell the provider; sent twice it counts once."""

    kind: Literal["capture", "cancel", "refund"]
    amount: Money
    refund_id: UUID | None = None
    round: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """A payment whose news are to be asked for, and about which something may be to be told."""

    payment_id: UUID
    reference: str


async def wake(session: AsyncSession, payment_id: UUID, now: dt.datetime) -> None:
    """Have the provider asked about a payment as soon as this transaction has committed."""
    await session.flush()
    await session.execute(sa.update(Payment).where(Payment.id == payment_id).values(look_at=now, looks=0))
    await session.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))


async def asked(
    session: AsyncSession, now: dt.datetime, *, payment_id: UUID, provider: str, reference: str, address: str
) -> None:
    """Note that a provider has a payment, and look whether its webhooks come."""
    values = {"provider": provider, "reference": reference, "address": address, "look_at": now + PATIENCE[0]}
    await session.execute(sa.update(Payment).where(Payment.id == payment_id).values(**values, looks=0))


async def take_looks(session: AsyncSession, now: dt.datetime, provider: str) -> list[Look]:
    """Some payments of a provider whose time has come. Two processes take none twice."""
    due = (
        sa.select(Payment)
        .where(Payment.look_at <= now, Payment.provider == provider)
        .order_by(Payment.look_at)
        .limit(TAKEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    looks: list[Look] = []
    for payment in await session.scalars(due, execution_options={"populate_existing": True}):
        payment.look_at = now + PATIENCE[payment.looks] if payment.looks < len(PATIENCE) else None
        payment.looks += 1
        assert payment.reference is not None, "a provider has given it"
        looks.append(Look(payment.id, payment.reference))
    return looks


async def calls_now(session: AsyncSession, payment_id: UUID) -> tuple[Call, ...]:
    """What is to be told about a payment now."""
    query = sa.select(Payment, Order.status).join(Order, Order.id == Payment.order_id).where(Payment.id == payment_id)
    payment, status = (await session.execute(query, execution_options={"populate_existing": True})).one()
    return calls_of(payment, status, await open_refunds(session, payment_id))


def calls_of(payment: Payment, order: OrderStatus, refunds: Sequence[Refund]) -> tuple[Call, ...]:
    """What is to be told about a payment as it stands."""
    whole = Money(payment.amount_amount, payment.amount_currency)
    calls: list[Call] = []
    if payment.state is PaymentState.AUTHORISED:
        # Money on hold is taken for an order that waits for it, and let go for any other.
        calls.append(Call("capture" if order is OrderStatus.PLACED else "cancel", whole))
    if payment.state is PaymentState.EXPIRED:
        calls.append(Call("cancel", whole))
    calls += [Call("refund", Money(each.amount_amount, each.amount_currency), each.id, each.round) for each in refunds]
    return tuple(calls)


async def looked(session: AsyncSession, payment_id: UUID) -> None:
    """A look at a payment is over: it is repeated only while something is still to come."""
    payment = await session.scalar(
        sa.select(Payment).where(Payment.id == payment_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if payment is not None and payment.state not in OPEN and not await open_refunds(session, payment_id):
        payment.look_at = None


async def open_refunds(session: AsyncSession, payment_id: UUID) -> Sequence[Refund]:
    """The refunds of a payment that have not come to an end."""
    query = (
        sa.select(Refund)
        .where(Refund.payment_id == payment_id, Refund.state == RefundState.REQUESTED)
        .order_by(Refund.requested_at, Refund.id)
        .limit(REFUNDS_AT_ONCE)
    )
    return (await session.scalars(query, execution_options={"populate_existing": True})).all()
