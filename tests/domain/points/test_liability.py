"""What a programme owes at past dates: every state, job or no job, by tier and month, in the money of that time, to the cent."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.history import earn_history
from domain.points.liability import Liability, liability
from domain.points.programmes import ProgrammeSettings, set_programme, settle_due
from domain.points.rule_tables import EarnKind
from domain.points.tables import PointsWorth
from domain.points.tier_tables import Tier
from foundation.database import Database
from foundation.refusals import Refusal
from tests.domain.points.ledgers import START, ledger_of_owner
from tests.domain.points.shops import IDS, NOW, customer, order, programme, rule
from tests.domain.points.test_tiers import BEGINS, ladder

DAY = dt.timedelta(days=1)


def at(month: int, day: int, year: int = 2024) -> dt.datetime:
    return dt.datetime(year, month, day, 4, tzinfo=dt.UTC)


async def test_what_no_job_has_settled_counts_as_settled(database: Database) -> None:
    async with ledger_of_owner(database.addresses) as ledger:
        await ledger.open(days=0, months=1)
        one, other = await ledger.member(), await ledger.member()
        company = await ledger.member("ORGANISATION")
        spender = await ledger.person(company)
        await ledger.connection.execute("select points_open_pool($1, $2)", ledger.programme, company)
        await ledger.connection.execute(
            "select points_set_spender($1, $2, $3, 1000)", ledger.programme, company, spender
        )
        [earning] = await ledger.call("earn", one, 100, 100)
        for _ in range(3):
            await ledger.call("earn", company, 40)
        await ledger.call("earn", other, 1)
        instant = START + DAY
        await ledger.set_clock(instant)
        # More than any stripe has: two give to a third.
        await ledger.call("spend", company, 70, spender=spender)
        await ledger.call("send", one, other, 20)
        [hold] = await ledger.call("hold", one, 30)
        await ledger.call("capture", one, hold, 10)
        # 50 are there, 30 become debt; of the next 40, which wait a day, they take those.
        await ledger.call("claw_back", one, earning, 80)
        await ledger.open(days=1, months=1)
        await ledger.call("earn", one, 40)
        # Pending, available, held and debt; issued, redeemed and expired.
        before = (40, 50 + 21, 20, 30, 261, 80, 0)
        recovered = (0, 50 + 21 + 10, 20, 0, 261, 80, 0)
        # What was on hold expires with its release.
        gone = (0, 10, 20, 0, 261, 80, 71)
        for settled in (False, True):
            for now, expected in ((instant, before), (instant + 2 * DAY, recovered), (at(4, 1, 2026) + DAY, gone)):
                await ledger.set_clock(max(now, at(4, 1, 2026) + DAY) if settled else now)
                if settled:
                    await ledger.settle()
                assert await ledger.standing(now + dt.timedelta(milliseconds=1)) == expected, (settled, now)


async def test_points_keep_their_month_wherever_they_went_and_holds_are_of_what_expires_last(
    database: Database,
) -> None:
    async with ledger_of_owner(database.addresses) as ledger:
        await ledger.open(months=2)
        one, other = await ledger.member(), await ledger.member()
        await ledger.call("earn", other, 1)
        await ledger.call("earn", one, 60)
        now = at(4, 5, 2026)
        await ledger.set_clock(now)
        await ledger.call("earn", one, 60)
        await ledger.call("send", one, other, 30)
        # Thirty of March and ten of April; a release would give ten of April back first.
        [hold] = await ledger.call("hold", one, 40)
        await ledger.call("capture", one, hold, 15)
        march = (None, dt.date(2026, 3, 1), dt.date(2026, 5, 1), 0, 31, 15, 0, 61, 15, 0)
        april = (None, dt.date(2026, 4, 1), dt.date(2026, 6, 1), 0, 50, 10, 0, 60, 0, 0)
        assert sorted(await ledger.standing_parts(now + DAY), key=str) == [march, april]


async def report(session: AsyncSession, key: UUID, instant: dt.datetime) -> Liability:
    told = await liability(session, NOW, key, instant)
    for parts in (told.tiers, told.cohorts, told.expiries):
        assert sum(part.owed.amount for part in parts) == told.whole.owed.amount
        assert sum(part.broken.amount for part in parts) == told.whole.broken.amount
        assert sum(part.sums.issued for part in parts) == told.whole.sums.issued
    return told


async def test_a_past_date_is_told_by_tier_and_month_at_the_worth_of_its_time(session: AsyncSession) -> None:
    key = await programme(session, activation_days=7, lot_months=2, worth_points=3, worth_amount=1)
    await rule(session, key, EarnKind.BASIC, "standard", BEGINS, points=1, amount=100)
    await ladder(session, key)
    codes = dict(list(await session.execute(sa.select(Tier.id, Tier.code).where(Tier.programme_id == key))))
    silver, plain = await customer(session), await customer(session)
    # In Shanghai the last hours of January are February's.
    for member, yuan, placed in (
        (silver, 1000, at(1, 10)),
        (silver, 100, dt.datetime(2024, 1, 31, 17, tzinfo=dt.UTC)),
        (plain, 7, at(2, 20)),
    ):
        await order(session, member, yuan * 100, at=placed)
    await earn_history(session, key, NOW)
    for swept in (False, True):
        told = await report(session, key, at(2, 21))
        assert (told.whole.sums.pending, told.whole.sums.available, told.whole.owed.amount) == (7, 1100, 369)
        tiers = [(codes[part.key], part.sums.outstanding, part.owed.amount) for part in told.tiers if part.key]
        assert tiers == [("plain", 7, 2), ("silver", 1100, 367)]
        assert [(part.key, part.sums.outstanding, part.owed.amount) for part in told.cohorts] == [
            (dt.date(2024, 1, 1), 1000, 333),
            (dt.date(2024, 2, 1), 107, 36),
        ]
        # The lot ends as the seventeenth of March does, that of the last of January on the eighth of April.
        assert [part.key for part in told.expiries] == [dt.date(2024, month, 1) for month in (3, 4)]
        assert told.whole.sums.breakage == 0
        told = await report(session, key, at(3, 20))
        assert (told.whole.sums.available, told.whole.sums.expired, told.whole.broken.amount) == (107, 1000, 333)
        assert [part.sums.breakage for part in told.cohorts] == [1, 0]
        assert (await report(session, key, at(1, 1))).whole.sums.issued == 0
        if not swept:
            while await settle_due(session):
                pass
    # A new worth holds from now on, not for what was.
    settings = ProgrammeSettings("new", "会员积分", worth_points=1, worth_amount=2, worth_currency="USD")
    await set_programme(session, key, 1, settings)
    assert (await report(session, key, at(2, 21))).whole.owed.amount == 369
    since = await session.scalar(
        sa.select(PointsWorth.since).where(PointsWorth.programme_id == key, PointsWorth.version == 2)
    )
    assert since is not None
    later = await liability(session, since + DAY, key, since)
    assert (later.worth.worth_currency, later.whole.broken.amount) == ("USD", 2214)


async def test_what_is_to_come_and_what_is_not_are_refused(session: AsyncSession) -> None:
    key = await programme(session)
    for programme_id, instant, code in (
        (IDS(), NOW, "NOT_FOUND"),
        (key, NOW + DAY, "IN_FUTURE"),
        (key, NOW.replace(tzinfo=None), "TIME_WITHOUT_ZONE"),
    ):
        with pytest.raises(Refusal) as refusal:
            await liability(session, NOW, programme_id, instant)
        assert refusal.value.code == code
    empty = await report(session, key, NOW)
    assert (empty.whole.owed.amount, empty.whole.sums.breakage, empty.cohorts) == (0, None, ())
