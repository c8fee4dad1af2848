"""How coupons and vouchers are answered, and their acts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.customers.profiles import KEEP, Kept
from domain.vouchers import giving
from domain.vouchers.giving import Terms
from domain.vouchers.tables import CouponKind, VoucherStatus
from foundation.money import AmountError, Money
from foundation.refusals import Refusal
from resolvers.customers import localised
from resolvers.planner.declare import NOW
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None


def name(coupon: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(coupon)


def chinese_name(coupon: sa.FromClause) -> sa.ColumnElement[str]:
    """The name as it is kept, whatever the viewer's language: what an editor changes."""
    return coupon.c.name


def _money(coupon: sa.FromClause, column: str) -> sa.Select[*tuple[Any, ...]]:
    found: sa.Select[*tuple[Any, ...]] = sa.select(
        coupon.c[column].label("amount"), coupon.c.currency.label("currency")
    ).where(coupon.c[column].is_not(None))
    return found.correlate(coupon)


def value(coupon: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What it takes off, where it is an amount."""
    return _money(coupon, "value_amount")


def most(coupon: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """The most that a share takes off."""
    return _money(coupon, "most_amount")


def least(coupon: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """From which subtotal on it can be used."""
    return _money(coupon, "least_amount")


def coupons(coupon: sa.FromClause, *, personal: Bound = None, ended: Bound = None) -> sa.ColumnElement[bool]:
    """Coupons by whether they are given one by one, and whether they have ended."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if personal is not None:
        conditions.append(coupon.c.personal == personal)
    if ended is not None:
        conditions.append(coupon.c.ended_at.is_not(None) == ended)
    return sa.and_(*conditions)


def status(voucher: sa.FromClause) -> sa.ColumnElement[Any]:
    """Where a voucher is now: one whose time is over has expired, whoever has noticed."""
    over = sa.and_(voucher.c.status == literal("ISSUED"), voucher.c.valid_until <= NOW)
    return sa.case((over, literal(VoucherStatus.EXPIRED.value)), else_=sa.cast(voucher.c.status, sa.Text()))


def vouchers(
    voucher: sa.FromClause, *, usable: Bound = None, customer: Bound = None, coupon: Bound = None
) -> sa.ColumnElement[bool]:
    """Vouchers by whether they can be used now, of a coupon, for staff of a customer. That a member's are their own, lists say."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if usable is not None:
        now = sa.and_(voucher.c.status == literal("ISSUED"), voucher.c.valid_until > NOW)
        conditions.append(now == usable)
    if customer is not None:
        conditions.append(voucher.c.customer_id == customer)
    if coupon is not None:
        conditions.append(voucher.c.coupon_id == coupon)
    return sa.and_(*conditions)


def money_of(amount: Decimal, currency: str, field: str) -> Money:
    """An amount in major units as money; one with too many digits is refused."""
    try:
        return Money.parse(str(amount), currency)
    except AmountError as error:
        raise Refusal("PRICE_MALFORMED", (field,)) from error


async def offer_coupon(
    act: Act,
    *,
    code: str,
    name: str,
    personal: bool,
    kind: CouponKind,
    audiences: Sequence[str],
    value: Decimal | None = None,
    percent: int | None = None,
    most: Decimal | None = None,
    least: Decimal | None = None,
    name_en: str | None = None,
    category: UUID | None = None,
    valid_until: dt.datetime | None = None,
    uses_max: int | None = None,
    member_max: int | None = None,
) -> UUID:
    """See `domain.vouchers.giving`; amounts are in yuan."""
    terms = Terms(
        kind,
        None if value is None else money_of(value, "CNY", "value"),
        percent,
        None if most is None else money_of(most, "CNY", "most"),
        money_of(least or Decimal(0), "CNY", "least"),
        category,
        audiences,
    )
    return await giving.offer_coupon(
        act.session,
        act.now,
        act.new_id,
        code=code,
        name=name,
        name_en=name_en,
        personal=personal,
        terms=terms,
        valid_from=act.now,
        valid_until=valid_until,
        uses_max=uses_max,
        member_max=member_max,
    )


async def change_coupon(
    act: Act,
    *,
    coupon: UUID,
    version: int,
    name: str | Kept | None = KEEP,
    name_en: str | Kept | None = KEEP,
    valid_until: dt.datetime | Kept | None = KEEP,
    uses_max: int | Kept | None = KEEP,
    member_max: int | Kept | None = KEEP,
) -> UUID:
    """See `domain.vouchers.giving`. A name that is null stays; what is emptied has no bound any more."""
    return await giving.change_coupon(
        act.session,
        act.now,
        coupon_id=coupon,
        version=version,
        name=KEEP if name is None else name,
        name_en=name_en,
        valid_until=valid_until,
        uses_max=uses_max,
        member_max=member_max,
    )


async def end_coupon(act: Act, *, coupon: UUID, version: int) -> UUID:
    """See `domain.vouchers.giving`."""
    return await giving.end_coupon(act.session, act.now, coupon_id=coupon, version=version)


async def give_voucher(act: Act, *, coupon: UUID, customer: UUID, reason: str, valid_days: int) -> UUID:
    """See `domain.vouchers.giving`."""
    return await giving.give_voucher(
        act.session, act.now, act.new_id, coupon_id=coupon, customer_id=customer, reason=reason, valid_days=valid_days
    )


async def cancel_voucher(act: Act, *, voucher: UUID) -> UUID:
    """See `domain.vouchers.giving`."""
    return await giving.cancel_voucher(act.session, voucher_id=voucher)
