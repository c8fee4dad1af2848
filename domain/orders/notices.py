"""What customers are told of their orders, and of what becomes of them: once, in the transaction that does it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.notices.notifying import is_member, notify
from domain.notices.tables import NoticeKind
from domain.orders.tables import Channel, Order
from foundation.ids import Ids
from segments.classification import Classification

# Whoever buys at a till takes it along: nothing was sent to them.
HANDED_OVER = (NoticeKind.ORDER_SHIPPED, NoticeKind.ORDER_DELIVERED)


async def tell(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    order: Order,
    kind: NoticeKind,
    *,
    about: UUID,
    values: Mapping[str, str | int] | None = None,
) -> None:
    """Tell an order's customer of it, once for the kind and for what it is `about`: the order, a shipment, a return, a refund.

    Only public orders of consumers and companies are told of: nobody else has such notices, and what is classified is
    bought by contract.
    """
    if order.classification is not Classification.PUBLIC or order.compartments:
        return
    if kind in HANDED_OVER and order.channel is Channel.STORE:
        return
    if not await is_member(session, order.customer_id):
        return
    await notify(
        session,
        now,
        new_id,
        customer_id=order.customer_id,
        kind=kind,
        subject_id=order.id,
        key=str(about),
        values={"number": order.number, **(values or {})},
    )
