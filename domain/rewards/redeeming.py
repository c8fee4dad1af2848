"""The rules of getting a reward for points, of giving it back, and of handing goods over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing
from domain.points.refusals import ledger_refusals
from domain.rewards.tables import RewardRedemption
from foundation.ids import Ids
from foundation.refusals import Refusal

ID, INSTANT, TEXT = sa.Uuid(), sa.DateTime(timezone=True), sa.Text()


async def redeem_reward(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    reward_id: UUID,
    customer_id: UUID,
    key: str,
    spender_id: UUID | None = None,
) -> UUID:
    """Spend a member's points on a reward; returns the redemption's key, the same for the same `key`.

    `spender_id` is who spends from a company's pool. Refuses with `POINTS_INSUFFICIENT`, `REWARD_GONE`, `REWARD_NOT_NOW`,
    `TIER_TOO_LOW`, `SPENDER_CAP_REACHED`, `NO_SPENDER`; then nothing has moved.
    """
    called = sa.func.reward_redeem(
        new_id(),
        reward_id,
        customer_id,
        sa.literal(key, TEXT),
        sa.literal(spender_id, ID),
        sa.literal(now, INSTANT),
        type_=ID,
    )
    with reward_refusals("reward"):
        return (await session.execute(sa.select(called))).scalar_one()


async def cancel_redemption(session: AsyncSession, now: dt.datetime, *, redemption_id: UUID) -> UUID:
    """Give a redemption's points back to their lots, as long as its goods wait or its voucher is not used."""
    await existing(session, RewardRedemption, redemption_id, "redemption")
    called = sa.func.reward_cancel(redemption_id, sa.literal(now, INSTANT), type_=ID)
    with reward_refusals("redemption"):
        return (await session.execute(sa.select(called))).scalar_one()


async def hand_over(session: AsyncSession, now: dt.datetime, *, redemption_id: UUID) -> UUID:
    """Goods have been handed over to the member."""
    await existing(session, RewardRedemption, redemption_id, "redemption")
    called = sa.func.reward_hand_over(redemption_id, sa.literal(now, INSTANT), type_=ID)
    with reward_refusals("redemption"):
        return (await session.execute(sa.select(called))).scalar_one()


@contextmanager
def reward_refusals(field: str) -> Generator[None]:
    """Turn what the functions refuse into refusals, the ledger's own and the guard's of vouchers among them."""
    try:
        with ledger_refusals():
            yield
    except DBAPIError as error:
        match getattr(error.orig, "sqlstate", None):
            case "QV001" | "QW001":
                raise Refusal("NOT_FOUND", (field,)) from error
            case "QW002":
                raise Refusal("REWARD_NOT_NOW", (field,)) from error
            case "QW003":
                raise Refusal("REWARD_GONE", (field,)) from error
            case "QW004":
                raise Refusal("TIER_TOO_LOW", (field,)) from error
            case "QW005":
                raise Refusal("TOO_LATE", (field,)) from error
            case _:
                raise
