"""The rules of coupons and of giving vouchers: what staff offer, change, give and take away."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.profiles import KEEP, Kept
from domain.customers.tables import Customer
from domain.guards import existing, text_of
from domain.notices.notifying import notify
from domain.notices.tables import NoticeKind
from domain.shop.tables import Category
from domain.vouchers.tables import Coupon, CouponKind, Voucher
from domain.vouchers.using import CODE_CHARACTERS_MAX, voucher_refusals
from foundation.clock import CHINA
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal

NAME_CHARACTERS_MAX = 80
REASON_CHARACTERS_MAX = 200
USES_MAX = 10_000_000
VALID_DAYS_MAX = 3_660
CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}", re.ASCII)
OFFERED_TO = ("consumer", "enterprise")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a coupon takes off, as `Coupon` explains it. They stay what they were when somebody has it."""

    kind: CouponKind
    value: Money | None
    percent: int | None
    most: Money | None
    least: Money
    category_id: UUID | None
    audiences: Collection[str]


async def offer_coupon(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    code: str,
    name: str,
    name_en: str | None,
    personal: bool,
    terms: Terms,
    valid_from: dt.datetime,
    valid_until: dt.datetime | None,
    uses_max: int | None,
    member_max: int | None,
) -> UUID:
    """Offer a new coupon; codes are capital letters, digits and dashes, and never used twice."""
    if terms.category_id is not None:
        await existing(session, Category, terms.category_id, "category")
    written = code.strip().upper()
    if not CODE.fullmatch(written):
        raise Refusal("COUPON_CODE_MALFORMED", ("code",), max=CODE_CHARACTERS_MAX)
    if await session.scalar(sa.select(Coupon.id).where(Coupon.code == written)):
        raise Refusal("CODE_TAKEN", ("code",))
    _check_terms(terms)
    _check_period(valid_from, valid_until)
    coupon = Coupon(
        id=new_id(),
        code=written,
        name=text_of(name, "name", NAME_CHARACTERS_MAX),
        name_en=None if name_en is None else text_of(name_en, "name_en", NAME_CHARACTERS_MAX),
        personal=personal,
        kind=terms.kind,
        value_amount=None if terms.value is None else terms.value.amount,
        percent=terms.percent,
        most_amount=None if terms.most is None else terms.most.amount,
        least_amount=terms.least.amount,
        currency=terms.least.currency,
        category_id=terms.category_id,
        audiences=sorted(terms.audiences),
        valid_from=valid_from,
        valid_until=valid_until,
        uses_max=_counted(uses_max, "uses_max"),
        member_max=_counted(member_max, "member_max"),
        uses=0,
        ended_at=None,
        version=1,
        created_at=now,
    )
    session.add(coupon)
    await session.flush()
    return coupon.id


async def change_coupon(
    session: AsyncSession,
    now: dt.datetime,
    *,
    coupon_id: UUID,
    version: int,
    name: str | Kept = KEEP,
    name_en: str | Kept | None = KEEP,
    valid_until: dt.datetime | Kept | None = KEEP,
    uses_max: int | Kept | None = KEEP,
    member_max: int | Kept | None = KEEP,
) -> UUID:
    """Change what a coupon is called, how long and how often it can be used; its terms stay what was promised.

    One that has ended stays as it was. Its last instant is never moved into the past: `end_coupon` ends it now.
    """
    coupon = await _seen(session, coupon_id, version)
    if coupon.ended_at is not None:
        raise Refusal("ALREADY_ENDED", ("coupon",))
    if not isinstance(name, Kept):
        coupon.name = text_of(name, "name", NAME_CHARACTERS_MAX)
    if not isinstance(name_en, Kept):
        coupon.name_en = None if name_en is None else text_of(name_en, "name_en", NAME_CHARACTERS_MAX)
    if not isinstance(valid_until, Kept) and valid_until != coupon.valid_until:
        _check_period(coupon.valid_from, valid_until)
        if valid_until is not None and valid_until <= now:
            raise Refusal("IN_PAST", ("valid_until",))
        coupon.valid_until = valid_until
    if not isinstance(uses_max, Kept):
        most = _counted(uses_max, "uses_max")
        if most is not None and most < coupon.uses:
            raise Refusal("OUT_OF_RANGE", ("uses_max",), min=coupon.uses, max=USES_MAX)
        coupon.uses_max = most
    if not isinstance(member_max, Kept):
        coupon.member_max = _counted(member_max, "member_max")
    coupon.version += 1
    await session.flush()
    return coupon.id


async def end_coupon(session: AsyncSession, now: dt.datetime, *, coupon_id: UUID, version: int) -> UUID:
    """Nobody can use a coupon by its code any more, or is given a voucher of it; vouchers that were given stay good."""
    coupon = await _seen(session, coupon_id, version)
    if coupon.ended_at is not None:
        raise Refusal("ALREADY_ENDED", ("coupon",))
    coupon.ended_at = now
    coupon.version += 1
    await session.flush()
    return coupon.id


async def give_voucher(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    coupon_id: UUID,
    customer_id: UUID,
    reason: str,
    valid_days: int,
) -> UUID:
    """Give a member a voucher of a personal coupon, good for so many days from now; a notice tells them of it."""
    if not 1 <= valid_days <= VALID_DAYS_MAX:
        raise Refusal("OUT_OF_RANGE", ("valid_days",), min=1, max=VALID_DAYS_MAX)
    coupon = await existing(session, Coupon, coupon_id, "coupon")
    await existing(session, Customer, customer_id, "customer")
    why = text_of(reason, "reason", REASON_CHARACTERS_MAX)
    until = now + dt.timedelta(days=valid_days)
    called = sa.func.voucher_issue(new_id(), coupon_id, customer_id, sa.literal(why, sa.Text()), until, now)
    with voucher_refusals(("coupon",)):
        voucher_id: UUID = (await session.execute(sa.select(called))).scalar_one()
    # The coupon's names as they were then: it may be called otherwise later.
    values = {"name": coupon.name, "name_en": coupon.name_en or "", "day": until.astimezone(CHINA).date().isoformat()}
    await notify(
        session,
        now,
        new_id,
        customer_id=customer_id,
        kind=NoticeKind.VOUCHER_GIVEN,
        subject_id=voucher_id,
        values=values,
    )
    return voucher_id


async def cancel_voucher(session: AsyncSession, *, voucher_id: UUID) -> UUID:
    """Take away a voucher that was not used."""
    await existing(session, Voucher, voucher_id, "voucher")
    with voucher_refusals():
        await session.execute(sa.select(sa.func.voucher_cancel(voucher_id)))
    return voucher_id


async def _seen(session: AsyncSession, coupon_id: UUID, version: int) -> Coupon:
    """A coupon, locked, as the caller has seen it."""
    coupon = await existing(session, Coupon, coupon_id, "coupon", lock=True)
    if coupon.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=coupon.version)
    return coupon


def _check_terms(terms: Terms) -> None:
    """Refuse terms that say nothing or two things."""
    if terms.kind is CouponKind.AMOUNT:
        if terms.value is None or terms.value.amount < 1:
            raise Refusal("NOT_POSITIVE", ("value",))
        if terms.percent is not None or terms.most is not None:
            raise Refusal("EITHER_OR", ("percent",))
    else:
        if terms.percent is None or not 1 <= terms.percent <= 100:
            raise Refusal("OUT_OF_RANGE", ("percent",), min=1, max=100)
        if terms.value is not None:
            raise Refusal("EITHER_OR", ("value",))
        if terms.most is not None and terms.most.amount < 1:
            raise Refusal("NOT_POSITIVE", ("most",))
    if terms.least.amount < 0:
        raise Refusal("NOT_POSITIVE", ("least",))
    for field, money in (("value", terms.value), ("most", terms.most)):
        if money is not None and money.currency != terms.least.currency:
            raise Refusal("COUPON_OTHER_CURRENCY", (field,), currency=terms.least.currency)
    if not terms.audiences or not set(terms.audiences) <= set(OFFERED_TO):
        raise Refusal("UNKNOWN_AUDIENCE", ("audiences",))


def _check_period(valid_from: dt.datetime, valid_until: dt.datetime | None) -> None:
    for field, at in (("valid_from", valid_from), ("valid_until", valid_until)):
        if at is not None and at.tzinfo is None:
            raise Refusal("TIME_WITHOUT_ZONE", (field,))
    if valid_until is not None and valid_until <= valid_from:
        raise Refusal("ENDS_BEFORE_IT_BEGINS", ("valid_until",))


def _counted(count: int | None, field: str) -> int | None:
    if count is not None and not 1 <= count <= USES_MAX:
        raise Refusal("OUT_OF_RANGE", (field,), min=1, max=USES_MAX)
    return count
