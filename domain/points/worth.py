"""What points are worth in money: so many of them so many minor units, as their programme's settings say."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.tables import PointsProgramme, PointsWorth
from foundation.money import Money
from foundation.refusals import Refusal


def worth_of(worth: PointsProgramme | PointsWorth, points: int) -> Money:
    """What points are worth now or were once, rounded down to the minor unit: nobody is given more than they have."""
    return Money(points * worth.worth_amount // worth.worth_points, worth.worth_currency)


async def worth_at(session: AsyncSession, programme_id: UUID, at: dt.datetime) -> PointsWorth:
    """What a programme's points were worth at an instant; of two settings of one instant the later one."""
    query = (
        sa.select(PointsWorth)
        .where(PointsWorth.programme_id == programme_id, PointsWorth.since <= at)
        .order_by(PointsWorth.since.desc(), PointsWorth.version.desc())
        .limit(1)
    )
    return (await session.scalars(query)).one()


def points_for(programme: PointsProgramme, money: Money) -> int:
    """How many points it takes to pay an amount, rounded up to whole points; `OTHER_CURRENCY` in any but the programme's."""
    if money.currency != programme.worth_currency:
        raise Refusal("OTHER_CURRENCY", ("currency",), currency=programme.worth_currency)
    return -(-money.amount * programme.worth_points // programme.worth_amount)
