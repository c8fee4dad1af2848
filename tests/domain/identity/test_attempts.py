"""The bound on guessing: what is counted, what is refused, and what is forgotten."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.attempts import AttemptLimits, account_hash, address_hash, count_attempt, forgive_account
from domain.identity.tables import SignInAttempt, SignInSubject
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import system_ids
from foundation.refusals import Refusal
from foundation.session import transaction
from segments.viewer import Viewer

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
LIMITS = AttemptLimits(dt.timedelta(minutes=15), per_account=3, per_address=5)
IDS = system_ids(system_clock)


async def attempt(
    session: AsyncSession, email: str = "a@example.com", address: str = "192.0.2.1", minutes: float = 0
) -> Refusal | None:
    now = NOW + dt.timedelta(minutes=minutes)
    return await count_attempt(session, email, address, now, LIMITS, IDS)


async def test_the_attempt_after_the_last_allowed_is_refused(session: AsyncSession) -> None:
    assert [await attempt(session, minutes=minute) for minute in range(3)] == [None, None, None]
    refusal = await attempt(session, minutes=4)
    assert refusal is not None
    assert refusal.code == "SIGN_IN_LIMITED"
    assert refusal.params == {"minutes": 11}


async def test_another_account_from_elsewhere_is_not_touched(session: AsyncSession) -> None:
    for _ in range(4):
        await attempt(session)
    assert await attempt(session, "b@example.com", "192.0.2.2") is None


async def test_one_address_may_not_go_through_many_accounts(session: AsyncSession) -> None:
    outcomes = [await attempt(session, f"{number}@example.com") for number in range(6)]
    assert outcomes[:5] == [None] * 5
    assert outcomes[5] is not None


async def test_one_account_may_not_be_tried_from_many_addresses(session: AsyncSession) -> None:
    outcomes = [await attempt(session, address=f"192.0.2.{number}") for number in range(4)]
    assert outcomes[:3] == [None] * 3
    assert outcomes[3] is not None


async def test_after_the_window_counting_begins_anew(session: AsyncSession) -> None:
    for _ in range(4):
        await attempt(session)
    assert await attempt(session, minutes=14.9) is not None
    assert await attempt(session, minutes=15) is None


async def test_trying_on_does_not_lengthen_the_wait(session: AsyncSession) -> None:
    for minute in range(15):
        await attempt(session, minutes=minute)
    assert await attempt(session, minutes=15) is None


async def test_a_right_password_forgives_the_account_and_not_the_address(session: AsyncSession) -> None:
    for _ in range(3):
        await attempt(session)
    await forgive_account(session, "a@example.com")
    assert await attempt(session) is None
    assert await attempt(session) is None
    refusal = await attempt(session)
    assert refusal is not None, "six attempts from one address"


async def test_no_address_is_stored(session: AsyncSession) -> None:
    await attempt(session)
    rows = (await session.scalars(sa.select(SignInAttempt))).all()
    assert {(row.subject, row.subject_hash) for row in rows} == {
        (SignInSubject.ACCOUNT, account_hash("a@example.com")),
        (SignInSubject.ADDRESS, address_hash("192.0.2.1")),
    }


async def test_rows_of_windows_long_over_are_removed(session: AsyncSession) -> None:
    for number in range(30):
        await attempt(session, f"{number}@example.com", f"192.0.2.{number}")
    for minute in (16, 17, 18):
        await attempt(session, "late@example.com", "198.51.100.1", minutes=minute)
    kept = await session.scalar(sa.select(sa.func.count()).select_from(SignInAttempt))
    assert kept == 2


async def test_guesses_sent_at_once_are_all_counted(own_database: Database) -> None:
    async def guess() -> Refusal | None:
        async with transaction(own_database, Viewer.system().row_settings()) as session:
            return await attempt(session)

    outcomes = await asyncio.gather(*(guess() for _ in range(12)))
    assert sum(outcome is None for outcome in outcomes) == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("testclient", "testclient", True),
    ],
)
def test_an_ipv6_network_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (address_hash(one) == address_hash(other)) is same
