"""Tiers are reached by what was done in the last months, kept for a period, and decided anew at its end, job or no job."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.earning import claw_back_for_order
from domain.points.history import earn_history
from domain.points.rule_tables import EarnKind, OrderEarning
from domain.points.tier_tables import Tier, TierMeasure, TierMembership
from domain.points.tiers import Level, review_tiers, set_tiers, tier_at
from foundation.refusals import Refusal
from tests.domain.points.shops import IDS, NOW, customer, order, programme, rule

BEGINS = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
LADDER = (Level("plain", "普通", 0), Level("silver", "银卡", 1000, "Silver"), Level("gold", "金卡", 5000, "Gold"))


def month(number: int, day: int = 10) -> dt.datetime:
    """A day of the so many-th month from January 2024."""
    return dt.datetime(2024 + (number - 1) // 12, (number - 1) % 12 + 1, day, 4, tzinfo=dt.UTC)


async def ladder(session: AsyncSession, key: UUID, version: int = 0, levels: tuple[Level, ...] = LADDER) -> None:
    await set_tiers(
        session,
        NOW,
        IDS,
        programme_id=key,
        version=version,
        measure=TierMeasure.POINTS,
        window_months=12,
        keeps_months=6,
        levels=levels,
    )


async def world(session: AsyncSession) -> tuple[UUID, UUID, dict[str, UUID]]:
    key = await programme(session)
    await rule(session, key, EarnKind.BASIC, "standard", BEGINS, points=1, amount=100)
    await ladder(session, key)
    rows = await session.execute(sa.select(Tier.code, Tier.id).where(Tier.programme_id == key))
    return key, await customer(session), {code: tier for code, tier in rows}  # noqa: C416 - typed pairs


async def tiers_at(session: AsyncSession, key: UUID, member: UUID, codes: dict[str, UUID], *months: int) -> list[str]:
    names = {tier: code for code, tier in codes.items()}
    return [names[await tier_at(session, key, member, month(each, 20)) or codes["plain"]] for each in months]


async def test_a_tier_is_reached_kept_and_decided_anew(session: AsyncSession) -> None:
    key, member, codes = await world(session)
    for at, yuan in ((1, 900), (2, 200), (5, 4000), (14, 100)):
        await order(session, member, yuan * 100, at=month(at))
    await earn_history(session, key, NOW)
    # Silver from February with 1,100; gold from May with 5,100 to November, when the year before still holds 5,100; from
    # then to May, when it holds only those 100 of February (5,000 too few), and so on down.
    months = [1, 2, 4, 5, 11, 12, 16, 18, 23]
    expected = ["plain", "silver", "silver", "gold", "gold", "gold", "gold", "plain", "plain"]
    assert await tiers_at(session, key, member, codes, *months) == expected
    rows = sa.select(TierMembership).where(TierMembership.customer_id == member)
    before = len(list(await session.scalars(rows)))
    while await review_tiers(session, NOW, 1):
        pass
    assert await tiers_at(session, key, member, codes, *months) == expected
    written = list(await session.scalars(rows.order_by(TierMembership.valid_from)))
    assert len(written) > before
    assert await review_tiers(session, NOW, 10) == 0
    # No gap and no overlap from the first period to the last.
    assert all(one.valid_until >= other.valid_from for one, other in pairwise(written))


async def test_an_order_keeps_the_rate_of_its_instant(session: AsyncSession) -> None:
    key, member, codes = await world(session)
    await rule(session, key, EarnKind.MULTIPLIER, "silver", BEGINS, factor_percent=200, tiers=(codes["silver"],))
    orders = [await order(session, member, 60_000, at=month(at)) for at in (1, 2, 3)]
    await earn_history(session, key, NOW)
    points = sa.select(OrderEarning.points).where(OrderEarning.order_id.in_(orders)).order_by(OrderEarning.ordered_at)
    assert list(await session.scalars(points)) == [600, 600, 1200]


async def test_what_is_refunded_does_not_qualify_but_nobody_falls_within_a_period(session: AsyncSession) -> None:
    key, member, codes = await world(session)
    bought = await order(session, member, 200_000, at=month(1))
    await earn_history(session, key, NOW)
    await claw_back_for_order(session, NOW, bought, IDS(), 150_000)
    assert await tiers_at(session, key, member, codes, 2, 6, 8) == ["silver", "silver", "plain"]


async def test_tiers_are_a_ladder_and_stay(session: AsyncSession) -> None:
    key, _, codes = await world(session)
    cases = {
        "CHANGED_MEANWHILE": (0, LADDER),
        "TIER_MISSING": (1, LADDER[:2]),
        "OUT_OF_RANGE": (1, (*LADDER, Level("more", "更高", 5000))),
        "ALREADY_THERE": (1, (*LADDER, Level("gold", "金卡", 6000))),
        "EMPTY": (1, ()),
    }
    for code, (version, levels) in cases.items():
        with pytest.raises(Refusal) as refusal:
            async with session.begin_nested():
                await ladder(session, key, version, levels)
        assert refusal.value.code == code
    swapped = (LADDER[0], Level("gold", "金卡", 10), Level("silver", "银卡", 20), Level("black", "黑卡", 30))
    await ladder(session, key, 1, swapped)
    ranks = await session.execute(sa.select(Tier.code, Tier.id).where(Tier.programme_id == key).order_by(Tier.rank))
    found = [tuple(row) for row in ranks]
    assert [code for code, _ in found] == ["plain", "gold", "silver", "black"]
    assert dict(found).items() >= codes.items()
