"""Buying on account: what a company may owe by its contract, and until when."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.placing import Terms
from domain.orders.tables import Order, OrderStatus, PaymentTerms, Settlement
from foundation.clock import day_in_china
from foundation.money import Money
from foundation.refusals import Refusal

# The first number of the advisory lock under which one company's orders on account are placed one after the other.
ACCOUNT_LOCK = 0x7175616F


async def terms_for(session: AsyncSession, now: dt.datetime, customer_id: UUID) -> Terms:
    """The terms of an order placed now on account; refuses a company that has none in force."""
    terms = await in_force(session, now, customer_id)
    return Terms(Settlement.ON_ACCOUNT, day_in_china(now) + dt.timedelta(days=terms.days))


async def in_force(session: AsyncSession, now: dt.datetime, customer_id: UUID) -> PaymentTerms:
    """The terms of a company's contract today."""
    today = day_in_china(now)
    found = await session.scalar(sa.select(PaymentTerms).where(PaymentTerms.customer_id == customer_id))
    if found is None or found.valid_from > today or (found.valid_until is not None and found.valid_until <= today):
        raise Refusal("NO_TERMS", ("on_account",))
    return found


async def within_limit(session: AsyncSession, now: dt.datetime, *, customer_id: UUID, due: Money) -> None:
    """Refuse what would bring a company's debt above its limit; `due` is that of an order which is stored already."""
    lock = sa.func.pg_advisory_xact_lock(sa.cast(ACCOUNT_LOCK, sa.Integer()), sa.func.hashtext(str(customer_id)))
    await session.execute(sa.select(lock))
    terms = await in_force(session, now, customer_id)
    if terms.limit_currency != due.currency:
        raise Refusal("OTHER_CURRENCY", ("on_account",), currency=terms.limit_currency)
    owed = await session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(Order.total_amount - Order.points_amount), 0)).where(
            Order.customer_id == customer_id,
            Order.settlement == Settlement.ON_ACCOUNT,
            Order.total_currency == due.currency,
            Order.paid_at.is_(None),
            Order.status != OrderStatus.CANCELLED,
        )
    )
    if (owed or 0) > terms.limit_amount:
        left = Money(max(0, terms.limit_amount - (owed or 0) + due.amount), due.currency)
        raise Refusal("ABOVE_LIMIT", ("on_account",), left=f"{left.decimal()} {left.currency}")
