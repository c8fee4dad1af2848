"""What a programme owes its members at any past instant, and what became of the points it issued: liability and breakage.

Every lot is read as it stood at the instant: what is due by then counts as settled, whether a job has come by or not, so the
sum is that of all members' balances then. Points that were transferred count where their member is, in the month in which
they were first earned. Money is what points were worth at that instant, rounded down to the minor unit
(`domain/points/worth.py`); parts of a whole are differences of rounded running sums, so that they add up to it. The database's
own functions reckon all this, `points_liability` for whoever asks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, not_in_future
from domain.points.tables import PointsProgramme, PointsWorth
from domain.points.worth import worth_at
from domain.refused import input_refusals
from foundation.money import Money
from foundation.statements import fetch_value

Key = TypeVar("Key")
BREAKAGE = Decimal("0.0001")


class LiabilityPart(Enum):
    """What a row of the report tells of: everything, a tier, a month of earning or a month of expiry."""

    WHOLE = "WHOLE"
    TIER = "TIER"
    EARNED = "EARNED"
    EXPIRES = "EXPIRES"


@dataclass(frozen=True, slots=True)
class Sums:
    """Points by state at an instant, and what had become of those issued: `issued` is what was ever earned or given.

    `withdrawn` was taken back: by refunds, corrections, or to pay a debt. `debt` is owed by members and stands apart.
    """

    pending: int
    available: int
    held: int
    debt: int
    issued: int
    redeemed: int
    expired: int

    @property
    def outstanding(self) -> int:
        """What members have and may still use."""
        return self.pending + self.available + self.held

    @property
    def withdrawn(self) -> int:
        """What is neither there nor was used nor expired."""
        return self.issued - self.outstanding - self.redeemed - self.expired

    @property
    def breakage(self) -> Decimal | None:
        """Which share of what was issued and not withdrawn has expired, 0 to 1 by four digits; None where there is nothing."""
        stayed = self.issued - self.withdrawn
        return (Decimal(self.expired) / stayed).quantize(BREAKAGE, ROUND_HALF_UP) if stayed else None


@dataclass(frozen=True, slots=True)
class Part(Generic[Key]):
    """A tier or month with its points, and what those that are outstanding, and those that expired, are worth."""

    key: Key
    sums: Sums
    owed: Money
    broken: Money


@dataclass(frozen=True, slots=True)
class Liability:
    """A programme at an instant: the whole, and the same by tier, by month of earning and by month of expiry.

    A tier is None in a programme without tiers, a month of expiry for what never expires. `worth` held at the instant.
    """

    at: dt.datetime
    worth: PointsWorth
    whole: Part[None]
    tiers: tuple[Part[UUID | None], ...]
    cohorts: tuple[Part[dt.date], ...]
    expiries: tuple[Part[dt.date | None], ...]


SUMS = tuple(sa.column(each.name, sa.BigInteger()) for each in fields(Sums))
# The columns of `points_liability`, a row for each part.
REPORT = (
    sa.column("part", sa.Text()),
    sa.column("number", sa.BigInteger()),
    sa.column("tier_id", sa.Uuid()),
    sa.column("month", sa.Date()),
    *SUMS,
    *(sa.column(name, sa.BigInteger()) for name in ("owed_amount", "broken_amount", "worth_points", "worth_amount")),
    sa.column("currency", sa.Text()),
)


def report(programme: Any, at: Any) -> sa.TableValuedAlias:
    """The rows of `points_liability` for expressions of a programme and an instant."""
    return sa.func.points_liability(programme, at).table_valued(*REPORT, name="report").render_derived()


async def end_of_day(session: AsyncSession, now: dt.datetime, programme_id: UUID, day: dt.date | None) -> dt.datetime:
    """The end of a local day of a programme, or now while it lasts and where none is given; `IN_FUTURE` for one to come."""
    await existing(session, PointsProgramme, programme_id, "programme")
    with input_refusals():
        statement = "select points_liability_instant($1, $2, $3, $4)"
        return await fetch_value(session, statement, programme_id, day, now, ["on"])


async def liability(session: AsyncSession, now: dt.datetime, programme_id: UUID, at: dt.datetime) -> Liability:
    """The report as of an instant; `NOT_FOUND` for a programme that is not, `IN_FUTURE` for what is to come."""
    programme = await existing(session, PointsProgramme, programme_id, "programme")
    not_in_future(at, now, "at")
    worth = await worth_at(session, programme.id, at)
    told = report(sa.literal(programme.id, sa.Uuid()), sa.literal(at, sa.DateTime(timezone=True)))
    found: dict[LiabilityPart, list[Part[Any]]] = {each: [] for each in LiabilityPart}
    for row in await session.execute(sa.select(told).order_by(told.c.number)):
        kind = LiabilityPart(row.part)
        found[kind].append(_part(row.tier_id if kind is LiabilityPart.TIER else row.month, row))
    [whole] = found[LiabilityPart.WHOLE]
    tiers, cohorts, expiries = (tuple(found[kind]) for kind in list(LiabilityPart)[1:])
    return Liability(at, worth, whole, tiers, cohorts, expiries)


def _part(key: Any, row: sa.Row[Any]) -> Part[Any]:
    sums = Sums(*(getattr(row, each.name) for each in SUMS))
    return Part(key, sums, Money(row.owed_amount, row.currency), Money(row.broken_amount, row.currency))
