"""What points are worth never rounds in the member's favour, neither when they pay nor when they are valued."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.programmes import ProgrammeSettings, set_programme
from domain.points.tables import PointsProgramme, PointsWorth
from domain.points.worth import points_for, worth_at, worth_of
from foundation.money import Money
from foundation.refusals import Refusal
from tests.domain.points.ledgers import IDS

RATIO = st.integers(1, 1_000_000)


def programme(points: int, amount: int, currency: str = "CNY") -> PointsProgramme:
    return PointsProgramme(worth_points=points, worth_amount=amount, worth_currency=currency)


def test_a_hundred_points_are_a_yuan() -> None:
    assert worth_of(programme(100, 100), 1234) == Money(1234, "CNY")
    assert worth_of(programme(100, 1), 199) == Money(1, "CNY")
    assert points_for(programme(100, 1), Money(2, "CNY")) == 200
    assert points_for(programme(3, 2), Money(3, "CNY")) == 5
    assert points_for(programme(3, 2), Money(0, "CNY")) == 0


@given(points=RATIO, amount=RATIO, number=st.integers(0, 10**12))
def test_points_pay_what_they_are_asked_for_and_no_point_less_does(points: int, amount: int, number: int) -> None:
    of = programme(points, amount)
    needed = points_for(of, Money(number, "CNY"))
    assert worth_of(of, needed).amount >= number
    assert number == 0 or worth_of(of, needed - 1).amount < number


def test_money_of_another_currency_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        points_for(programme(1, 1), Money(1, "USD"))
    assert (refusal.value.code, refusal.value.path) == ("OTHER_CURRENCY", ("currency",))


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"worth_points": 0}, "OUT_OF_RANGE", "worth_points"),
        ({"worth_amount": 10**6 + 1}, "OUT_OF_RANGE", "worth_amount"),
        ({"worth_currency": "XAU"}, "NOT_A_CURRENCY", "worth_currency"),
    ],
)
async def test_a_worth_that_is_none_is_refused(
    session: AsyncSession, given: dict[str, object], code: str, field: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        await set_programme(session, IDS(), 0, ProgrammeSettings("a", "a", **given))  # type: ignore[arg-type]
    assert (refusal.value.code, refusal.value.path) == (code, (field,))


async def test_the_worth_is_kept(session: AsyncSession) -> None:
    key = IDS()
    await set_programme(
        session, key, 0, ProgrammeSettings("a", "a", worth_points=50, worth_amount=3, worth_currency="USD")
    )
    kept = await session.get_one(PointsProgramme, key)
    assert worth_of(kept, 100) == Money(6, "USD")
    await set_programme(session, key, 1, ProgrammeSettings("a", "a"))
    await session.refresh(kept)
    assert worth_of(kept, 100) == Money(100, "CNY")
    # What it was before is written down, and holds for all earlier time; what changes something else writes nothing.
    await set_programme(session, key, 2, ProgrammeSettings("a", "b"))
    history = sa.select(PointsWorth).where(PointsWorth.programme_id == key).order_by(PointsWorth.version)
    first, last = await session.scalars(history)
    assert (worth_of(first, 100), worth_of(last, 100)) == (Money(6, "USD"), Money(100, "CNY"))
    assert (await worth_at(session, key, dt.datetime(1990, 1, 1, tzinfo=dt.UTC))).id == first.id
    assert (await worth_at(session, key, last.since - dt.timedelta(microseconds=1))).id == first.id
    assert (await worth_at(session, key, last.since)).id == last.id
