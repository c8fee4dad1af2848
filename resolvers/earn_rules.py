"""How earn rules and tiers are answered: where a version stands, what its budget has left; and what changes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.guards import existing
from domain.points import rules, simulating
from domain.points import tiers as tier_rules
from domain.points.rule_tables import EarnBudget, EarnKind, EarnRule, EarnRuleVersion
from domain.points.rules import Terms
from domain.points.tables import PointsProgramme
from domain.points.tier_tables import QualifyingEntry, Tier, TierMeasure, TierMembership, TierScheme
from domain.points.tiers import Level
from foundation.money import AmountError, Money
from foundation.refusals import Refusal
from resolvers.customers import localised
from resolvers.planner.declare import NOW
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal
from resolvers.points import months_of

Bound = sa.ColumnElement[Any] | None
Selected = sa.Select[*tuple[Any, ...]]
TERMS = frozenset(field.name for field in fields(Terms))
STATUSES = ("DRAFT", "ENDED", "SCHEDULED", "FOLLOWED", "IN_FORCE")


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def name_zh(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name as it is kept, whatever the viewer's language: what an editor changes."""
    return source.c.name


def of_programme(row: sa.FromClause, *, programme: Bound = None) -> sa.ColumnElement[bool]:
    """Rows of a programme, or of all."""
    return sa.true() if programme is None else row.c.programme_id == programme


def status(version: sa.FromClause) -> sa.ColumnElement[Any]:
    """Where a version stands now: a draft, yet to begin, in force, followed by the next one, or ended."""
    later = EarnRuleVersion.__table__.alias("later_version")
    followed = sa.select(later.c.id).where(
        later.c.rule_id == version.c.rule_id,
        later.c.activated_at.is_not(None),
        later.c.valid_from > version.c.valid_from,
        later.c.valid_from <= NOW,
    )
    draft, ended, scheduled, followed_by, in_force = (literal(each) for each in STATUSES)
    return sa.case(
        (version.c.activated_at.is_(None), draft),
        (version.c.ended_at <= NOW, ended),
        (version.c.valid_from > NOW, scheduled),
        (followed.correlate(version).exists(), followed_by),
        else_=in_force,
    )


def per(version: sa.FromClause) -> Selected:
    """For how much money BASIC gives its points."""
    return _money(version, version.c.amount)


def order_amount_min(version: sa.FromClause) -> Selected:
    """From which amount paid on a version holds."""
    return _money(version, version.c.order_amount_min)


def _money(version: sa.FromClause, amount: sa.ColumnElement[Any]) -> Selected:
    """An amount of a version in its programme's currency."""
    rule, programme = EarnRule.__table__.alias("money_rule"), PointsProgramme.__table__.alias("money_programme")
    found: Selected = (
        sa.select(amount.label("amount"), programme.c.worth_currency.label("currency"))
        .select_from(rule.join(programme, programme.c.id == rule.c.programme_id))
        .where(rule.c.id == version.c.rule_id)
    )
    return found


def budget_used(version: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many points of its budget a version has given."""
    stripe = EarnBudget.__table__.alias("budget_stripe")
    used = sa.select(sa.func.coalesce(sa.func.sum(stripe.c.used), sa.literal_column("0")))
    return sa.cast(used.where(stripe.c.version_id == version.c.id).scalar_subquery(), sa.BigInteger())


# ---- changes


async def make_rule(
    act: Act,
    *,
    programme: UUID,
    code: str,
    kind: EarnKind,
    name: str,
    name_en: str | None = None,
    campaign: str | None = None,
) -> UUID:
    """See `domain.points.rules`."""
    return await rules.make_rule(
        act.session,
        act.now,
        act.new_id,
        programme_id=programme,
        code=code,
        kind=kind,
        name=name,
        name_en=name_en,
        campaign=campaign,
    )


async def draft_version(act: Act, *, rule: UUID, terms: Mapping[str, Any]) -> UUID:
    """See `domain.points.rules`; amounts are in the major unit of the programme's currency."""
    currency = await _currency(act, rule, "rule")
    with of_terms():
        made = terms_of(currency, terms)
        return await rules.draft_version(act.session, act.now, act.new_id, rule_id=rule, terms=made)


async def change_draft(act: Act, *, rule_version: UUID, version: int, terms: Mapping[str, Any]) -> UUID:
    """See `domain.points.rules`."""
    found = await existing(act.session, EarnRuleVersion, rule_version, "rule_version")
    currency = await _currency(act, found.rule_id, "rule_version")
    with of_terms():
        made = terms_of(currency, terms)
        return await rules.change_draft(act.session, act.new_id, version_id=rule_version, version=version, terms=made)


async def simulate(
    act: Act, *, rule_version: UUID, period_from: dt.datetime, period_until: dt.datetime
) -> Mapping[str, Any]:
    """See `domain.points.simulating`."""
    done = await simulating.simulate_version(
        act.session,
        act.now,
        act.new_id,
        version_id=rule_version,
        period_from=period_from,
        period_until=period_until,
    )
    return {"simulation": done, "rule_version": rule_version}


async def activate(act: Act, *, rule_version: UUID, version: int) -> UUID:
    """See `domain.points.rules`."""
    return await rules.activate_version(act.session, act.now, version_id=rule_version, version=version)


async def end(act: Act, *, rule_version: UUID, version: int, at: dt.datetime | None = None) -> UUID:
    """See `domain.points.rules`."""
    return await rules.end_version(act.session, act.now, version_id=rule_version, version=version, at=at)


async def set_tiers(
    act: Act,
    *,
    programme: UUID,
    version: int,
    measure: TierMeasure,
    window_months: int,
    keeps_months: int,
    tiers: Sequence[Mapping[str, Any]],
) -> UUID:
    """See `domain.points.tiers`."""
    levels = [Level(each["code"], each["name"], int(each["qualifying_min"]), each.get("name_en")) for each in tiers]
    return await tier_rules.set_tiers(
        act.session,
        act.now,
        act.new_id,
        programme_id=programme,
        version=version,
        measure=measure,
        window_months=window_months,
        keeps_months=keeps_months,
        levels=levels,
    )


async def _currency(act: Act, rule_id: UUID, field: str) -> str:
    """The currency in which a rule counts."""
    rule = await existing(act.session, EarnRule, rule_id, field)
    return (await existing(act.session, PointsProgramme, rule.programme_id, field)).worth_currency


@contextmanager
def of_terms() -> Generator[None]:
    """What is wrong with terms stands below them in the input."""
    try:
        yield
    except Refusal as refusal:
        if refusal.path and refusal.path[0] in TERMS:
            raise refusal.below("terms") from refusal
        raise


def terms_of(currency: str, given: Mapping[str, Any]) -> Terms:
    """The terms of a version; amounts become minor units, exactly."""
    amount, least = given.get("amount"), given.get("order_amount_min")
    return Terms(
        valid_from=given["valid_from"],
        points=given.get("points"),
        amount=None if amount is None else minor(amount, currency, "amount"),
        factor_percent=given.get("factor_percent"),
        order_amount_min=0 if least is None else minor(least, currency, "order_amount_min"),
        order_points_max=given.get("order_points_max"),
        month_points_max=given.get("month_points_max"),
        budget_points=given.get("budget_points"),
        channels=given.get("channels") or (),
        categories=given.get("categories") or (),
        products=given.get("products") or (),
        tiers=given.get("tiers") or (),
        stores=given.get("stores") or (),
        note=given.get("note"),
    )


def minor(amount: Decimal, currency: str, field: str) -> int:
    """An amount in minor units."""
    try:
        return Money.parse(format(amount, "f"), currency).amount
    except AmountError as error:
        raise Refusal("PRICE_MALFORMED", (field,)) from error


# ---- a member's tier


def standing(member: sa.FromClause) -> Selected:
    """A member's tier now, until when they keep it, what counts for it, and the next one; nothing where there are none."""
    scheme, programme = TierScheme.__table__.alias("scheme"), PointsProgramme.__table__.alias("tiered")
    tier, higher = Tier.__table__.alias("own_tier"), Tier.__table__.alias("next_tier")
    own = sa.func.points_tier(member.c.programme_id, member.c.customer_id, NOW)
    reached = sa.cast(_reached(member, scheme, programme), sa.BigInteger())
    following = (
        sa.select(higher)
        .where(higher.c.programme_id == tier.c.programme_id, higher.c.rank > tier.c.rank)
        .order_by(higher.c.rank)
        .limit(1)
        .correlate(tier)
        .lateral("following")
    )
    found: Selected = (
        sa.select(
            tier.c.code,
            localised(tier).label("name"),
            scheme.c.measure,
            _until(member).label("valid_until"),
            reached.label("reached"),
            localised(following).label("next_name"),
            following.c.qualifying_min.label("next_min"),
        )
        .select_from(
            scheme.join(programme, programme.c.id == scheme.c.programme_id)
            .join(tier, tier.c.id == own)
            .outerjoin(following, sa.true())
        )
        .where(scheme.c.programme_id == member.c.programme_id)
    )
    return found


def _reached(member: sa.FromClause, scheme: sa.FromClause, programme: sa.FromClause) -> sa.ColumnElement[Any]:
    """What a member did in the months that count now."""
    entry = QualifyingEntry.__table__.alias("entry")
    zone = programme.c.time_zone
    begins = sa.func.timezone(zone, sa.func.timezone(zone, NOW) - months_of(scheme.c.window_months))
    counted = sa.case((scheme.c.measure == literal(TierMeasure.POINTS.value), entry.c.points), else_=entry.c.amount)
    summed = (
        sa.select(sa.func.coalesce(sa.func.sum(counted), sa.literal_column("0")))
        .where(
            entry.c.programme_id == member.c.programme_id,
            entry.c.customer_id == member.c.customer_id,
            entry.c.at <= NOW,
            entry.c.at > begins,
        )
        .correlate(member, scheme, programme)
    )
    return summed.scalar_subquery()


def _until(member: sa.FromClause) -> sa.ColumnElement[Any]:
    """The end of a member's present period; none for the tier that everybody has."""
    period = TierMembership.__table__.alias("period")
    last = (
        sa.select(period.c.valid_until)
        .where(
            period.c.programme_id == member.c.programme_id,
            period.c.customer_id == member.c.customer_id,
            period.c.valid_from <= NOW,
        )
        .order_by(period.c.valid_from.desc())
        .limit(1)
        .correlate(member)
        .scalar_subquery()
    )
    ends = sa.func.nullif(last, sa.literal_column("'infinity'::timestamptz"))
    return sa.case((ends > NOW, ends), else_=sa.null())
