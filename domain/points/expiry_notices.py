"""Telling members of points before they expire, each lot once."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notices.notifying import notify
from domain.notices.tables import NoticeKind, PointsLotTold
from domain.points.tables import PointsAccount, PointsLot, PointsProgramme
from foundation.ids import Ids

MEMBERS_AT_ONCE = 200


class Together(NamedTuple):
    """What lots that are told of in one notice have in common."""

    programme_id: UUID
    customer_id: UUID
    expires_at: dt.datetime


async def tell(session: AsyncSession, now: dt.datetime, new_id: Ids, *, days: int) -> int:
    """The step of a job: tell some members of lots that expire within so many days."""
    return await tell_of_expiry(session, now, new_id, now + dt.timedelta(days=days))


async def tell_of_expiry(session: AsyncSession, now: dt.datetime, new_id: Ids, until: dt.datetime) -> int:
    """Tell the next members of their lots that expire after now and until an instant; answers how many lots it was.

    What expires at one instant is one notice. A lot that is held or spent by then is no worry; one that comes back is told of
    later, if there is still time.
    """
    untold = sa.and_(
        PointsLot.open,
        PointsLot.expires_at > now,
        PointsLot.expires_at <= until,
        ~sa.exists().where(PointsLotTold.id == PointsLot.id),
    )
    # A member's lots together: all accounts of a pool's stripes are one customer's.
    who = sa.select(PointsLot.customer_id).where(untold).distinct().order_by(PointsLot.customer_id)
    query = (
        sa.select(
            PointsAccount.programme_id,
            PointsAccount.customer_id,
            PointsLot.expires_at,
            PointsLot.id,
            PointsLot.remaining,
            PointsProgramme.time_zone,
        )
        .join(PointsAccount, PointsAccount.id == PointsLot.account_id)
        .join(PointsProgramme, PointsProgramme.id == PointsAccount.programme_id)
        .where(untold, PointsLot.customer_id.in_(who.limit(MEMBERS_AT_ONCE)))
        .order_by(PointsAccount.programme_id, PointsAccount.customer_id, PointsLot.expires_at, PointsLot.id)
    )
    found = (await session.execute(query)).all()
    for together, rows in groupby(found, key=lambda row: Together(*row[:3])):
        lots = list(rows)
        # The lots' last local day ends at the instant of their expiry.
        day = (together.expires_at - dt.timedelta.resolution).astimezone(ZoneInfo(lots[0].time_zone)).date()
        values: dict[str, str | int] = {"points": sum(lot.remaining for lot in lots), "day": day.isoformat()}
        await _tell(session, now, new_id, together, [lot.id for lot in lots], values)
    return len(found)


async def _tell(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    together: Together,
    lots: list[UUID],
    values: dict[str, str | int],
) -> None:
    notice = await notify(
        session,
        now,
        new_id,
        customer_id=together.customer_id,
        kind=NoticeKind.POINTS_EXPIRING,
        subject_id=together.programme_id,
        values=values,
        # Those lots and no others: what comes later for the same day is a notice of its own.
        key=str(lots[0]),
    )
    await session.execute(sa.insert(PointsLotTold), [{"id": lot, "notice_id": notice} for lot in lots])
