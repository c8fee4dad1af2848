"""Coupons 优惠券 and vouchers 代金券 as members and staff see them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

import strawberry

from domain.vouchers import tables
from domain.vouchers.tables import CouponKind, VoucherStatus
from resolvers import vouchers as answers
from resolvers.planner.declare import by_id, id_of, listing, optional, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from schema.customers import Customer
from schema.money import Money
from schema.shop import Category
from segments.audiences import CONSUMER, ENTERPRISE, STAFF
from segments.marks import For, Needs, Of, publish_enum

MEMBERS = (CONSUMER, ENTERPRISE)
MANAGE = Needs("vouchers:manage", by=(STAFF,))
publish_enum(CouponKind, *MEMBERS, STAFF)
publish_enum(VoucherStatus, *MEMBERS, STAFF)


@For(*MEMBERS, STAFF)
@MANAGE
@row(tables.Coupon, order=("-valid_from",))
class Coupon(Node):
    """What is taken off an order: an amount, or a share up to a most, from a least subtotal on. 优惠券。"""

    code: Annotated[str, For(STAFF)]
    name: str = sql(answers.name)
    name_zh: Annotated[str, For(STAFF)] = sql(answers.chinese_name)
    name_en: Annotated[str | None, For(STAFF)]
    personal: Annotated[bool, For(STAFF)]
    kind: CouponKind
    value: Money | None = sql(answers.value)
    percent: int | None
    most: Money | None = sql(answers.most)
    least: Money | None = sql(answers.least)
    category: Category | None
    audiences: Annotated[list[str], For(STAFF)]
    valid_from: dt.datetime
    valid_until: dt.datetime | None
    uses_max: Annotated[int | None, For(STAFF)]
    member_max: Annotated[int | None, For(STAFF)]
    uses: Annotated[int, For(STAFF)]
    ended_at: Annotated[dt.datetime | None, For(STAFF)]
    version: Annotated[int, For(STAFF)]


@For(*MEMBERS, STAFF)
@MANAGE
@row(tables.Voucher, order=("-issued_at",))
class Voucher(Node):
    """One use of a coupon that belongs to a member. 代金券。"""

    code: str
    status: VoucherStatus = sql(answers.status)
    reason: str
    issued_at: dt.datetime
    valid_until: dt.datetime
    coupon: Coupon | None
    customer: Annotated[Customer | None, For(STAFF)]


@strawberry.type
class VouchersQuery:
    """Root fields of coupons and vouchers."""

    vouchers: Annotated[Connection[Voucher], For(*MEMBERS, STAFF)] = listing(
        answers.vouchers,
        usable=optional(bool),
        customer=optional(id_of("Customer")),
        coupon=optional(id_of("Coupon")),
    )
    coupon: Annotated[Coupon | None, For(STAFF)] = by_id()
    coupons: Annotated[Connection[Coupon], For(STAFF)] = listing(
        answers.coupons, personal=optional(bool), ended=optional(bool)
    )


@For(STAFF)
@strawberry.input
class OfferCouponInput:
    """A new coupon from now on; amounts are in yuan. 发布优惠券。"""

    code: str
    name: str
    name_en: str | None = strawberry.UNSET
    personal: bool
    kind: CouponKind
    value: Decimal | None = strawberry.UNSET
    percent: int | None = strawberry.UNSET
    most: Decimal | None = strawberry.UNSET
    least: Decimal | None = strawberry.UNSET
    category: Annotated[strawberry.ID | None, Of("Category")] = strawberry.UNSET
    audiences: list[str]
    valid_until: dt.datetime | None = strawberry.UNSET
    uses_max: int | None = strawberry.UNSET
    member_max: int | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class ChangeCouponInput:
    """What changes of a coupon, as its editor has seen it; what is left out stays, and its terms always do. 修改优惠券。"""

    coupon: Annotated[strawberry.ID, Of("Coupon")]
    version: int
    name: str | None = strawberry.UNSET
    name_en: str | None = strawberry.UNSET
    valid_until: dt.datetime | None = strawberry.UNSET
    uses_max: int | None = strawberry.UNSET
    member_max: int | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class EndCouponInput:
    """Which coupon is over. 结束优惠券。"""

    coupon: Annotated[strawberry.ID, Of("Coupon")]
    version: int


@For(STAFF)
@strawberry.type
class CouponPayload:
    """The coupon as it is now, or why nothing was changed. 优惠券结果。"""

    coupon: Coupon | None
    errors: list[UserError]


@For(STAFF)
@strawberry.input
class GiveVoucherInput:
    """Whom a voucher of which coupon is given, why, and for how many days. 发放代金券。"""

    coupon: Annotated[strawberry.ID, Of("Coupon")]
    customer: Annotated[strawberry.ID, Of("Customer")]
    reason: str
    valid_days: int


@For(STAFF)
@strawberry.input
class CancelVoucherInput:
    """Which voucher is taken away. 作废代金券。"""

    voucher: Annotated[strawberry.ID, Of("Voucher")]


@For(STAFF)
@strawberry.type
class VoucherPayload:
    """The voucher as it is now, or why nothing was changed. 代金券结果。"""

    voucher: Voucher | None
    errors: list[UserError]


@strawberry.type
class VouchersMutation:
    """What staff do with coupons and vouchers."""

    offer_coupon: Annotated[CouponPayload, For(STAFF), MANAGE] = mutation(
        answers.offer_coupon, OfferCouponInput, CouponPayload
    )
    change_coupon: Annotated[CouponPayload, For(STAFF), MANAGE] = mutation(
        answers.change_coupon, ChangeCouponInput, CouponPayload
    )
    end_coupon: Annotated[CouponPayload, For(STAFF), MANAGE] = mutation(
        answers.end_coupon, EndCouponInput, CouponPayload
    )
    give_voucher: Annotated[VoucherPayload, For(STAFF), MANAGE] = mutation(
        answers.give_voucher, GiveVoucherInput, VoucherPayload, idempotent=True
    )
    cancel_voucher: Annotated[VoucherPayload, For(STAFF), MANAGE] = mutation(
        answers.cancel_voucher, CancelVoucherInput, VoucherPayload, idempotent=True
    )
