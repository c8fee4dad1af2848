"""The rules of programmes, pools and their spenders, and of the ledger's upkeep: settling, partitions, snapshots."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import text_of
from domain.points.refusals import AMOUNT_MAX, ledger_refusals
from domain.points.tables import PointsProgramme, PointsRounding
from foundation.money import currencies
from foundation.refusals import Refusal

# So much on each side that every ratio can be said, and so little that no product leaves what integers hold.
WORTH_MAX = 1_000_000
UNIQUE_VIOLATION = "23505"
CODE_CHARACTERS_MAX, NAME_CHARACTERS_MAX = 40, 100


@dataclass(frozen=True, slots=True)
class ProgrammeSettings:
    """A programme's settings, as `PointsProgramme` explains them."""

    code: str
    name: str
    name_en: str | None = None
    time_zone: str = "Asia/Shanghai"
    activation_days: int = 7
    lot_months: int | None = 24
    rounding: PointsRounding = PointsRounding.FLOOR
    transfer_min: int = 0
    transfer_max: int = 0
    transfer_month_max: int = 0
    worth_points: int = 100
    worth_amount: int = 100
    worth_currency: str = "CNY"


async def set_programme(session: AsyncSession, programme_id: UUID, version: int, settings: ProgrammeSettings) -> int:
    """Make a programme, or change the one that is as the caller has seen it; returns its new version."""
    _check(settings)
    code = text_of(settings.code, "code", CODE_CHARACTERS_MAX)
    taken = sa.select(PointsProgramme.id).where(PointsProgramme.code == code, PointsProgramme.id != programme_id)
    if await session.scalar(taken):
        raise Refusal("PROGRAMME_CODE_TAKEN", ("code",))
    called = sa.func.points_set_programme(
        programme_id,
        sa.literal(version, sa.BigInteger()),
        code,
        text_of(settings.name, "name", NAME_CHARACTERS_MAX),
        sa.literal(text_of(settings.name_en, "name_en", NAME_CHARACTERS_MAX) if settings.name_en else None, sa.Text()),
        settings.time_zone,
        sa.literal(settings.activation_days, sa.BigInteger()),
        sa.literal(settings.lot_months, sa.BigInteger()),
        settings.rounding.value,
        sa.literal(settings.transfer_min, sa.BigInteger()),
        sa.literal(settings.transfer_max, sa.BigInteger()),
        sa.literal(settings.transfer_month_max, sa.BigInteger()),
        sa.literal(settings.worth_points, sa.BigInteger()),
        sa.literal(settings.worth_amount, sa.BigInteger()),
        settings.worth_currency,
    )
    try:
        with ledger_refusals():
            now_version = (await session.execute(sa.select(called))).scalar_one()
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != UNIQUE_VIOLATION:
            raise
        # Somebody has taken the code since we looked.
        raise Refusal("PROGRAMME_CODE_TAKEN", ("code",)) from error
    if now_version is None:
        current = await session.scalar(sa.select(PointsProgramme.version).where(PointsProgramme.id == programme_id))
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=current)
    return now_version


def _check(settings: ProgrammeSettings) -> None:
    """Refuse what the table would not take, by name."""
    if settings.time_zone not in available_timezones():
        raise Refusal("NOT_A_TIME_ZONE", ("time_zone",))
    if not 0 <= settings.activation_days <= 366:
        raise Refusal("OUT_OF_RANGE", ("activation_days",), min=0, max=366)
    if settings.lot_months is not None and not 1 <= settings.lot_months <= 1200:
        raise Refusal("OUT_OF_RANGE", ("lot_months",), min=1, max=1200)
    if not 0 <= settings.transfer_min <= settings.transfer_max:
        raise Refusal("OUT_OF_RANGE", ("transfer_min",), min=0, max=settings.transfer_max)
    if settings.transfer_month_max > AMOUNT_MAX:
        raise Refusal("OUT_OF_RANGE", ("transfer_month_max",), min=0, max=AMOUNT_MAX)
    if settings.transfer_max > settings.transfer_month_max:
        raise Refusal("OUT_OF_RANGE", ("transfer_max",), min=0, max=settings.transfer_month_max)
    for field in ("worth_points", "worth_amount"):
        if not 1 <= getattr(settings, field) <= WORTH_MAX:
            raise Refusal("OUT_OF_RANGE", (field,), min=1, max=WORTH_MAX)
    if settings.worth_currency not in currencies():
        raise Refusal("NOT_A_CURRENCY", ("worth_currency",))


async def open_pool(session: AsyncSession, programme_id: UUID, customer_id: UUID) -> None:
    """Make a company's account a pool, which its spenders spend from."""
    with ledger_refusals():
        await session.execute(sa.select(sa.func.points_open_pool(programme_id, customer_id)))


async def set_spender(
    session: AsyncSession, programme_id: UUID, customer_id: UUID, person_id: UUID, month_max: int
) -> None:
    """Let a person spend up to so many of a pool's points in each local month; 0 ends it."""
    if month_max < 0:
        raise Refusal("OUT_OF_RANGE", ("month_max",), min=0, max=2**62)
    cap = sa.literal(month_max, sa.BigInteger())
    with ledger_refusals():
        await session.execute(sa.select(sa.func.points_set_spender(programme_id, customer_id, person_id, cap)))


async def settle_due(session: AsyncSession, accounts: int = 500) -> int:
    """Post what is due of up to so many accounts, each once whoever else does so; answers how many.

    A job calls it, in a transaction each, until it answers 0. Nothing else waits for it: every balance read and every
    movement counts what is due as settled.
    """
    return (await session.execute(sa.select(sa.func.points_settle_due(accounts)))).scalar_one()


async def make_partitions(session: AsyncSession, months: int = 3) -> int:
    """Make the partitions of this month and so many more that are missing; answers how many were."""
    return (await session.execute(sa.select(sa.func.points_make_partitions(months)))).scalar_one()


async def take_snapshot(session: AsyncSession, programme_id: UUID, day: dt.date) -> UUID | None:
    """Keep a programme's totals at the end of a local day; None before that, before all is settled, or if it is kept."""
    return (await session.execute(sa.select(sa.func.points_take_snapshot(programme_id, day)))).scalar_one()
