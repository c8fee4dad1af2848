"""What follows when an order is paid, or is not: the capability of payments calls these two, and checkout where nothing is due."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders import events
from domain.orders.cancelling import end_order
from domain.orders.refusals import order_refusals
from domain.orders.tables import Order, OrderStatus, Settlement
from domain.orders.terms import within_limit
from domain.points import ledger
from domain.points.earning import earn_for_order
from domain.vouchers.using import use_voucher
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal

ID, INSTANT = sa.Uuid(), sa.DateTime(timezone=True)
UNPAID = "UNPAID"


async def order_paid(session: AsyncSession, now: dt.datetime, new_id: Ids, order_id: UUID) -> bool:
    """The order is paid: the points held for it are spent, its voucher is used, it earns points. False when it was paid already.

    Refuses with ORDER_STATE when it has been cancelled meanwhile: whoever took the money gives it back.
    """
    called = sa.func.order_pay(sa.literal(order_id, ID), sa.literal(now, INSTANT), type_=sa.Boolean())
    with order_refusals():
        if not await session.scalar(sa.select(called)):
            return False
    order = await events.tell(session, now, new_id, order_id, events.PAID)
    await spend_held_points(session, order)
    await use_voucher(session, now, order_id=order_id)
    await earn_for_order(session, now, order_id)
    return True


async def order_placed_on_account(
    session: AsyncSession, now: dt.datetime, *, order_id: UUID, customer_id: UUID, due: Money
) -> None:
    """A company pays later: its points and voucher are spent at once. Refuses with ABOVE_LIMIT what it may not owe."""
    await within_limit(session, now, customer_id=customer_id, due=due)
    await spend_held_points(session, await events.current_order(session, order_id))
    await use_voucher(session, now, order_id=order_id)


async def order_settled(session: AsyncSession, now: dt.datetime, new_id: Ids, order_id: UUID) -> bool:
    """The money for an order on account has come; a prepaid one is paid through its payment alone."""
    order = await events.current_order(session, order_id)
    if order.settlement is not Settlement.ON_ACCOUNT:
        raise Refusal("ORDER_STATE", ("order",))
    return await order_paid(session, now, new_id, order_id)


async def order_unpaid(session: AsyncSession, now: dt.datetime, new_id: Ids, order_id: UUID) -> bool:
    """The payment failed or ran out of time: stock, points and voucher are free again. False where that changes nothing any more."""
    order = await events.current_order(session, order_id)
    if order.status is not OrderStatus.PLACED or order.paid_at is not None:
        return False
    return await end_order(session, now, new_id, order_id=order_id, reason=UNPAID)


async def spend_held_points(session: AsyncSession, order: Order) -> None:
    """Capture the hold of an order's points, if it has one that is open."""
    if order.hold_id is None or order.programme_id is None or order.capture_id is not None:
        return
    [capture_id] = await ledger.capture(
        session,
        programme_id=order.programme_id,
        customer_id=order.customer_id,
        key=f"order {order.id} captured",
        hold_id=order.hold_id,
    )
    with order_refusals():
        await session.execute(sa.select(sa.func.order_capture(sa.literal(order.id, ID), sa.literal(capture_id, ID))))
