"""The demonstration's points programme, of which consumers and companies of the club are members: its tiers and rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.history import earn_history
from domain.points.programmes import ProgrammeSettings, set_programme
from domain.points.rule_tables import EarnKind, EarnRuleVersion
from domain.points.rules import Terms, activate_version, draft_version, make_rule
from domain.points.simulating import simulate_version
from domain.points.tier_tables import Tier, TierMeasure
from domain.points.tiers import Level, set_tiers
from foundation.ids import Ids

PROGRAMME = ProgrammeSettings(
    code="MEMBERS",
    name="四方会员积分",
    name_en="Quadrant members' points",
    time_zone="Asia/Shanghai",
    activation_days=7,
    lot_months=24,
    transfer_min=10,
    transfer_max=5_000,
    transfer_month_max=10_000,
    worth_points=100,
    worth_amount=100,
    worth_currency="CNY",
)


LEVELS = (
    Level("member", "普通会员", 0, "Member"),
    Level("silver", "银卡会员", 2_000, "Silver"),
    Level("gold", "金卡会员", 8_000, "Gold"),
    Level("black", "黑卡会员", 30_000, "Black"),
)
FACTORS = {"silver": 120, "gold": 150, "black": 200}
# For as long as this the rules have been in force, the campaign for these days.
RULES_DAYS, CAMPAIGN_DAYS = 400, 20


async def make_programme(session: AsyncSession, new_id: Ids, now: dt.datetime) -> UUID:
    """The programme. Only the database's functions write what points rest on, so it is made after the rows are stored."""
    programme_id = new_id()
    began = now - dt.timedelta(days=RULES_DAYS)
    await set_programme(session, programme_id, 0, PROGRAMME)
    await set_tiers(
        session,
        began,
        new_id,
        programme_id=programme_id,
        version=0,
        measure=TierMeasure.POINTS,
        window_months=12,
        keeps_months=12,
        levels=LEVELS,
    )
    await _make_rule(
        session, new_id, programme_id, EarnKind.BASIC, "standard", "消费积分", "Points on purchases",
        Terms(began, points=1, amount=100, note="每消费 1 元积 1 分"),
    )  # fmt: skip
    tiers = sa.select(Tier.code, Tier.name, Tier.name_en, Tier.id).where(Tier.programme_id == programme_id)
    for code, name, name_en, tier_id in (await session.execute(tiers.order_by(Tier.rank))).all():
        if code in FACTORS:
            terms = Terms(began, factor_percent=FACTORS[code], tiers=(tier_id,))
            await _make_rule(
                session,
                new_id,
                programme_id,
                EarnKind.MULTIPLIER,
                code,
                f"{name}加成",
                f"{name_en} members earn more",
                terms,
            )
    drafted = await _make_campaign(session, new_id, now, programme_id)
    # What was bought until now has earned, a member's orders one after the other.
    await earn_history(session, programme_id, now)
    await simulate_version(
        session, now, new_id, version_id=drafted, period_from=now - dt.timedelta(days=90), period_until=now
    )
    return programme_id


async def _make_campaign(session: AsyncSession, new_id: Ids, now: dt.datetime, programme_id: UUID) -> UUID:
    """A campaign that runs, and the draft of what it says next: its key."""
    begins = now - dt.timedelta(days=CAMPAIGN_DAYS)
    terms = Terms(begins, points=200, order_amount_min=50_000, month_points_max=600, budget_points=500_000)
    active = await _make_rule(
        session, new_id, programme_id, EarnKind.BONUS, "year-end", "年终满额奖励", "Year-end bonus", terms, "year-end"
    )
    rule_id = (await session.get_one(EarnRuleVersion, active)).rule_id
    more = replace(
        terms, valid_from=now + dt.timedelta(days=7), points=300, budget_points=200_000, note="加码方案，待试算后决定"
    )
    return await draft_version(session, now, new_id, rule_id=rule_id, terms=more)


async def _make_rule(
    session: AsyncSession,
    new_id: Ids,
    programme_id: UUID,
    kind: EarnKind,
    code: str,
    name: str,
    name_en: str,
    terms: Terms,
    campaign: str | None = None,
) -> UUID:
    """A rule whose first version is active; the version's key."""
    rule_id = await make_rule(
        session,
        terms.valid_from,
        new_id,
        programme_id=programme_id,
        code=code,
        kind=kind,
        name=name,
        name_en=name_en,
        campaign=campaign,
    )
    version_id = await draft_version(session, terms.valid_from, new_id, rule_id=rule_id, terms=terms)
    return await activate_version(session, terms.valid_from, version_id=version_id, version=1)
