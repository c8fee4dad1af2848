"""The rules of carts: who has which, what goes in, and how an anonymous one becomes its owner's when they sign in."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.cart.tables import Cart, CartLine
from domain.cart.tokens import cart_key
from domain.guards import existing
from domain.shop.prices import price_for_sale
from domain.shop.tables import Variant
from foundation.clock import day_in_china
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.viewer import Viewer

LINES_MAX = 50
QUANTITY_MAX = 1_000


async def open_cart(session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, token: str | None) -> Cart:
    """The viewer's cart, locked: a person's own, else the one that their token opens; made where there is none."""
    key = None
    if viewer.person_id is None:
        key = None if token is None else cart_key(token)
        if key is None:
            raise Refusal("CART_TOKEN", ("token",))
    made = {"id": key or new_id(), "person_id": viewer.person_id, "updated_at": now}
    which = Cart.id == key if key else Cart.person_id == viewer.person_id
    # A cart may be deleted while we wait for its lock, by upkeep or because it was merged: then it is made anew, once.
    for _ in range(2):
        await session.execute(insert(Cart).values(made).on_conflict_do_nothing())
        if cart := await locked(session, which):
            return cart
    raise Refusal("CHANGED_MEANWHILE", ("token",), version=1)


async def locked(session: AsyncSession, which: sa.ColumnElement[bool]) -> Cart | None:
    """The one cart for which a condition holds, if it is there, which nobody else changes meanwhile."""
    query = sa.select(Cart).where(which).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def lines_of(session: AsyncSession, cart: Cart) -> list[CartLine]:
    """The lines of a cart, in the order in which they were put in."""
    query = sa.select(CartLine).where(CartLine.cart_id == cart.id).order_by(CartLine.added_at, CartLine.id)
    return list(await session.scalars(query.limit(LINES_MAX).execution_options(populate_existing=True)))


async def add_to_cart(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    token: str | None,
    variant_id: UUID,
    quantity: int,
) -> UUID:
    """Put so many more pieces into the cart; returns its key."""
    cart = await open_cart(session, viewer, now, new_id, token)
    lines = {line.variant_id: line for line in await lines_of(session, cart)}
    had = lines[variant_id].quantity if variant_id in lines else 0
    within(quantity, 1, QUANTITY_MAX)
    await put(session, viewer, now, new_id, cart, lines, variant_id, had + quantity)
    return cart.id


async def set_cart_line(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    token: str | None,
    variant_id: UUID,
    quantity: int,
) -> UUID:
    """So many pieces shall be in the cart, none for 0; returns its key. The line's price counts as seen."""
    cart = await open_cart(session, viewer, now, new_id, token)
    within(quantity, 0, QUANTITY_MAX)
    if quantity == 0:
        gone = sa.delete(CartLine).where(CartLine.cart_id == cart.id, CartLine.variant_id == variant_id)
        await session.execute(gone)
        cart.updated_at = now
    else:
        lines = {line.variant_id: line for line in await lines_of(session, cart)}
        await put(session, viewer, now, new_id, cart, lines, variant_id, quantity)
    await session.flush()
    return cart.id


async def empty_cart(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, token: str | None
) -> UUID:
    """Nothing is in the cart any more; returns its key."""
    cart = await open_cart(session, viewer, now, new_id, token)
    await session.execute(sa.delete(CartLine).where(CartLine.cart_id == cart.id))
    cart.updated_at = now
    await session.flush()
    return cart.id


async def put(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    cart: Cart,
    lines: dict[UUID, CartLine],
    variant_id: UUID,
    quantity: int,
) -> None:
    """Set the quantity of a line, at the price of today; a cart has one currency."""
    within(quantity, 1, QUANTITY_MAX)
    await existing(session, Variant, variant_id, "variant")
    price = await price_for_sale(session, viewer, day_in_china(now), variant_id)
    if price is None:
        raise Refusal("CANNOT_BE_BOUGHT", ("variant",))
    others = [line for key, line in lines.items() if key != variant_id]
    if any(line.seen_currency != price.currency for line in others):
        raise Refusal("CURRENCIES_MIXED", ("variant",))
    if variant_id in lines:
        line = lines[variant_id]
        line.quantity, line.seen_amount, line.seen_currency = quantity, price.amount, price.currency
    elif len(others) >= LINES_MAX:
        raise Refusal("TOO_MANY", ("variant",), max=LINES_MAX)
    else:
        session.add(
            CartLine(
                id=new_id(),
                cart_id=cart.id,
                person_id=cart.person_id,
                variant_id=variant_id,
                quantity=quantity,
                seen_amount=price.amount,
                seen_currency=price.currency,
                added_at=now,
            )
        )
    cart.updated_at = now
    await session.flush()


def within(quantity: int, least: int, most: int) -> None:
    """A number of pieces between two others."""
    if not least <= quantity <= most:
        raise Refusal("OUT_OF_RANGE", ("quantity",), min=least, max=most)


async def merge_cart(session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, token: str) -> UUID:
    """What was put into an anonymous cart is the person's who has signed in; returns the key of their cart.

    Of what is in both the greater quantity counts, so that nothing doubles when it is merged twice. What they cannot buy,
    or what is too much for one cart, is left behind.
    """
    if viewer.person_id is None:
        raise Refusal("SIGN_IN_NEEDED")
    key = cart_key(token)
    if key is None:
        raise Refusal("CART_TOKEN", ("token",))
    own = await open_cart(session, viewer, now, new_id, None)
    brought = await session.scalar(sa.select(Cart).where(Cart.id == key, Cart.person_id.is_(None)).with_for_update())
    if brought is None:
        return own.id
    for line in await lines_of(session, brought):
        lines = {each.variant_id: each for each in await lines_of(session, own)}
        had = lines[line.variant_id].quantity if line.variant_id in lines else 0
        try:
            await put(session, viewer, now, new_id, own, lines, line.variant_id, max(had, line.quantity))
        except Refusal:
            continue
    await session.execute(sa.delete(CartLine).where(CartLine.cart_id == brought.id))
    await session.delete(brought)
    await session.flush()
    return own.id
