"""What the demonstration's members get for points, and a coupon that everybody may use."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.rewards.offering import offer_reward
from domain.vouchers.giving import Terms, offer_coupon
from domain.vouchers.tables import CouponKind
from foundation.ids import Ids
from foundation.money import Money

PROGRAMME = "MEMBERS"
AUDIENCES = ("consumer", "enterprise")
# Code, names, fen it takes off, fen the order must come to, points it costs.
VOUCHERS = (
    ("SAVE-20", "20 元代金券", "20 yuan voucher", 2_000, 10_000, 1_800),
    ("SAVE-100", "100 元代金券", "100 yuan voucher", 10_000, 60_000, 8_500),
)
# Code, names, points, pieces.
GOODS = (
    ("THERMOS", "保温杯", "Thermos flask", 3_200, 80),
    ("FIELD-BAG", "户外收纳包", "Field bag", 5_600, 30),
    ("MODEL-UAV", "测绘无人机模型", "Model of a surveying UAV", 12_000, 5),
)


async def make_rewards(session: AsyncSession, now: dt.datetime, new_id: Ids) -> None:
    """Two vouchers, three gifts, and a coupon of a tenth off for everybody who knows its code."""
    for code, name, name_en, value, least, points in VOUCHERS:
        terms = Terms(CouponKind.AMOUNT, Money(value, "CNY"), None, None, Money(least, "CNY"), None, AUDIENCES)
        coupon = await offer(session, now, new_id, code, name, name_en, terms, personal=True)
        await offer_reward(
            session,
            now,
            new_id,
            programme_code=PROGRAMME,
            code=code,
            name=name,
            name_en=name_en,
            points=points,
            stock=None,
            tier_code=None,
            coupon_id=coupon,
            voucher_days=90,
            valid_until=None,
        )
    for code, name, name_en, points, pieces in GOODS:
        await offer_reward(
            session,
            now,
            new_id,
            programme_code=PROGRAMME,
            code=code,
            name=name,
            name_en=name_en,
            points=points,
            stock=pieces,
            tier_code=None,
            coupon_id=None,
            voucher_days=None,
            valid_until=None,
        )
    tenth = Terms(CouponKind.PERCENT, None, 10, Money(20_000, "CNY"), Money(0, "CNY"), None, AUDIENCES)
    await offer(session, now, new_id, "WELCOME10", "新客九折券", "10% off for newcomers", tenth, personal=False)


async def offer(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    code: str,
    name: str,
    name_en: str,
    terms: Terms,
    *,
    personal: bool,
) -> UUID:
    """A coupon without an end; one for everybody may be used once each."""
    return await offer_coupon(
        session,
        now,
        new_id,
        code=code,
        name=name,
        name_en=name_en,
        personal=personal,
        terms=terms,
        valid_from=now,
        valid_until=None,
        uses_max=None,
        member_max=None if personal else 1,
    )
