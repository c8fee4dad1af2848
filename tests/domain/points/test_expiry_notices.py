"""Members are told of lots before these expire, each lot once, however often and by however many it is tried."""

from __future__ import annotations

import asyncio
import datetime as dt
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.jobs.running import Job, advance
from domain.jobs.tables import JobRun
from domain.notices.tables import Notice, NoticeKind, PointsLotTold
from domain.points import ledger
from domain.points.expiry_notices import tell_of_expiry
from domain.points.programmes import ProgrammeSettings, set_programme
from domain.points.tables import PointsLot
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import Ids, system_ids
from foundation.session import transaction
from segments.viewer import Viewer
from tests.domain.vouchers.offers import member

IDS = system_ids(system_clock)
SYSTEM = Viewer.system().row_settings()


async def programme(session: AsyncSession) -> UUID:
    key = IDS()
    await set_programme(session, key, 0, ProgrammeSettings(str(key), "会员积分", activation_days=0, lot_months=1))
    return key


async def earn(session: AsyncSession, programme_id: UUID, customer: UUID, amount: int) -> None:
    await ledger.earn(session, programme_id=programme_id, customer_id=customer, key=str(IDS()), amount=amount)


async def notices(session: AsyncSession, customer: UUID) -> list[int]:
    found = await session.scalars(sa.select(Notice).where(Notice.customer_id == customer).order_by(Notice.id))
    return [notice.values["points"] for notice in found]


async def test_what_expires_together_is_one_notice_and_each_lot_is_told_once(session: AsyncSession) -> None:
    points, one, other = await programme(session), await member(session), await member(session)
    for customer, amount in ((one, 30), (one, 12), (other, 5)):
        await earn(session, points, customer, amount)
    await ledger.spend(session, programme_id=points, customer_id=one, key="spend", amount=10)
    await ledger.spend(session, programme_id=points, customer_id=other, key="all", amount=5)
    now = system_clock()
    expires = (await session.scalars(sa.select(PointsLot.expires_at).limit(1))).one()
    assert await tell_of_expiry(session, now, IDS, expires - dt.timedelta.resolution) == 0, "not yet"
    assert await tell_of_expiry(session, now, IDS, expires) == 2
    assert await tell_of_expiry(session, now, IDS, expires) == 0
    assert await notices(session, one) == [32]
    assert await notices(session, other) == [], "who has spent theirs has nothing to lose"
    notice = (await session.scalars(sa.select(Notice))).one()
    last_day = (expires - dt.timedelta(seconds=1)).astimezone(dt.timezone(dt.timedelta(hours=8))).date()
    assert (notice.kind, notice.subject_id, notice.values["day"]) == (
        NoticeKind.POINTS_EXPIRING,
        points,
        last_day.isoformat(),
    )
    # What is earned later for the same day is told for itself; what has expired is told no more.
    await earn(session, points, one, 7)
    assert await tell_of_expiry(session, now, IDS, expires + dt.timedelta(days=1)) == 1
    assert await notices(session, one) == [32, 7]
    await earn(session, points, one, 8)
    assert await tell_of_expiry(session, expires + dt.timedelta(days=2), IDS, expires + dt.timedelta(days=9)) == 0


@pytest.fixture
async def members(own_database: Database) -> list[UUID]:
    async with transaction(own_database, SYSTEM) as session:
        points = await programme(session)
        made = [await member(session) for _ in range(6)]
        for customer in made:
            await earn(session, points, customer, 3)
    return made


async def test_two_workers_that_run_one_period_tell_once(own_database: Database, members: list[UUID]) -> None:
    async def tell(session: AsyncSession, now: dt.datetime, new_id: Ids) -> int:
        return await tell_of_expiry(session, now, new_id, now + dt.timedelta(days=366))

    job, period = Job("test.tell", "* * * * *", tell), system_clock()

    async def works() -> None:
        more = True
        while more:
            async with transaction(own_database, SYSTEM) as session:
                more = await advance(session, system_clock(), IDS, job, period)

    await asyncio.gather(*(works() for _ in range(3)))
    async with transaction(own_database, SYSTEM) as session:
        for customer in members:
            assert await notices(session, customer) == [3]
        assert await session.scalar(sa.select(sa.func.count()).select_from(PointsLotTold)) == len(members)
        assert await session.scalar(sa.select(JobRun.done).where(JobRun.name == job.name)) == len(members)
