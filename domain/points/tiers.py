"""The rules of tiers: which a programme has, how they are reached, and the look at members whose period has ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, text_of
from domain.points.refusals import AMOUNT_MAX, ledger_refusals
from domain.points.rules import NAME_CHARACTERS_MAX, code_of
from domain.points.tables import PointsProgramme
from domain.points.tier_tables import Tier, TierMeasure, TierScheme
from foundation.ids import Ids
from foundation.refusals import Refusal

TIERS_MAX = 20
MONTHS_MAX = 120


@dataclass(frozen=True, slots=True)
class Level:
    """A tier as it is set: what it asks for is counted as the scheme measures, in points or in minor units."""

    code: str
    name: str
    qualifying_min: int
    name_en: str | None = None


async def set_tiers(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    programme_id: UUID,
    version: int,
    measure: TierMeasure,
    window_months: int,
    keeps_months: int,
    levels: Sequence[Level],
) -> UUID:
    """Set how a programme's tiers are reached, as the caller has seen it (`version` 0 where there are none); the scheme's key.

    They are ordered by what they ask for; the first asks for nothing. A tier that there is stays: members had it. What is set
    decides from now on: nobody falls before their period ends.
    """
    await existing(session, PointsProgramme, programme_id, "programme")
    for field, months in (("window_months", window_months), ("keeps_months", keeps_months)):
        if not 1 <= months <= MONTHS_MAX:
            raise Refusal("OUT_OF_RANGE", (field,), min=1, max=MONTHS_MAX)
    _check(levels)
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"tier_scheme {programme_id}"))))
    scheme = await session.scalar(
        sa.select(TierScheme).where(TierScheme.programme_id == programme_id).with_for_update()
    )
    if version != (0 if scheme is None else scheme.version):
        raise Refusal("CHANGED_MEANWHILE", ("version",))
    if scheme is None:
        scheme = TierScheme(id=new_id(), programme_id=programme_id, version=0)
        session.add(scheme)
    scheme.measure, scheme.window_months, scheme.keeps_months = measure, window_months, keeps_months
    scheme.version += 1
    scheme.updated_at = now
    await _write(session, new_id, programme_id, levels)
    return scheme.id


def _check(levels: Sequence[Level]) -> None:
    """Refuse levels that are no ladder, with the path to the one at fault."""
    if not levels:
        raise Refusal("EMPTY", ("tiers",))
    if len(levels) > TIERS_MAX:
        raise Refusal("TOO_MANY", ("tiers",), max=TIERS_MAX)
    before = -1
    for at, level in enumerate(levels):
        least, most = (0, 0) if at == 0 else (before + 1, AMOUNT_MAX)
        if not least <= level.qualifying_min <= most:
            raise Refusal("OUT_OF_RANGE", ("tiers", at, "qualifying_min"), min=least, max=most)
        before = level.qualifying_min
        if level.code in {other.code for other in levels[:at]}:
            raise Refusal("ALREADY_THERE", ("tiers", at, "code"))


async def _write(session: AsyncSession, new_id: Ids, programme_id: UUID, levels: Sequence[Level]) -> None:
    there = {
        tier.code: tier
        for tier in await session.scalars(sa.select(Tier).where(Tier.programme_id == programme_id).with_for_update())
    }
    gone = there.keys() - {level.code for level in levels}
    if gone:
        raise Refusal("TIER_MISSING", ("tiers",), tier=min(gone))
    # Two tiers may change places, and a rank is taken once at any moment.
    for tier in there.values():
        tier.rank = -1 - tier.rank
    await session.flush()
    for rank, level in enumerate(levels):
        tier = there.get(level.code)
        if tier is None:
            tier = Tier(id=new_id(), programme_id=programme_id, code=code_of(level.code, "code"))
            session.add(tier)
        tier.name = text_of(level.name, "name", NAME_CHARACTERS_MAX)
        tier.name_en = None if level.name_en is None else text_of(level.name_en, "name_en", NAME_CHARACTERS_MAX)
        tier.rank, tier.qualifying_min = rank, level.qualifying_min
    await session.flush()


async def review_tiers(session: AsyncSession, _now: dt.datetime, limit: int = 500) -> int:
    """Write down what has come of up to so many members whose period has ended, each once whoever else does; how many.

    A job calls it, in a transaction each, until it answers 0. Nothing waits for it: what a member has is read as if it had
    been here. The instant is the database's.
    """
    with ledger_refusals():
        return (await session.execute(sa.select(sa.func.points_review_tiers(limit)))).scalar_one()


async def tier_at(session: AsyncSession, programme_id: UUID, customer_id: UUID, at: dt.datetime) -> UUID | None:
    """The tier a member has at an instant; None in a programme without tiers."""
    called = sa.func.points_tier(programme_id, customer_id, at, type_=sa.Uuid())
    return (await session.execute(sa.select(called))).scalar_one()
