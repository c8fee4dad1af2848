"""The end of an order of which nothing has been sent: pieces, points and vouchers are free again, money is given back."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import text_of
from domain.notices.tables import NoticeKind
from domain.orders import events, notices
from domain.orders.refusals import order_refusals
from domain.orders.tables import Order, Settlement
from domain.payments.refunds import refund
from domain.payments.tables import RefundReason
from domain.points import ledger
from domain.points.earning import claw_back_for_order
from domain.vouchers.using import give_voucher_back
from foundation.ids import Ids
from foundation.money import Money

ID, INSTANT, TEXT = sa.Uuid(), sa.DateTime(timezone=True), sa.Text()
REASON_CHARACTERS_MAX = 200


async def cancel_order(session: AsyncSession, now: dt.datetime, new_id: Ids, *, order_id: UUID, reason: str) -> UUID:
    """Cancel an order while nothing of it has been sent; cancelled again, it stays as it is."""
    await end_order(session, now, new_id, order_id=order_id, reason=text_of(reason, "reason", REASON_CHARACTERS_MAX))
    return order_id


async def end_order(session: AsyncSession, now: dt.datetime, new_id: Ids, *, order_id: UUID, reason: str) -> bool:
    """Cancel an order and give back what it took; False when it had been cancelled already."""
    called = sa.func.order_cancel(
        sa.literal(order_id, ID), sa.literal(reason, TEXT), sa.literal(now, INSTANT), type_=sa.Boolean()
    )
    with order_refusals():
        if not await session.scalar(sa.select(called)):
            return False
    order = await events.tell(session, now, new_id, order_id, events.CANCELLED)
    await notices.tell(session, now, new_id, order, NoticeKind.ORDER_CANCELLED, about=order_id)
    await give_points_back(session, order)
    await give_voucher_back(session, now, order_id=order_id)
    paid = order.total_amount - order.points_amount
    if order.paid_at is not None and paid > 0:
        refund_id = order_id
        # What was paid on account is given back as it came, outside the shop.
        if order.settlement is Settlement.PREPAID:
            money = Money(paid, order.total_currency)
            refund_id = await refund(
                session, now, new_id, order_id=order_id, amount=money, reason=RefundReason.CANCELLED, key="cancelled"
            )
        await claw_back_for_order(session, now, order_id, refund_id, paid)
    # Last, because many buyers may want these pieces at one time.
    freed = sa.func.order_free(sa.literal(order_id, ID), sa.literal(now, INSTANT))
    with order_refusals():
        await session.execute(sa.select(freed))
    return True


async def give_points_back(session: AsyncSession, order: Order) -> None:
    """Free the points that are held for an order, or restore those that it spent, to the lots they came from."""
    if order.programme_id is None or order.hold_id is None:
        return
    whose = {"programme_id": order.programme_id, "customer_id": order.customer_id, "key": f"order {order.id} cancelled"}
    if order.capture_id is None:
        await ledger.release(session, hold_id=order.hold_id, **whose)  # pyright: ignore[reportArgumentType]
    else:
        await ledger.restore(session, spend_id=order.capture_id, subject_id=order.id, **whose)  # pyright: ignore[reportArgumentType]
