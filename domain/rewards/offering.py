"""The rules of offering rewards: what staff put into the catalogue and take out of it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, text_of
from domain.points.refusals import AMOUNT_MAX
from domain.points.tables import PointsProgramme
from domain.points.tier_tables import Tier
from domain.rewards.tables import Reward, RewardKind
from domain.vouchers.giving import CODE, NAME_CHARACTERS_MAX, VALID_DAYS_MAX
from domain.vouchers.tables import Coupon
from domain.vouchers.using import CODE_CHARACTERS_MAX
from foundation.ids import Ids
from foundation.refusals import Refusal

STOCK_MAX = 10_000_000


async def offer_reward(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    programme_code: str,
    code: str,
    name: str,
    name_en: str | None,
    points: int,
    stock: int | None,
    tier_code: str | None,
    coupon_id: UUID | None,
    voucher_days: int | None,
    valid_until: dt.datetime | None,
) -> UUID:
    """Offer a reward from now on: a voucher of a personal coupon, or goods where no coupon is given."""
    written = code.strip().upper()
    if not CODE.fullmatch(written):
        raise Refusal("COUPON_CODE_MALFORMED", ("code",), max=CODE_CHARACTERS_MAX)
    if await session.scalar(sa.select(Reward.id).where(Reward.code == written)):
        raise Refusal("CODE_TAKEN", ("code",))
    for field, value, most in (("points", points, AMOUNT_MAX), ("stock", stock, STOCK_MAX)):
        if value is not None and not 1 <= value <= most:
            raise Refusal("OUT_OF_RANGE", (field,), min=1, max=most)
    if valid_until is not None and valid_until <= now:
        raise Refusal("ENDS_BEFORE_IT_BEGINS", ("valid_until",))
    programme = await session.scalar(
        sa.select(PointsProgramme.id).where(PointsProgramme.code == programme_code.strip())
    )
    if programme is None:
        raise Refusal("NOT_FOUND", ("programme_code",))
    await _check_voucher(session, coupon_id, voucher_days)
    reward = Reward(
        id=new_id(),
        programme_id=programme,
        code=written,
        name=text_of(name, "name", NAME_CHARACTERS_MAX),
        name_en=None if name_en is None else text_of(name_en, "name_en", NAME_CHARACTERS_MAX),
        kind=RewardKind.GOODS if coupon_id is None else RewardKind.VOUCHER,
        points=points,
        stock=stock,
        tier_id=None if tier_code is None else await _tier(session, programme, tier_code),
        coupon_id=coupon_id,
        voucher_days=voucher_days,
        valid_from=now,
        valid_until=valid_until,
        ended_at=None,
        version=1,
        created_at=now,
    )
    session.add(reward)
    await session.flush()
    return reward.id


async def end_reward(session: AsyncSession, now: dt.datetime, *, reward_id: UUID, version: int) -> UUID:
    """Take a reward out of the catalogue; what members have got of it stays theirs."""
    reward = await existing(session, Reward, reward_id, "reward", lock=True)
    if reward.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=reward.version)
    if reward.ended_at is not None:
        raise Refusal("ALREADY_ENDED", ("reward",))
    reward.ended_at = now
    reward.version += 1
    await session.flush()
    return reward.id


async def _check_voucher(session: AsyncSession, coupon_id: UUID | None, voucher_days: int | None) -> None:
    """A voucher has its days, goods have none."""
    if coupon_id is None:
        if voucher_days is not None:
            raise Refusal("EITHER_OR", ("voucher_days",))
        return
    if not (await existing(session, Coupon, coupon_id, "coupon")).personal:
        raise Refusal("COUPON_NOT_PERSONAL", ("coupon",))
    if voucher_days is None or not 1 <= voucher_days <= VALID_DAYS_MAX:
        raise Refusal("OUT_OF_RANGE", ("voucher_days",), min=1, max=VALID_DAYS_MAX)


async def _tier(session: AsyncSession, programme_id: UUID, code: str) -> UUID:
    found = await session.scalar(sa.select(Tier.id).where(Tier.programme_id == programme_id, Tier.code == code.strip()))
    if found is None:
        raise Refusal("NOT_FOUND", ("tier_code",))
    return found
