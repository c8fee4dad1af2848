"""How rewards and redemptions are answered, and their acts."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.points.tier_tables import Tier
from domain.rewards import offering, redeeming
from foundation.refusals import Refusal
from resolvers.customers import localised
from resolvers.planner.declare import NOW
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal
from segments.audiences import ENTERPRISE

Bound = sa.ColumnElement[Any] | None


def name(reward: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(reward)


def tier_name(reward: sa.FromClause) -> sa.ColumnElement[Any]:
    """The lowest tier that gets it, in the viewer's language."""
    tier = Tier.__table__.alias("least_tier")
    return sa.select(localised(tier)).where(tier.c.id == reward.c.tier_id).correlate(reward).scalar_subquery()


def _offered(reward: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(
        reward.c.ended_at.is_(None),
        reward.c.valid_from <= NOW,
        sa.or_(reward.c.valid_until.is_(None), reward.c.valid_until > NOW),
    )


def offered(reward: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether it can be had now, as far as its time goes."""
    return _offered(reward)


def rewards(reward: sa.FromClause, *, offered: Bound = None) -> sa.ColumnElement[bool]:
    """Rewards, all or by whether they are offered now."""
    return sa.true() if offered is None else _offered(reward) == offered


def redemptions(redemption: sa.FromClause, *, waiting: Bound = None) -> sa.ColumnElement[bool]:
    """Redemptions, all or by whether goods wait to be handed over. That a member's are their own, lists say."""
    return sa.true() if waiting is None else (redemption.c.status == literal("WAITING")) == waiting


async def redeem_reward(act: Act, *, reward: UUID) -> UUID:
    """See `domain.rewards.redeeming`; the viewer's customer pays."""
    viewer = act.viewer
    if viewer.customer_id is None:
        raise Refusal("NOT_FOUND", ("reward",))
    return await redeeming.redeem_reward(
        act.session,
        act.now,
        act.new_id,
        reward_id=reward,
        customer_id=viewer.customer_id,
        key=act.key,
        spender_id=viewer.person_id if viewer.audience is ENTERPRISE else None,
    )


async def cancel_redemption(act: Act, *, redemption: UUID) -> UUID:
    """See `domain.rewards.redeeming`."""
    return await redeeming.cancel_redemption(act.session, act.now, redemption_id=redemption)


async def hand_over_reward(act: Act, *, redemption: UUID) -> UUID:
    """See `domain.rewards.redeeming`."""
    return await redeeming.hand_over(act.session, act.now, redemption_id=redemption)


async def offer_reward(
    act: Act,
    *,
    programme_code: str,
    code: str,
    name: str,
    points: int,
    name_en: str | None = None,
    stock: int | None = None,
    tier_code: str | None = None,
    coupon: UUID | None = None,
    voucher_days: int | None = None,
    valid_until: dt.datetime | None = None,
) -> UUID:
    """See `domain.rewards.offering`."""
    return await offering.offer_reward(
        act.session,
        act.now,
        act.new_id,
        programme_code=programme_code,
        code=code,
        name=name,
        name_en=name_en,
        points=points,
        stock=stock,
        tier_code=tier_code,
        coupon_id=coupon,
        voucher_days=voucher_days,
        valid_until=valid_until,
    )


async def end_reward(act: Act, *, reward: UUID, version: int) -> UUID:
    """See `domain.rewards.offering`."""
    return await offering.end_reward(act.session, act.now, reward_id=reward, version=version)
