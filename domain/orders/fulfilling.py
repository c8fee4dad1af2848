"""Sending orders, whole or in parts, and their arrival."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import each_existing, existing, text_of
from domain.notices.tables import NoticeKind
from domain.orders import events, notices
from domain.orders.refusals import LINES_MAX, order_refusals
from domain.orders.tables import Order, OrderLine
from foundation.ids import Ids
from foundation.refusals import Refusal

ID, INSTANT, TEXT = sa.Uuid(), sa.DateTime(timezone=True), sa.Text()
CARRIER_CHARACTERS_MAX = 40
TRACKING_CHARACTERS_MAX = 60


class Sent(NamedTuple):
    """So many pieces of a line of an order."""

    line_id: UUID
    quantity: int


async def ship_order(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    order_id: UUID,
    lines: Sequence[Sent] | None = None,
    carrier: str | None = None,
    tracking: str | None = None,
) -> list[UUID]:
    """Send pieces of an order, or with no `lines` all that wait; a shipment for each place they lie in. Returns those.

    Only what is paid, or on account, is sent. Refuses with NOT_WAITING what is more than waits.
    """
    if lines is not None and not lines:
        raise Refusal("EMPTY", ("lines",))
    if lines is not None and len(lines) > LINES_MAX:
        raise Refusal("TOO_MANY", ("lines",), max=LINES_MAX)
    # Before anything is said of the order's state.
    await existing(session, Order, order_id, "order")
    keys = [each.line_id for each in lines or ()]
    await each_existing(session, OrderLine, keys, ("lines", "line"), OrderLine.order_id == order_id)
    given = None if lines is None else [{"line": str(each.line_id), "quantity": each.quantity} for each in lines]
    called = sa.func.order_ship(
        sa.literal(order_id, ID),
        sa.cast(sa.literal(None if given is None else json.dumps(given), TEXT), JSONB()),
        sa.literal(None if carrier is None else text_of(carrier, "carrier", CARRIER_CHARACTERS_MAX), TEXT),
        sa.literal(None if tracking is None else text_of(tracking, "tracking", TRACKING_CHARACTERS_MAX), TEXT),
        sa.literal(now, INSTANT),
        type_=sa.ARRAY(sa.Uuid()),
    )
    with order_refusals():
        made = (await session.execute(sa.select(called))).scalar_one()
    order = await events.tell(session, now, new_id, order_id, events.SHIPPED)
    # An order that goes in parts is told of with each; services make no shipment and go once.
    await notices.tell(session, now, new_id, order, NoticeKind.ORDER_SHIPPED, about=made[0] if made else order_id)
    return list(made)


async def deliver_order(session: AsyncSession, now: dt.datetime, new_id: Ids, *, order_id: UUID) -> UUID:
    """Everything that was sent has arrived; said again, nothing changes."""
    called = sa.func.order_deliver(sa.literal(order_id, ID), sa.literal(now, INSTANT), type_=sa.Boolean())
    with order_refusals():
        arrived = await session.scalar(sa.select(called))
    if arrived:
        order = await events.tell(session, now, new_id, order_id, events.DELIVERED)
        await notices.tell(session, now, new_id, order, NoticeKind.ORDER_DELIVERED, about=order_id)
    return order_id
