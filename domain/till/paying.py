"""Money at a till: what was counted or read from a card's slip, and what is handed back (docs/adr/0019-till.md)."""

from __future__ import annotations

import datetime as dt
import enum
import json
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, text_of
from domain.orders.tables import Order
from domain.payments.news import tell
from domain.payments.tables import Refund
from domain.returns.handling import refund_arrived
from domain.stores.tables import Store
from domain.till.refusals import till_refusals
from domain.till.selling import hand_over, sale_of
from foundation.ids import Ids
from segments.viewer import Viewer

ID, INSTANT, TEXT = sa.Uuid(), sa.DateTime(timezone=True), sa.Text()
RECEIPT_CHARACTERS_MAX = 40


class TillMeans(enum.Enum):
    """By what money changes hands at a till: notes and coins, or a card or code read by the store's terminal."""

    CASH = "CASH"
    CARD = "CARD"


async def take(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    order_id: UUID,
    means: TillMeans,
    receipt: str,
) -> UUID:
    """The whole sum of a sale has been paid at the till; the sale is paid and handed over. A receipt is of one sale.

    Refuses with NOT_FOUND, OTHER_STORE, EMPTY, TOO_LONG, NOT_PAYABLE where it is paid or has been ended, and RECEIPT_USED.
    """
    order = await sale_of(session, viewer, order_id, "order")
    reference = await reference_of(session, order, receipt)
    called = sa.func.till_take(
        sa.literal(order_id, ID),
        sa.literal(reference, TEXT),
        sa.literal(new_id(), ID),
        said(viewer, means, reference),
        sa.literal(now, INSTANT),
        type_=ID,
    )
    with till_refusals():
        payment_id: UUID = (await session.execute(sa.select(called))).scalar_one()
    await tell(session, now, new_id, order, "payment.captured", payment_id)
    await hand_over(session, now, new_id, order_id)
    return order_id


async def pay_out(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    refund_id: UUID,
    means: TillMeans,
    receipt: str,
) -> UUID:
    """Money that was paid at a till of the viewer's store has been handed back there.

    Refuses with NOT_FOUND, OTHER_STORE, EMPTY, TOO_LONG, NOT_PAID_AT_TILL and REFUND_ENDED.
    """
    due = await existing(session, Refund, refund_id, "refund")
    order = await sale_of(session, viewer, due.order_id, "refund")
    reference = await reference_of(session, order, receipt)
    called = sa.func.till_pay_out(
        sa.literal(refund_id, ID),
        sa.literal(new_id(), ID),
        said(viewer, means, reference),
        sa.literal(now, INSTANT),
        type_=ID,
    )
    with till_refusals():
        await session.execute(sa.select(called))
    await refund_arrived(session, now, refund_id=refund_id)
    await tell(session, now, new_id, order, "refund.succeeded", refund_id)
    return refund_id


async def reference_of(session: AsyncSession, order: Order, receipt: str) -> str:
    """A receipt's number with the code of its store: each store numbers its own."""
    assert order.store_id is not None, "it is a sale"
    store = await existing(session, Store, order.store_id, "order")
    return f"{store.code} {text_of(receipt, 'receipt', RECEIPT_CHARACTERS_MAX)}"


def said(viewer: Viewer, means: TillMeans, reference: str) -> sa.ColumnElement[object]:
    """What the event keeps of who took or gave money, and how."""
    told = {"means": means.value, "receipt": reference, "employee": str(viewer.employee_id)}
    return sa.cast(sa.literal(json.dumps(told), TEXT), JSONB())
