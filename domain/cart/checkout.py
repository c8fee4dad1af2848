"""Checkout: in one transaction a cart becomes an order, with its stock, voucher, points and payment, or nothing happens."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.cart.carts import lines_of, open_cart
from domain.cart.tables import CartLine
from domain.customers.tables import Region
from domain.guards import existing, text_of
from domain.orders import events
from domain.orders.paying import order_paid, order_placed_on_account
from domain.orders.placing import AT_ONCE, Delivery, PaidInPoints, Terms, Wanted, place_order, settle_order
from domain.orders.terms import terms_for
from domain.payments.payments import open_payment
from domain.points import ledger
from domain.points.tables import PointsProgramme
from domain.points.worth import points_for, worth_of
from domain.vouchers.using import take_voucher
from foundation.ids import Ids
from foundation.money import AmountError, Money
from foundation.refusals import Refusal
from segments.audiences import ENTERPRISE
from segments.viewer import Viewer

# The programme whose points the shop takes.
PROGRAMME = "MEMBERS"
RECIPIENT_CHARACTERS_MAX = 60
ADDRESS_CHARACTERS_MAX = 200
PHONE = re.compile(r"\+?[0-9][0-9 -]{4,19}", re.ASCII)


@dataclass(frozen=True)
class Wish:
    """How somebody wishes to buy what is in their cart: `expected_total` is what they saw that the goods cost."""

    recipient: str
    phone: str
    region_id: UUID
    address: str
    expected_total: Decimal
    voucher: str | None = None
    points: int = 0
    on_account: bool = False


async def checkout(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, token: str | None, wish: Wish
) -> UUID:
    """Order what is in the viewer's cart; returns the order's key.

    Prices are those of this instant: `PRICE_CHANGED` where they differ from what the viewer saw. What is left to pay after
    voucher and points is a payment that is open now, unless it is nothing, or on account by the company's terms.
    """
    if viewer.customer_id is None:
        raise Refusal("SIGN_IN_NEEDED")
    delivery = await checked_delivery(session, wish)
    cart = await open_cart(session, viewer, now, new_id, token)
    lines = [Wanted(line.variant_id, line.quantity) for line in await lines_of(session, cart)]
    if not lines:
        raise Refusal("CART_EMPTY")
    terms = await terms_for(session, now, viewer.customer_id) if wish.on_account else AT_ONCE
    order_id, cost = await place_order(
        session,
        now,
        new_id,
        customer_id=viewer.customer_id,
        person_id=viewer.person_id,
        lines=lines,
        delivery=delivery,
        terms=terms,
    )
    as_expected(cost, wish.expected_total)
    await session.execute(sa.delete(CartLine).where(CartLine.cart_id == cart.id))
    due = await charge(
        session,
        now,
        new_id,
        order_id=order_id,
        customer_id=viewer.customer_id,
        cost=cost,
        voucher=wish.voucher,
        points=wish.points,
        # A company's pool needs somebody who may spend from it.
        spender_id=viewer.person_id if viewer.audience is ENTERPRISE else None,
    )
    await go_on(session, now, new_id, order_id, viewer.customer_id, due, terms)
    return order_id


async def charge(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    order_id: UUID,
    customer_id: UUID,
    cost: Money,
    voucher: str | None,
    points: int,
    spender_id: UUID | None = None,
) -> Money:
    """Take the voucher and hold the points of an order just placed, then keep its pieces; what is left to pay in money."""
    discount = Money(0, cost.currency)
    if voucher is not None and voucher.strip():
        discount = await take_voucher(
            session, now, code=voucher, customer_id=customer_id, order_id=order_id, subtotal=cost
        )
    net = Money(cost.amount - discount.amount, cost.currency)
    paid = None
    if points:
        paid = await hold_points(
            session, customer_id=customer_id, order_id=order_id, net=net, points=points, spender_id=spender_id
        )
    await events.tell(session, now, new_id, order_id, events.PLACED)
    await settle_order(session, order_id=order_id, discount=discount.amount, paid=paid)
    return Money(net.amount - (0 if paid is None else paid.amount), cost.currency)


async def go_on(
    session: AsyncSession, now: dt.datetime, new_id: Ids, order_id: UUID, customer_id: UUID, due: Money, terms: Terms
) -> None:
    """What follows a placed order: it is paid already, is paid later, or its payment is open."""
    if due.amount == 0:
        await order_paid(session, now, new_id, order_id)
    elif terms is not AT_ONCE:
        await order_placed_on_account(session, now, order_id=order_id, customer_id=customer_id, due=due)
    else:
        await open_payment(session, now, new_id, order_id=order_id, amount=due)


async def checked_delivery(session: AsyncSession, wish: Wish) -> Delivery:
    """An address that goods can be sent to."""
    region = await existing(session, Region, wish.region_id, "region")
    if not PHONE.fullmatch(wish.phone.strip()):
        raise Refusal("PHONE_MALFORMED", ("phone",))
    return Delivery(
        text_of(wish.recipient, "recipient", RECIPIENT_CHARACTERS_MAX),
        wish.phone.strip(),
        region.id,
        text_of(wish.address, "address", ADDRESS_CHARACTERS_MAX),
    )


def as_expected(cost: Money, expected: Decimal) -> None:
    """Nobody pays another price than they saw."""
    try:
        seen = Money.parse(format(expected, "f"), cost.currency)
    except AmountError as error:
        raise Refusal("PRICE_CHANGED", ("expected_total",), total=f"{cost.decimal()} {cost.currency}") from error
    if seen != cost:
        raise Refusal("PRICE_CHANGED", ("expected_total",), total=f"{cost.decimal()} {cost.currency}")


async def hold_points(
    session: AsyncSession, *, customer_id: UUID, order_id: UUID, net: Money, points: int, spender_id: UUID | None
) -> PaidInPoints:
    """Set points aside that pay a part of an order; `spender_id` is who spends from a company's pool."""
    programme = await session.scalar(sa.select(PointsProgramme).where(PointsProgramme.code == PROGRAMME))
    if programme is None:
        raise Refusal("NO_PROGRAMME", ("points",))
    most = points_for(programme, net)
    if not 1 <= points <= most:
        raise Refusal("OUT_OF_RANGE", ("points",), min=0, max=most)
    try:
        [hold_id] = await ledger.hold(
            session,
            programme_id=programme.id,
            customer_id=customer_id,
            key=f"order {order_id} held",
            amount=points,
            subject_id=order_id,
            spender_id=spender_id,
        )
    except Refusal as refusal:
        # The ledger speaks of its own amount; here that is a member of the input.
        refusal.path = ("points",)
        raise
    worth = min(worth_of(programme, points).amount, net.amount)
    return PaidInPoints(programme.id, points, worth, hold_id)
