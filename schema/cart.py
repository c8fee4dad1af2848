"""Carts and checkout 购物车与结算 as consumers and companies see them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

import strawberry

from domain.cart import tables
from domain.cart.problems import CartProblem, CheckoutProblem
from domain.vouchers.using import written_code
from resolvers import cart as answers
from resolvers import checkout
from resolvers.planner.declare import one, optional, row, selected, sql, value
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Node
from schema.money import Money
from schema.orders import PLACE, Order
from schema.shop import Variant
from segments.audiences import CONSUMER, ENTERPRISE
from segments.marks import For, Needs, Of, Through, publish_enum

BUYERS = (CONSUMER, ENTERPRISE)
# Whether so many points can be used tells how many there are.
PREVIEW = Needs("orders:place", "points:read", by=(ENTERPRISE,))
publish_enum(CartProblem, *BUYERS)
publish_enum(CheckoutProblem, *BUYERS)
Token = Annotated[str, Through(answers.key_text)]


@For(*BUYERS)
@row(tables.CartLine, order=("added_at",))
class CartLine(Node):
    """So many pieces of something, at what they cost now; `seen` is what one cost when it was put in. 购物车行。"""

    quantity: int
    variant: Variant | None
    price: Money | None = sql(answers.price)
    amount: Money | None = sql(answers.amount)
    seen: Money
    problem: CartProblem | None = sql(answers.problem)
    added_at: dt.datetime


@For(*BUYERS)
@row(tables.Cart)
class Cart(Node):
    """What somebody wishes to buy. 购物车。"""

    units: int = sql(answers.units)
    total: Money | None = sql(answers.total)
    lines: list[CartLine]
    updated_at: dt.datetime


@For(*BUYERS)
@value
class PointsAtCheckout:
    """So many points pay so much at checkout. 积分抵扣比例。"""

    points: int
    worth: Money


@For(*BUYERS)
@value
class CheckoutPreview:
    """What the viewer's cart would cost if it were ordered now; nothing is ordered, taken or held. 结算预览。

    A voucher or points that cannot be used take nothing off, and their problem says why; `voucherLeast` is what the goods
    have to cost for the voucher. `pointsMax` is how many points would pay all that the voucher leaves. What is in the way
    of lines stands at those of the cart.
    """

    subtotal: Money
    discount: Money
    points: int
    points_max: int
    paid_by_points: Money
    payable: Money
    voucher_problem: CheckoutProblem | None
    voucher_least: Money | None
    points_problem: CheckoutProblem | None


@For(*BUYERS)
@strawberry.input
class AddToCartInput:
    """So many more pieces. `token` opens the cart of somebody who is not signed in; without, a new one. 加入购物车。"""

    variant: Annotated[strawberry.ID, Of("Variant")]
    quantity: int
    token: str | None = strawberry.UNSET


@For(*BUYERS)
@strawberry.input
class SetCartLineInput:
    """So many pieces shall be in the cart; none for 0. 修改购物车行。"""

    variant: Annotated[strawberry.ID, Of("Variant")]
    quantity: int
    token: str | None = strawberry.UNSET


@For(*BUYERS)
@strawberry.input
class EmptyCartInput:
    """Which cart: the viewer's own, or the one of a token. 清空购物车。"""

    token: str | None = strawberry.UNSET


@For(*BUYERS)
@strawberry.input
class MergeCartInput:
    """The cart from before signing in. 合并购物车。"""

    token: str


@For(*BUYERS)
@strawberry.type
class CartPayload:
    """The cart as it is now and the token that opens it, or why nothing was changed. 购物车结果。"""

    cart: Cart | None
    token: str | None
    errors: list[UserError]


@For(*BUYERS)
@strawberry.input
class CheckoutInput:
    """Where to, and how it is paid; `expectedTotal` is the total of the cart that the buyer has seen. 结算。"""

    recipient: str
    phone: str
    region: Annotated[strawberry.ID, Of("Region")]
    address: str
    expected_total: Decimal
    voucher: str | None = strawberry.UNSET
    points: int | None = strawberry.UNSET
    on_account: Annotated[bool | None, For(ENTERPRISE)] = strawberry.UNSET
    token: Annotated[str | None, For(ENTERPRISE)] = strawberry.UNSET


@For(*BUYERS)
@strawberry.type
class CheckoutPayload:
    """The order, or why there is none. 结算结果。"""

    order: Order | None
    errors: list[UserError]


@strawberry.type
class CartQuery:
    """Root fields of carts."""

    cart: Annotated[Cart | None, For(*BUYERS)] = one(answers.own_cart, token=optional(Token))
    points_at_checkout: Annotated[PointsAtCheckout | None, For(*BUYERS)] = selected(answers.terms_of_points)
    checkout_preview: Annotated[CheckoutPreview | None, For(*BUYERS), PREVIEW] = selected(
        checkout.preview,
        token=optional(Token),
        voucher=optional(Annotated[str, Through(written_code)]),
        points=optional(int),
    )


@strawberry.type
class CartMutation:
    """Changes of carts, and checkout."""

    add_to_cart: Annotated[CartPayload, For(*BUYERS)] = mutation(answers.add_to_cart, AddToCartInput, CartPayload)
    set_cart_line: Annotated[CartPayload, For(*BUYERS)] = mutation(answers.set_cart_line, SetCartLineInput, CartPayload)
    empty_cart: Annotated[CartPayload, For(*BUYERS)] = mutation(answers.empty_cart, EmptyCartInput, CartPayload)
    merge_cart: Annotated[CartPayload, For(*BUYERS)] = mutation(answers.merge_cart, MergeCartInput, CartPayload)
    checkout: Annotated[CheckoutPayload, For(*BUYERS), PLACE] = mutation(
        answers.checkout, CheckoutInput, CheckoutPayload, idempotent=True
    )
