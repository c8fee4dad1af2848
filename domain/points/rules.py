"""The rules of earn rules: drafts are written and thrown away, an active version stays as it is until it is followed or ended."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, text_of
from domain.orders.tables import Channel
from domain.points.engine import PERCENT
from domain.points.refusals import AMOUNT_MAX, ledger_refusals
from domain.points.rule_tables import (
    EarnCondition,
    EarnKind,
    EarnRule,
    EarnRuleVersion,
)
from domain.points.tables import PointsProgramme
from domain.points.tier_tables import Tier
from domain.shop.tables import Category, Product
from domain.stores.tables import Store
from foundation.ids import Ids
from foundation.refusals import Refusal
from foundation.tables import Table

CODE = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
NAME_CHARACTERS_MAX = 60
NOTE_CHARACTERS_MAX = 500
CONDITIONS_MAX = 50
RULES_MAX = 100
FACTOR_PERCENT_MAX = 10_000
RATE_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version says, as `EarnRuleVersion` explains it; what a kind does not use stays None."""

    valid_from: dt.datetime
    points: int | None = None
    amount: int | None = None
    factor_percent: int | None = None
    order_amount_min: int = 0
    order_points_max: int | None = None
    month_points_max: int | None = None
    budget_points: int | None = None
    channels: Collection[Channel] = ()
    categories: Sequence[UUID] = ()
    products: Sequence[UUID] = ()
    tiers: Sequence[UUID] = ()
    stores: Sequence[UUID] = ()
    note: str | None = None


async def make_rule(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    programme_id: UUID,
    code: str,
    kind: EarnKind,
    name: str,
    name_en: str | None = None,
    campaign: str | None = None,
) -> UUID:
    """Make a rule, which says nothing until a version of it is active; a programme has one BASIC rule and each code once."""
    await existing(session, PointsProgramme, programme_id, "programme")
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"earn_rule {programme_id}"))))
    others = list(await session.scalars(sa.select(EarnRule).where(EarnRule.programme_id == programme_id)))
    own_code = code_of(code, "code")
    if any(each.code == own_code for each in others):
        raise Refusal("ALREADY_THERE", ("code",))
    if kind is EarnKind.BASIC and any(each.kind is EarnKind.BASIC for each in others):
        raise Refusal("ALREADY_THERE", ("kind",))
    if len(others) >= RULES_MAX:
        raise Refusal("TOO_MANY", ("code",), max=RULES_MAX)
    rule = EarnRule(
        id=new_id(),
        programme_id=programme_id,
        code=own_code,
        name=text_of(name, "name", NAME_CHARACTERS_MAX),
        name_en=None if name_en is None else text_of(name_en, "name_en", NAME_CHARACTERS_MAX),
        kind=kind,
        campaign=None if campaign is None else code_of(campaign, "campaign"),
        created_at=now,
    )
    session.add(rule)
    await session.flush()
    return rule.id


async def draft_version(session: AsyncSession, now: dt.datetime, new_id: Ids, *, rule_id: UUID, terms: Terms) -> UUID:
    """Write a new draft of a rule; returns its key."""
    rule = await existing(session, EarnRule, rule_id, "rule", lock=True)
    _check(rule.kind, terms)
    await _check_references(session, rule, terms)
    last = await session.scalar(
        sa.select(sa.func.max(EarnRuleVersion.number)).where(EarnRuleVersion.rule_id == rule_id)
    )
    draft = EarnRuleVersion(
        id=new_id(), rule_id=rule_id, number=(last or 0) + 1, created_at=now, version=1, **_columns(rule.kind, terms)
    )
    session.add(draft)
    await session.flush()
    await _write_conditions(session, new_id, draft.id, terms)
    return draft.id


async def change_draft(session: AsyncSession, new_id: Ids, *, version_id: UUID, version: int, terms: Terms) -> UUID:
    """Write a draft anew, which is as the caller has seen it.."""
    draft, rule = await _draft(session, version_id, version)
    _check(rule.kind, terms)
    await _check_references(session, rule, terms)
    await session.execute(sa.delete(EarnCondition).where(EarnCondition.version_id == version_id))
    for name, value in _columns(rule.kind, terms).items():
        setattr(draft, name, value)
    draft.version += 1
    await session.flush()
    await _write_conditions(session, new_id, version_id, terms)
    return version_id


async def activate_version(session: AsyncSession, now: dt.datetime, *, version_id: UUID, version: int) -> UUID:
    """Let a draft hold from its instant on, which is not past: what orders before it earned stays as it is."""
    draft, rule = await _draft(session, version_id, version)
    if draft.valid_from < now:
        raise Refusal("IN_PAST", ("valid_from",))
    clash = sa.select(EarnRuleVersion.id).where(
        EarnRuleVersion.rule_id == rule.id,
        EarnRuleVersion.activated_at.is_not(None),
        EarnRuleVersion.valid_from == draft.valid_from,
    )
    if await session.scalar(clash) is not None:
        raise Refusal("ALREADY_THERE", ("valid_from",))
    draft.activated_at = now
    draft.version += 1
    await session.flush()
    with ledger_refusals():
        await session.execute(sa.select(sa.func.points_open_budget(version_id)))
    return version_id


async def end_version(
    session: AsyncSession, now: dt.datetime, *, version_id: UUID, version: int, at: dt.datetime | None = None
) -> UUID:
    """Let an active version hold no more from an instant on, now unless told; what follows it begins as it says."""
    found = await existing(session, EarnRuleVersion, version_id, "rule_version", lock=True)
    ends = at or now
    if found.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",))
    if found.activated_at is None:
        raise Refusal("RULE_NOT_ACTIVE", ("rule_version",))
    if found.ended_at is not None:
        raise Refusal("RULE_ENDED", ("rule_version",))
    if ends < now:
        raise Refusal("IN_PAST", ("at",))
    found.ended_at = ends
    found.version += 1
    await session.flush()
    return version_id


def code_of(value: str, field: str) -> str:
    """A code in small letters, digits and hyphens."""
    if not CODE.fullmatch(value):
        raise Refusal("CODE_MALFORMED", (field,))
    return value


async def _draft(session: AsyncSession, version_id: UUID, version: int) -> tuple[EarnRuleVersion, EarnRule]:
    """A draft that is as the caller has seen it, and its rule, which is locked: versions of a rule come one by one."""
    found = await existing(session, EarnRuleVersion, version_id, "rule_version")
    rule = await existing(session, EarnRule, found.rule_id, "rule_version", lock=True)
    await session.refresh(found, with_for_update=True)
    if found.activated_at is not None:
        raise Refusal("RULE_ACTIVE", ("rule_version",))
    if found.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",))
    return found, rule


def _columns(kind: EarnKind, terms: Terms) -> dict[str, object]:
    """What the table holds of terms that were checked."""
    return {
        "valid_from": terms.valid_from,
        "points": 0 if kind is EarnKind.MULTIPLIER else terms.points,
        "amount": terms.amount if kind is EarnKind.BASIC else 1,
        "factor_percent": terms.factor_percent if kind is EarnKind.MULTIPLIER else PERCENT,
        "order_amount_min": terms.order_amount_min,
        "order_points_max": terms.order_points_max,
        "month_points_max": terms.month_points_max,
        "budget_points": terms.budget_points,
        "channels": sorted({channel.value for channel in terms.channels}),
        "note": None if terms.note is None else text_of(terms.note, "note", NOTE_CHARACTERS_MAX),
    }


def _check(kind: EarnKind, terms: Terms) -> None:
    """Refuse terms that do not fit their kind, or bounds that are none."""
    used = {
        EarnKind.BASIC: {"points": (0, RATE_MAX), "amount": (1, RATE_MAX)},
        EarnKind.MULTIPLIER: {"factor_percent": (0, FACTOR_PERCENT_MAX)},
        EarnKind.BONUS: {"points": (1, AMOUNT_MAX)},
    }[kind]
    if terms.valid_from.tzinfo is None:
        raise Refusal("TIME_WITHOUT_ZONE", ("valid_from",))
    for field in ("points", "amount", "factor_percent"):
        value: int | None = getattr(terms, field)
        if field not in used:
            if value is not None:
                raise Refusal("NOT_OF_THIS_KIND", (field,))
            continue
        least, most = used[field]
        if value is None or not least <= value <= most:
            raise Refusal("OUT_OF_RANGE", (field,), min=least, max=most)
    for field in ("order_points_max", "month_points_max", "budget_points"):
        bound: int | None = getattr(terms, field)
        if bound is not None and not 1 <= bound <= AMOUNT_MAX:
            raise Refusal("OUT_OF_RANGE", (field,), min=1, max=AMOUNT_MAX)
    if not 0 <= terms.order_amount_min <= AMOUNT_MAX:
        raise Refusal("OUT_OF_RANGE", ("order_amount_min",), min=0, max=AMOUNT_MAX)
    # Who pays more would earn less.
    if kind is EarnKind.MULTIPLIER and terms.order_amount_min and (terms.factor_percent or 0) < PERCENT:
        raise Refusal("NOT_OF_THIS_KIND", ("order_amount_min",))


async def _check_references(session: AsyncSession, rule: EarnRule, terms: Terms) -> None:
    """Refuse categories, products, tiers and stores that there are not, and more of them than a version takes."""
    if len(terms.categories) + len(terms.products) + len(terms.tiers) + len(terms.stores) > CONDITIONS_MAX:
        raise Refusal("TOO_MANY", ("categories",), max=CONDITIONS_MAX)
    for key in terms.categories:
        await _known(session, Category, key, ("categories",))
    for key in terms.products:
        await _known(session, Product, key, ("products",))
    for key in terms.tiers:
        await _known(session, Tier, key, ("tiers",))
    for key in terms.stores:
        await _known(session, Store, key, ("stores",))
    own = await session.scalars(sa.select(Tier.id).where(Tier.programme_id == rule.programme_id))
    if not set(terms.tiers) <= set(own):
        raise Refusal("NOT_FOUND", ("tiers",))


async def _known(session: AsyncSession, table: type[Table], key: UUID, path: tuple[str, ...]) -> None:
    if await session.scalar(sa.select(table.id).where(table.id == key)) is None:
        raise Refusal("NOT_FOUND", path)


async def _write_conditions(session: AsyncSession, new_id: Ids, version_id: UUID, terms: Terms) -> None:
    """The conditions of a draft that has none yet."""
    named = [("category_id", key) for key in dict.fromkeys(terms.categories)]
    named += [("product_id", key) for key in dict.fromkeys(terms.products)]
    named += [("tier_id", key) for key in dict.fromkeys(terms.tiers)]
    named += [("store_id", key) for key in dict.fromkeys(terms.stores)]
    for at, (column, key) in enumerate(named, 1):
        session.add(EarnCondition(id=new_id(), version_id=version_id, position=at, **{column: key}))
    await session.flush()
