"""The rules of what becomes of a return: it is allowed or refused, the goods come, and what they cost goes back.

For staff's transactions. The order's row is held meanwhile, as by whoever else changes what an order is worth.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import each_existing, existing, text_of
from domain.notices.tables import NoticeKind
from domain.orders import notices
from domain.orders.tables import Order, OrderLine, Settlement, StockReservation
from domain.payments.refunds import left_to_refund, refund
from domain.payments.tables import RefundReason
from domain.points import ledger
from domain.points.earning import claw_back_for_order, lock_order
from domain.returns.shares import share
from domain.returns.tables import OrderReturn, OrderReturnLine, ReturnState
from domain.shop.tables import Stock
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal
from segments.outbox import append, event_about

ANSWER_CHARACTERS_MAX = 500
# What has come: its pieces are behind those that come next.
COME = (ReturnState.RECEIVED, ReturnState.REFUNDED)


async def approve_return(session: AsyncSession, now: dt.datetime, new_id: Ids, *, return_id: UUID) -> UUID:
    """The customer may send the goods."""
    order, asked = await held(session, return_id)
    require(asked, ReturnState.REQUESTED)
    asked.state, asked.decided_at = ReturnState.APPROVED, now
    await notices.tell(session, now, new_id, order, NoticeKind.RETURN_APPROVED, about=return_id)
    return await changed(session, now, new_id, order, asked)


async def refuse_return(session: AsyncSession, now: dt.datetime, new_id: Ids, *, return_id: UUID, answer: str) -> UUID:
    """The goods do not come back, for a reason that the customer is told; they may be asked for again."""
    order, asked = await held(session, return_id)
    require(asked, ReturnState.REQUESTED, ReturnState.APPROVED)
    asked.state, asked.decided_at, asked.ended_at = ReturnState.REFUSED, now, now
    said = {"answer": text_of(answer, "answer", ANSWER_CHARACTERS_MAX)}
    asked.answer = said["answer"]
    await notices.tell(session, now, new_id, order, NoticeKind.RETURN_REFUSED, about=return_id, values=said)
    return await changed(session, now, new_id, order, asked)


async def receive_return(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    return_id: UUID,
    damaged: Mapping[UUID, int] | None = None,
) -> UUID:
    """The goods have come: those that are whole lie in stock again, and what they cost goes back.

    `damaged` counts pieces by the return's lines. Money and points go back in the proportion in which the line was paid; points
    come to their old lots, and what the money had earned is taken back. A voucher is not given back: what it took off was
    shared among the lines, so that much less goes back for each.
    """
    order, asked = await held(session, return_id)
    broken = dict(damaged or {})
    of_it = OrderReturnLine.return_id == return_id
    await each_existing(session, OrderReturnLine, list(broken), ("damaged", "line"), of_it)
    require(asked, ReturnState.APPROVED)
    come = await lines_of(session, return_id)
    for of_return, line in come:
        of_return.damaged = broken.get(of_return.id, 0)
        if not 0 <= of_return.damaged <= of_return.quantity:
            raise Refusal("OUT_OF_RANGE", ("damaged",), min=0, max=of_return.quantity)
        before = await come_before(session, line.id)
        paid = line.amount_amount - line.discount_amount - line.points_amount
        of_return.amount_amount = share(paid, line.quantity, before, of_return.quantity)
        of_return.points = share(line.points, line.quantity, before, of_return.quantity)
        asked.amount_amount += of_return.amount_amount
        asked.points += of_return.points
    asked.state, asked.received_at = ReturnState.RECEIVED, now
    await session.flush()
    await notices.tell(session, now, new_id, order, NoticeKind.RETURN_RECEIVED, about=return_id)
    await give_back(session, now, new_id, order, asked)
    # Last, as everywhere: many buyers may want these pieces at one time.
    for of_return, line in come:
        await lay_down(session, line, of_return.quantity - of_return.damaged)
    return await changed(session, now, new_id, order, asked)


async def give_back(session: AsyncSession, now: dt.datetime, new_id: Ids, order: Order, asked: OrderReturn) -> None:
    """Points to their lots, earned points back, money by the provider; on account, only what is due becomes less."""
    key = f"return {asked.id}"
    await lock_order(session, order.id)
    if asked.points and order.programme_id is not None and order.capture_id is not None:
        await ledger.restore(
            session,
            programme_id=order.programme_id,
            customer_id=order.customer_id,
            key=key,
            spend_id=order.capture_id,
            amount=asked.points,
            subject_id=order.id,
        )
    await claw_back_for_order(session, now, order.id, asked.id, asked.amount_amount)
    if asked.amount_amount and order.settlement is Settlement.PREPAID and order.paid_at is not None:
        money = await refundable(session, order, asked)
        if money is not None:
            asked.refund_id = await refund(
                session, now, new_id, order_id=order.id, amount=money, reason=RefundReason.RETURNED, key=key
            )
    if asked.refund_id is None:
        asked.state, asked.ended_at = ReturnState.REFUNDED, now


async def refundable(session: AsyncSession, order: Order, asked: OrderReturn) -> Money | None:
    """The money of a return, as far as it was not given back already by goodwill."""
    try:
        left = await left_to_refund(session, order_id=order.id)
    except Refusal:
        return None
    return Money(min(left.amount, asked.amount_amount), left.currency)


async def refund_arrived(session: AsyncSession, now: dt.datetime, *, refund_id: UUID) -> None:
    """The money of a return has reached the customer."""
    await session.execute(
        sa.update(OrderReturn)
        .where(OrderReturn.refund_id == refund_id, OrderReturn.state == ReturnState.RECEIVED)
        .values(state=ReturnState.REFUNDED, ended_at=now, version=OrderReturn.version + 1)
    )


async def held(session: AsyncSession, return_id: UUID) -> tuple[Order, OrderReturn]:
    """A return and its order, both locked, the order first."""
    order_id = await session.scalar(sa.select(OrderReturn.order_id).where(OrderReturn.id == return_id))
    if order_id is None:
        raise Refusal("NOT_FOUND", ("order_return",))
    order = await existing(session, Order, order_id, "order_return", lock=True)
    return order, await existing(session, OrderReturn, return_id, "order_return", lock=True)


def require(asked: OrderReturn, *states: ReturnState) -> None:
    """A return in one of some states."""
    if asked.state not in states:
        raise Refusal("RETURN_STATE", ("order_return",))


async def lines_of(session: AsyncSession, return_id: UUID) -> list[tuple[OrderReturnLine, OrderLine]]:
    """The lines of a return with those of the order, by variant: stock is locked in that order."""
    query = (
        sa.select(OrderReturnLine, OrderLine)
        .join(OrderLine, OrderLine.id == OrderReturnLine.line_id)
        .where(OrderReturnLine.return_id == return_id)
        .order_by(OrderLine.variant_id, OrderLine.id)
    )
    return [(of_return, line) for of_return, line in await session.execute(query)]


async def come_before(session: AsyncSession, line_id: UUID) -> int:
    """How many pieces of an order's line have come back."""
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(OrderReturnLine.quantity), 0))
        .join(OrderReturn, OrderReturn.id == OrderReturnLine.return_id)
        .where(OrderReturnLine.line_id == line_id, OrderReturn.state.in_(COME))
    )
    return int((await session.execute(query)).scalar_one())


async def lay_down(session: AsyncSession, line: OrderLine, pieces: int) -> None:
    """Put whole pieces back where they were taken from; services lie nowhere."""
    place = await session.scalar(
        sa.select(StockReservation.location_id)
        .where(StockReservation.line_id == line.id)
        .order_by(StockReservation.shipped.desc(), StockReservation.id)
        .limit(1)
    )
    if place is None or pieces == 0:
        return
    await session.execute(
        sa.update(Stock)
        .where(Stock.variant_id == line.variant_id, Stock.location_id == place)
        .values(on_hand=Stock.on_hand + pieces)
        .execution_options(synchronize_session=False)
    )


async def changed(session: AsyncSession, now: dt.datetime, new_id: Ids, order: Order, asked: OrderReturn) -> UUID:
    """Store a return's new state and tell of it."""
    asked.version += 1
    await session.flush()
    event = event_about(
        order,
        f"return.{asked.state.value.lower()}",
        now,
        new_id,
        subject_id=asked.id,
        customer_id=order.customer_id,
        payload={"order": str(order.id)},
    )
    await append(session, event)
    return asked.id
