"""What members have: balances now and at any past instant, lots that will expire, and statements.

Whatever is due counts as settled, whether a job has come by or not.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.points.tables import PointsAccount, PointsLot, PointsTransfer
from foundation.refusals import Refusal

PAGE_MAX = 200


class Balance(NamedTuple):
    """A member's points in each state; `debt` is owed, the others are owned."""

    pending: int
    available: int
    held: int
    debt: int


async def balance(session: AsyncSession, programme_id: UUID, customer_id: UUID) -> Balance:
    """The balance now, by the database's clock."""
    called = sa.func.points_balance(programme_id, customer_id)
    return await _balance(session, called)


async def balance_at(session: AsyncSession, programme_id: UUID, customer_id: UUID, at: dt.datetime) -> Balance:
    """The balance as it was at an instant, an imported history and what jobs posted late included."""
    if at.tzinfo is None:
        raise Refusal("TIME_WITHOUT_ZONE", ("at",))
    return await _balance(session, sa.func.points_balance_at(programme_id, customer_id, at))


async def _balance(session: AsyncSession, called: sa.Function[object]) -> Balance:
    row = called.table_valued(*(sa.column(name, sa.BigInteger()) for name in Balance._fields))
    found = (await session.execute(sa.select(row))).one()
    return Balance(*found)


async def expiring_lots(
    session: AsyncSession, programme_id: UUID, customer_id: UUID, now: dt.datetime, until: dt.datetime, first: int
) -> list[PointsLot]:
    """The available lots that expire after now and until an instant, the next one first."""
    query = (
        sa.select(PointsLot)
        .join(PointsAccount, PointsAccount.id == PointsLot.account_id)
        .where(
            PointsAccount.programme_id == programme_id,
            PointsAccount.customer_id == customer_id,
            PointsLot.open,
            sa.or_(PointsLot.active, PointsLot.activates_at <= now),
            PointsLot.expires_at > now,
            PointsLot.expires_at <= until,
        )
        .order_by(PointsLot.expires_at, PointsLot.id)
        .limit(min(first, PAGE_MAX))
    )
    return list(await session.scalars(query))


async def statement(
    session: AsyncSession, programme_id: UUID, customer_id: UUID, first: int, before: UUID | None = None
) -> list[PointsTransfer]:
    """A member's movements, the last first, before the one whose id is given.

    The limit stands inside, for each account: with it outside alone a pool's, or a million entries', are read first.
    """
    limit = min(first, PAGE_MAX)
    one = sa.select(PointsTransfer).where(PointsTransfer.account_id == PointsAccount.id)
    if before is not None:
        one = one.where(PointsTransfer.id < before)
    each = one.order_by(PointsTransfer.id.desc()).limit(limit).correlate(PointsAccount).lateral()
    transfer = aliased(PointsTransfer, each)
    query = (
        sa.select(transfer)
        .select_from(PointsAccount)
        .join(each, sa.true())
        .where(PointsAccount.programme_id == programme_id, PointsAccount.customer_id == customer_id)
        .order_by(transfer.id.desc())
        .limit(limit)
    )
    return list(await session.scalars(query))
