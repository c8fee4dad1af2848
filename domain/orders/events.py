"""What happens to an order, as events of the outbox: subscriptions and webhooks tell it on."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.tables import Order
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.outbox import append, event_about

PLACED, PAID, SHIPPED = "order.placed", "order.paid", "order.shipped"
DELIVERED, CANCELLED = "order.delivered", "order.cancelled"


async def current_order(session: AsyncSession, order_id: UUID) -> Order:
    """The order as it stands in this transaction, for whoever may see it."""
    query = sa.select(Order).where(Order.id == order_id).execution_options(populate_existing=True)
    found = await session.scalar(query)
    if found is None:
        raise Refusal("NOT_FOUND", ("order",))
    return found


async def tell(session: AsyncSession, now: dt.datetime, new_id: Ids, order_id: UUID, kind: str) -> Order:
    """Append the event of a change that was just made; returns the order as it stands."""
    order = await current_order(session, order_id)
    payload = {"number": order.number, "status": order.status.value}
    about = event_about(
        order, kind, now, new_id, subject_id=order.id, customer_id=order.customer_id, payload=dict(payload)
    )
    await append(session, about)
    return order
