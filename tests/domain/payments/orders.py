"""Placed orders of consumers, their payments, and what a provider says of them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, Segment
from domain.orders.tables import Channel, Order, OrderStatus
from domain.payments.payments import open_payment
from domain.payments.provider import PaymentNews
from domain.payments.tables import Payment, PaymentNewsKind
from foundation.ids import system_ids
from foundation.money import Money
from tests.rows import NOW

IDS = system_ids(lambda: NOW)
PRICE = Money(26_800, "CNY")


async def consumer(session: AsyncSession) -> UUID:
    """A new consumer."""
    key = IDS()
    made = Customer(
        id=key,
        kind=CustomerKind.PERSON,
        segment=Segment.CONSUMER,
        status=CustomerStatus.ACTIVE,
        name="王芳",
        key_account=False,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    session.add(made)
    await session.flush()
    return key


async def placed(session: AsyncSession, customer_id: UUID | None = None, amount: Money = PRICE) -> UUID:
    """An order that waits to be paid."""
    key = IDS()
    order = Order(
        id=key,
        customer_id=customer_id or await consumer(session),
        number=str(key),
        channel=Channel.SHOP,
        status=OrderStatus.PLACED,
        placed_at=NOW,
        units=1,
        total_amount=amount.amount,
        total_currency=amount.currency,
        version=1,
    )
    session.add(order)
    await session.flush()
    return key


async def opened(session: AsyncSession, order_id: UUID | None = None, amount: Money = PRICE) -> Payment:
    """The open payment of an order, as its provider has it."""
    order_id = order_id or await placed(session, amount=amount)
    key = await open_payment(session, NOW, IDS, order_id=order_id, amount=amount)
    return await payment_of(session, key)


async def payment_of(session: AsyncSession, key: UUID) -> Payment:
    """A payment as it is now."""
    query = sa.select(Payment).where(Payment.id == key)
    return (await session.execute(query, execution_options={"populate_existing": True})).scalar_one()


def news_of(
    payment: Payment,
    kind: PaymentNewsKind,
    *,
    event_id: str | None = None,
    amount: Money | None = None,
    at: dt.datetime = NOW,
    **given: Any,
) -> PaymentNews:
    """What the provider says of a payment."""
    return PaymentNews(
        provider="sandbox",
        reference=f"ref-{payment.id}",
        event_id=event_id or f"{kind.value} {payment.id}",
        kind=kind,
        payment_id=payment.id,
        amount=amount or Money(payment.amount_amount, payment.amount_currency),
        at=at,
        said={"kind": kind.value},
        **given,
    )


async def status_of(session: AsyncSession, order_id: UUID) -> OrderStatus:
    """An order's status as it is now."""
    return (await session.execute(sa.select(Order.status).where(Order.id == order_id))).scalar_one()
