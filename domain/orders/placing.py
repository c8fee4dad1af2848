"""Placing an order by the database's functions: prices of today, then discount and points, and pieces kept (docs/adr/0017-shop.md)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.numbers import order_number
from domain.orders.refusals import order_refusals
from domain.orders.tables import Channel, Settlement
from foundation.clock import day_in_china
from foundation.ids import Ids
from foundation.money import Money
from foundation.statements import fetch_value

ID, NUMBER, INSTANT, TEXT = sa.Uuid(), sa.BigInteger(), sa.DateTime(timezone=True), sa.Text()


class Wanted(NamedTuple):
    """So many pieces of a variant."""

    variant_id: UUID
    quantity: int


class Delivery(NamedTuple):
    """To whom goods go, and where."""

    recipient: str
    phone: str
    region_id: UUID
    address: str


class Terms(NamedTuple):
    """How an order is paid: at once, or on account until a day."""

    settlement: Settlement = Settlement.PREPAID
    due_on: dt.date | None = None


AT_ONCE = Terms()


async def place_order(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    customer_id: UUID,
    person_id: UUID | None,
    lines: Sequence[Wanted],
    delivery: Delivery | None,
    channel: Channel = Channel.SHOP,
    terms: Terms = AT_ONCE,
) -> tuple[UUID, Money]:
    """Store an order with its lines at today's prices; returns its key and what the goods cost.

    `settle_order` has to follow in the same transaction, which keeps the pieces: an order that is not settled cannot be paid.
    Refuses with NOT_ENOUGH_IN_STOCK, NOT_FOR_SALE, CURRENCIES_MIXED or ORDER_TOO_LARGE.
    """
    order_id = new_id()
    given = [{"id": str(new_id()), "variant": str(each.variant_id), "quantity": each.quantity} for each in lines]
    to: Delivery | tuple[None, ...] = delivery or (None, None, None, None)
    called = sa.func.order_place(
        sa.literal(order_id, ID),
        sa.literal(order_number(order_id), TEXT),
        sa.literal(customer_id, ID),
        sa.literal(person_id, ID),
        sa.literal(channel.value, TEXT),
        sa.literal(terms.settlement.value, TEXT),
        sa.literal(terms.due_on, sa.Date()),
        sa.literal(to[0], TEXT),
        sa.literal(to[1], TEXT),
        sa.literal(to[2], ID),
        sa.literal(to[3], TEXT),
        sa.cast(sa.literal(json.dumps(given), TEXT), JSONB()),
        sa.literal(day_in_china(now), sa.Date()),
        sa.literal(now, INSTANT),
    ).table_valued(sa.column("amount", NUMBER), sa.column("currency", TEXT))
    with order_refusals():
        amount, currency = (await session.execute(sa.select(called.c.amount, called.c.currency))).one()
    return order_id, Money(amount, currency)


class PaidInPoints(NamedTuple):
    """Points of a programme that are held for an order, and what they are worth in its currency's minor units."""

    programme_id: UUID
    points: int
    amount: int
    hold_id: UUID


SETTLE = "select order_settle($1, $2, $3, $4, $5, $6)"


async def settle_order(session: AsyncSession, *, order_id: UUID, discount: int, paid: PaidInPoints | None) -> None:
    """What of a new order is discounted (minor units) and what is paid in points; once, also where it is nothing.

    Keeps its pieces, from locations near its delivery first. Whoever wants the same waits from here to the end of the
    transaction, so little should follow. Refuses with NOT_ENOUGH_IN_STOCK when others have been faster.
    """
    given = (None, 0, 0, None) if paid is None else (paid.programme_id, paid.points, paid.amount, paid.hold_id)
    with order_refusals():
        await fetch_value(session, SETTLE, order_id, discount, *given)
