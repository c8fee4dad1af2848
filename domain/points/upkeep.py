"""The ledger's jobs: what is due is posted, partitions are made ahead, each local day's totals are kept."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points import programmes, tiers
from domain.points.tables import PointsProgramme, PointsSnapshot
from foundation.ids import Ids

# A snapshot reads the whole ledger; so many days are made up for at most, and older ones stay out.
SNAPSHOT_DAYS_MAX = 31


async def settle(session: AsyncSession, _now: dt.datetime, _new_id: Ids) -> int:
    """Post what is due of some accounts."""
    return await programmes.settle_due(session)


async def review_tiers(session: AsyncSession, now: dt.datetime, _new_id: Ids) -> int:
    """Write down what has come of some members whose tier's period has ended."""
    return await tiers.review_tiers(session, now)


async def make_partitions(session: AsyncSession, _now: dt.datetime, _new_id: Ids) -> int:
    """Make the partitions of the coming months that are missing."""
    return await programmes.make_partitions(session)


async def take_snapshots(session: AsyncSession, now: dt.datetime, _new_id: Ids) -> int:
    """Keep the totals of the first local day that has ended, is settled and has none yet, of any programme."""
    found = await session.execute(sa.select(PointsProgramme).order_by(PointsProgramme.id))
    for programme in found.scalars():
        today = now.astimezone(ZoneInfo(programme.time_zone)).date()
        days = [today - dt.timedelta(days=back) for back in range(SNAPSHOT_DAYS_MAX, 0, -1)]
        kept = await session.scalars(
            sa.select(PointsSnapshot.day).where(
                PointsSnapshot.programme_id == programme.id, PointsSnapshot.day.in_(days)
            )
        )
        last = max(kept, default=today - dt.timedelta(days=2))
        # In their order, so that none is left out: the next waits until the one before it is settled and kept.
        first = next((day for day in days if day > last), None)
        if first is not None and await programmes.take_snapshot(session, programme.id, first) is not None:
            return 1
    return 0
