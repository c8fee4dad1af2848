"""How carts are answered: what their lines cost now, what is in the way, and their changes."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.cart import carts
from domain.cart.checkout import PROGRAMME, Wish
from domain.cart.checkout import checkout as check_out
from domain.cart.problems import CartProblem
from domain.cart.tables import CartLine
from domain.cart.tokens import TOKEN_BYTES, cart_key
from domain.points.tables import PointsProgramme
from domain.shop.tables import Product, ProductStatus, Stock, Variant
from resolvers import shop
from resolvers.planner.declare import PERSON
from resolvers.planner.errors import InsufficientScope
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None
SPENDING = "points:spend"


def key_text(token: str) -> str:
    """The key of a token's cart as text; empty for what is no token."""
    return str(cart_key(token) or "")


def own_cart(cart: sa.FromClause, *, token: Bound = None) -> sa.ColumnElement[bool]:
    """The viewer's own cart; of somebody who is not signed in, the one that their token opens."""
    mine = cart.c.person_id == PERSON
    if token is None:
        return mine
    opened = sa.cast(sa.func.nullif(sa.cast(token, sa.Text()), literal("")), sa.Uuid()) == cart.c.id
    # Row policies let a person who is signed in see a cart of nobody; a token opens it for them no more.
    nobodys = sa.and_(cart.c.person_id.is_(None), cart.c.person_id.is_not_distinct_from(PERSON))
    return sa.or_(mine, sa.and_(nobodys, opened))


def units(cart: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many pieces are in a cart."""
    line = CartLine.__table__.alias()
    total = sa.select(sa.func.coalesce(sa.func.sum(line.c.quantity), 0)).where(line.c.cart_id == cart.c.id)
    return sa.cast(total.correlate(cart).scalar_subquery(), sa.BigInteger())


def price(line: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What one piece of a line costs the viewer now."""
    variant = Variant.__table__.alias("wanted")
    paid = shop.price(variant).lateral("paid")
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(paid.c.amount, paid.c.currency)
        .select_from(variant.join(paid, sa.true()))
        .where(variant.c.id == line.c.variant_id)
        .correlate(line)
    )
    return found


def amount(line: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What a line costs the viewer now."""
    one = price(line).lateral("one")
    found: sa.Select[*tuple[Any, ...]] = sa.select(
        (one.c.amount * line.c.quantity).label("amount"), one.c.currency.label("currency")
    ).select_from(one)
    return found.correlate(line)


def total(cart: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What everything in a cart costs the viewer now, as far as it is for sale; nothing for an empty one, or in two currencies."""
    line = CartLine.__table__.alias("summed")
    each = amount(line).lateral("each")
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            sa.cast(sa.func.sum(each.c.amount), sa.BigInteger()).label("amount"),
            sa.func.min(each.c.currency).label("currency"),
        )
        .select_from(line.join(each, sa.true()))
        .where(line.c.cart_id == cart.c.id)
        .having(sa.func.count(each.c.currency.distinct()) == sa.literal_column("1"))
        .correlate(cart)
    )
    return found


def problem(line: sa.FromClause) -> sa.ColumnElement[Any]:
    """What is in the way of a line, the worst first; null where nothing is."""
    variant, product, stock = (table.__table__.alias() for table in (Variant, Product, Stock))
    one = price(line).lateral("one")
    free = sa.select(sa.func.sum(stock.c.on_hand - stock.c.reserved)).where(stock.c.variant_id == line.c.variant_id)
    left = free.correlate(line).scalar_subquery()
    changed = sa.or_(one.c.amount != line.c.seen_amount, one.c.currency != line.c.seen_currency)
    worst = sa.case(
        (left <= sa.literal_column("0"), literal(CartProblem.OUT_OF_STOCK.value)),
        (left < line.c.quantity, literal(CartProblem.TOO_FEW.value)),
        (changed, literal(CartProblem.PRICE_CHANGED.value)),
        else_=literal("NONE"),
    )
    said = (
        sa.select(worst)
        .select_from(variant.join(product, product.c.id == variant.c.product_id).join(one, sa.true()))
        .where(variant.c.id == line.c.variant_id, product.c.status == literal(ProductStatus.ACTIVE.value))
        .correlate(line)
        .scalar_subquery()
    )
    return sa.func.nullif(sa.func.coalesce(said, literal(CartProblem.NOT_FOR_SALE.value)), literal("NONE"))


def terms_of_points() -> sa.Select[*tuple[Any, ...]]:
    """What points of the shop's programme are worth."""
    programme = PointsProgramme.__table__.alias("programme")
    found: sa.Select[*tuple[Any, ...]] = sa.select(
        programme.c.worth_points.label("points"),
        programme.c.worth_amount.label("worth_amount"),
        programme.c.worth_currency.label("worth_currency"),
    ).where(programme.c.code == literal(PROGRAMME))
    return found


def token_of(act: Act, token: str | None) -> str | None:
    """The token of a cart for somebody who is not signed in: theirs, or a new one."""
    if act.viewer.person_id is not None:
        return None
    return token or secrets.token_urlsafe(TOKEN_BYTES)


async def add_to_cart(
    act: Act, *, variant: UUID, quantity: int, token: str | None = None
) -> dict[str, UUID | str | None]:
    """See `domain.cart.carts`; the token is told, since it may be new."""
    opens = token_of(act, token)
    cart = await carts.add_to_cart(
        act.session, act.viewer, act.now, act.new_id, token=opens, variant_id=variant, quantity=quantity
    )
    return {"cart": cart, "token": opens}


async def set_cart_line(
    act: Act, *, variant: UUID, quantity: int, token: str | None = None
) -> dict[str, UUID | str | None]:
    """See `domain.cart.carts`."""
    opens = token_of(act, token)
    cart = await carts.set_cart_line(
        act.session, act.viewer, act.now, act.new_id, token=opens, variant_id=variant, quantity=quantity
    )
    return {"cart": cart, "token": opens}


async def empty_cart(act: Act, *, token: str | None = None) -> dict[str, UUID | str | None]:
    """See `domain.cart.carts`."""
    opens = token_of(act, token)
    return {"cart": await carts.empty_cart(act.session, act.viewer, act.now, act.new_id, token=opens), "token": opens}


async def merge_cart(act: Act, *, token: str) -> dict[str, UUID | str | None]:
    """See `domain.cart.carts`."""
    return {"cart": await carts.merge_cart(act.session, act.viewer, act.now, act.new_id, token=token), "token": None}


async def checkout(
    act: Act,
    *,
    recipient: str,
    phone: str,
    region: UUID,
    address: str,
    expected_total: Decimal,
    voucher: str | None = None,
    points: int | None = None,
    on_account: bool | None = None,
    token: str | None = None,
) -> UUID:
    """See `domain.cart.checkout`; the total is in major units of the cart's currency.

    Points are spent by who may spend them: `INSUFFICIENT_SCOPE` for a program that may order and no more.
    """
    if points and SPENDING not in act.viewer.scopes:
        raise InsufficientScope([SPENDING], ["checkout"])
    wish = Wish(
        recipient=recipient,
        phone=phone,
        region_id=region,
        address=address,
        expected_total=expected_total,
        voucher=voucher,
        points=points or 0,
        on_account=bool(on_account),
    )
    return await check_out(act.session, act.viewer, act.now, act.new_id, token=token, wish=wish)
