"""What members see, through the rules, as the application's role and under row policies."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer
from domain.points import balances, ledger, programmes
from domain.points.balances import Balance
from domain.points.programmes import ProgrammeSettings
from foundation.clock import system_clock
from foundation.refusals import Refusal
from foundation.session import set_statement
from segments.audiences import CONSUMER, MILITARY, STAFF, Audience
from segments.viewer import Viewer
from tests.people import IDS, organisation


async def opened(session: AsyncSession, *codes: str) -> tuple[UUID, list[UUID]]:
    """A programme whose points are available at once, and customers."""
    programme = IDS()
    await programmes.set_programme(
        session, programme, 0, ProgrammeSettings(str(programme), "会员积分", activation_days=0)
    )
    members: list[Customer] = [organisation(code) for code in codes]
    session.add_all(members)
    await session.flush()
    return programme, [member.id for member in members]


async def look_as(session: AsyncSession, audience: Audience, customer: UUID | None = None) -> None:
    await session.execute(set_statement(Viewer(audience, customer_id=customer).row_settings()))


async def test_members_see_and_move_their_own_alone(session: AsyncSession) -> None:
    programme, [mine, others] = await opened(session, "甲", "乙")
    for member in (mine, others):
        await ledger.earn(session, programme_id=programme, customer_id=member, key="1", amount=100)
    await look_as(session, CONSUMER, mine)
    assert await balances.balance(session, programme, mine) == Balance(0, 100, 0, 0)
    assert await balances.balance(session, programme, others) == Balance(0, 0, 0, 0)
    assert await balances.statement(session, programme, others, 10) == []
    assert {each.customer_id for each in await balances.statement(session, programme, mine, 10)} == {mine}
    await ledger.spend(session, programme_id=programme, customer_id=mine, key="2", amount=1)
    with pytest.raises(Refusal) as refusal:
        await ledger.spend(session, programme_id=programme, customer_id=others, key="2", amount=1)
    assert refusal.value.code == "NOT_FOUND"


@pytest.mark.parametrize("audience", [MILITARY, CONSUMER])
async def test_other_audiences_see_nothing_and_move_nothing(session: AsyncSession, audience: Audience) -> None:
    programme, [member] = await opened(session, "甲")
    await ledger.earn(session, programme_id=programme, customer_id=member, key="1", amount=100)
    await look_as(session, audience, member if audience is MILITARY else None)
    assert await balances.balance(session, programme, member) == Balance(0, 0, 0, 0)
    with pytest.raises(Refusal):
        await ledger.earn(session, programme_id=programme, customer_id=member, key="3", amount=1)


async def test_a_statement_goes_on_before_its_last_line(session: AsyncSession) -> None:
    programme, [member] = await opened(session, "甲")
    for number in range(5):
        await ledger.earn(session, programme_id=programme, customer_id=member, key=str(number), amount=number + 1)
    await ledger.spend(session, programme_id=programme, customer_id=member, key="spend", amount=15)
    await look_as(session, STAFF)
    first = await balances.statement(session, programme, member, 4)
    rest = await balances.statement(session, programme, member, 200, first[-1].id)
    # Five earned, what was due at once activated by the spend in as many movements, and the spend.
    assert [each.sequence for each in (*first, *rest)] == list(range(11, 0, -1))
    assert first[0].available_after == 0


async def test_lots_that_expire_soon(session: AsyncSession) -> None:
    programme, [member] = await opened(session, "甲")
    await ledger.earn(session, programme_id=programme, customer_id=member, key="1", amount=100)
    now = system_clock()
    soon = await balances.expiring_lots(session, programme, member, now, now + dt.timedelta(days=800), 10)
    assert [lot.remaining for lot in soon] == [100]
    assert await balances.expiring_lots(session, programme, member, now, now + dt.timedelta(days=1), 10) == []


async def test_the_clock_of_the_application_is_the_databases(session: AsyncSession) -> None:
    programme, [member] = await opened(session, "甲")
    await session.execute(set_statement({"q.points_now": "2001-01-01T00:00:00Z"}))
    await ledger.earn(session, programme_id=programme, customer_id=member, key="1", amount=100)
    [line] = await balances.statement(session, programme, member, 10)
    assert abs(line.at - system_clock()) < dt.timedelta(minutes=5)


async def test_settings_are_checked_and_changed_by_version(session: AsyncSession) -> None:
    programme, _ = await opened(session)
    for given, code in (
        ({"activation_days": -1}, "OUT_OF_RANGE"),
        ({"lot_months": 0}, "OUT_OF_RANGE"),
        ({"transfer_min": 1}, "OUT_OF_RANGE"),
        ({"transfer_max": 1}, "OUT_OF_RANGE"),
    ):
        with pytest.raises(Refusal) as refusal:
            await programmes.set_programme(session, programme, 1, ProgrammeSettings("a", "a", **given))  # type: ignore[arg-type]
        assert refusal.value.code == code
    with pytest.raises(Refusal) as refusal:
        await programmes.set_programme(session, programme, 7, ProgrammeSettings("a", "a"))
    assert refusal.value.code == "CHANGED_MEANWHILE"
    assert await programmes.set_programme(session, programme, 1, ProgrammeSettings("a", "a")) == 2


async def test_no_time_zone_that_nobody_knows(session: AsyncSession) -> None:
    with pytest.raises(Refusal):
        await programmes.set_programme(session, IDS(), 0, ProgrammeSettings("a", "a", time_zone="Mars/Olympus"))
