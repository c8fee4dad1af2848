"""Ringing up a sale: what a customer takes from a store's shelf becomes an order that waits to be paid at its till.

The pieces are kept at the store, the voucher is taken and the points are held by then, so what is asked at the till is the
sum that is left (docs/adr/0019-till.md).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.cart.checkout import charge
from domain.customers.tables import Customer, Segment
from domain.guards import each_existing, existing
from domain.orders.cancelling import end_order
from domain.orders.fulfilling import deliver_order, ship_order
from domain.orders.numbers import order_number
from domain.orders.paying import UNPAID, order_paid
from domain.orders.placing import Wanted
from domain.orders.tables import Order, OrderStatus
from domain.payments.payments import open_payment
from domain.points.members import NUMBER_DIGITS, is_number
from domain.points.tables import PointsMember
from domain.shop.tables import Variant
from domain.stores.booking import works_at
from domain.stores.tables import Store
from domain.till.refusals import till_refusals
from foundation.clock import day_in_china
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal
from segments.viewer import Viewer

ID, NUMBER, INSTANT, TEXT = sa.Uuid(), sa.BigInteger(), sa.DateTime(timezone=True), sa.Text()
# Who can be sold to; what others buy is bought by contract.
BUYERS = frozenset({Segment.CONSUMER, Segment.ENTERPRISE})


@dataclass(frozen=True)
class Sale:
    """What is bought at a store, and by whom: a member says their number, who is none yet is found as a customer."""

    store_id: UUID
    lines: Sequence[Wanted]
    member: str | None = None
    customer_id: UUID | None = None
    voucher: str | None = None
    points: int = 0


async def ring_up(session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, sale: Sale) -> UUID:
    """Place the order of a sale; returns its key. Where nothing is left to pay it is paid and handed over at once.

    Refuses with NOT_FOUND, OTHER_STORE, MEMBER_OR_CUSTOMER, MEMBER_NUMBER_WRONG, EMPTY, NOT_ENOUGH_IN_STOCK where too
    little lies in the store, POOL_NOT_AT_TILL for the points of a company, which only those may spend whom it has named, and
    with what orders, vouchers and holds of points refuse.
    """
    await existing(session, Store, sale.store_id, "store")
    await works_at(session, viewer, sale.store_id, "store")
    customer = await buyer_of(session, sale)
    if not sale.lines:
        raise Refusal("EMPTY", ("lines",))
    if sale.points and customer.segment is Segment.ENTERPRISE:
        raise Refusal("POOL_NOT_AT_TILL", ("points",))
    # What the clerk may not see is refused like what is not there.
    await each_existing(session, Variant, [each.variant_id for each in sale.lines], ("lines", "variant"))
    order_id, cost = await place(session, now, new_id, sale, customer.id)
    due = await charge(
        session,
        now,
        new_id,
        order_id=order_id,
        customer_id=customer.id,
        cost=cost,
        voucher=sale.voucher,
        points=sale.points,
    )
    if due.amount == 0:
        await hand_over(session, now, new_id, order_id)
        return order_id
    await open_payment(session, now, new_id, order_id=order_id, amount=due)
    with till_refusals():
        await session.execute(sa.select(sa.func.till_open(sa.literal(order_id, ID))))
    return order_id


async def buyer_of(session: AsyncSession, sale: Sale) -> Customer:
    """Who buys: the member of a number, or a customer."""
    number = (sale.member or "").replace(" ", "")
    if bool(number) == (sale.customer_id is not None):
        raise Refusal("MEMBER_OR_CUSTOMER", ("member",))
    field, customer_id = "customer", sale.customer_id
    if number:
        field = "member"
        if not is_number(number):
            raise Refusal("MEMBER_NUMBER_WRONG", ("member",), digits=NUMBER_DIGITS)
        customer_id = await session.scalar(sa.select(PointsMember.customer_id).where(PointsMember.number == number))
    if customer_id is None:
        raise Refusal("NOT_FOUND", (field,))
    customer = await existing(session, Customer, customer_id, field)
    if customer.segment not in BUYERS:
        raise Refusal("NOT_FOUND", (field,))
    return customer


async def place(
    session: AsyncSession, now: dt.datetime, new_id: Ids, sale: Sale, customer_id: UUID
) -> tuple[UUID, Money]:
    """Store the order at today's prices for this customer and keep its pieces at the store; its key and what it costs."""
    order_id = new_id()
    given = [{"id": str(new_id()), "variant": str(each.variant_id), "quantity": each.quantity} for each in sale.lines]
    called = sa.func.till_place(
        sa.literal(order_id, ID),
        sa.literal(order_number(order_id), TEXT),
        sa.literal(customer_id, ID),
        sa.literal(sale.store_id, ID),
        sa.cast(sa.literal(json.dumps(given), TEXT), JSONB()),
        sa.literal(day_in_china(now), sa.Date()),
        sa.literal(now, INSTANT),
    ).table_valued(sa.column("amount", NUMBER), sa.column("currency", TEXT))
    with till_refusals():
        amount, currency = (await session.execute(sa.select(called.c.amount, called.c.currency))).one()
    return order_id, Money(amount, currency)


async def hand_over(session: AsyncSession, now: dt.datetime, new_id: Ids, order_id: UUID) -> None:
    """A sale is paid: points are spent and earned, and the customer leaves with the goods."""
    await order_paid(session, now, new_id, order_id)
    await ship_order(session, now, new_id, order_id=order_id)
    await deliver_order(session, now, new_id, order_id=order_id)


async def void(session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, order_id: UUID) -> UUID:
    """End a sale that is not paid; pieces, voucher and points are free again. Ended again, it stays as it is.

    Refuses with NOT_FOUND, OTHER_STORE and ORDER_STATE.
    """
    order = await sale_of(session, viewer, order_id, "order")
    if order.status not in {OrderStatus.PLACED, OrderStatus.CANCELLED}:
        raise Refusal("ORDER_STATE", ("order",))
    await end_order(session, now, new_id, order_id=order_id, reason=UNPAID)
    return order_id


async def sale_of(session: AsyncSession, viewer: Viewer, order_id: UUID, field: str) -> Order:
    """An order that was placed at a till of the viewer's store, locked; what was bought elsewhere is no sale."""
    order = await existing(session, Order, order_id, field, lock=True)
    if order.store_id is None:
        raise Refusal("NOT_FOUND", (field,))
    await works_at(session, viewer, order.store_id, field)
    return order
