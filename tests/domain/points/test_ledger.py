"""The movements of points one by one, on the owner's connection, whose clock the tests set."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from foundation.database import Database
from tests.domain.points.ledgers import START, Ledger, ledger_of_owner

DAY = dt.timedelta(days=1)


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    async with ledger_of_owner(database.addresses) as opened:
        yield opened


async def refused(ledger: Ledger, state: str, function: str, *arguments: object, **named: object) -> None:
    """The call raises this SQLSTATE and changes nothing."""
    with pytest.raises(asyncpg.PostgresError) as error:
        async with ledger.connection.transaction():
            await ledger.call(function, *arguments, **named)  # type: ignore[arg-type]
    assert error.value.sqlstate == state


async def test_earned_points_wait_and_are_available_then(ledger: Ledger) -> None:
    await ledger.open(days=7)
    member = await ledger.member()
    await ledger.call("earn", member, 100)
    assert await ledger.balance(member) == (100, 0, 0, 0)
    await refused(ledger, "QP002", "spend", member, 1)
    # The seventh day after the first of March ends in Shanghai at 16:00 of the eighth in UTC.
    ends = dt.datetime(2026, 3, 8, 16, tzinfo=dt.UTC)
    await ledger.set_clock(ends - dt.timedelta(microseconds=1))
    assert await ledger.balance(member) == (100, 0, 0, 0)
    await ledger.set_clock(ends)
    assert await ledger.balance(member) == (0, 100, 0, 0)
    await ledger.call("spend", member, 30)
    assert await ledger.balance(member) == (0, 70, 0, 0)
    assert await ledger.balance(member, ends - DAY) == (100, 0, 0, 0)
    assert await ledger.balance(member, START - DAY) == (0, 0, 0, 0)


async def test_what_expires_first_is_spent_first(ledger: Ledger) -> None:
    await ledger.open(months=2)
    member = await ledger.member()
    [late] = await ledger.call("earn", member, 100)
    await ledger.open(months=1)
    [soon] = await ledger.call("earn", member, 50)
    await ledger.call("spend", member, 70)
    lots = dict(await ledger.connection.fetch("select id, remaining from points_lot where customer_id = $1", member))
    assert lots == {soon: 0, late: 80}


async def test_many_lots_are_spent_at_once(ledger: Ledger) -> None:
    await ledger.open()
    member = await ledger.member()
    for _ in range(21):
        await ledger.call("earn", member, 10)
    await ledger.call("spend", member, 205)
    assert await ledger.balance(member) == (0, 5, 0, 0)


async def test_the_same_key_moves_once(ledger: Ledger) -> None:
    await ledger.open()
    member = await ledger.member()
    first = await ledger.call("earn", member, 100, key="order 1")
    assert await ledger.call("earn", member, 100, key="order 1") == first
    assert await ledger.balance(member) == (0, 100, 0, 0)
    await refused(ledger, "QP001", "earn", member, 101, key="order 1")
    await refused(ledger, "QP001", "spend", member, 100, key="order 1")
    another = await ledger.member()
    assert await ledger.call("earn", another, 7, key="order 1") != first


async def test_a_hold_is_captured_in_parts_and_released(ledger: Ledger) -> None:
    await ledger.open()
    member = await ledger.member()
    await ledger.call("earn", member, 100)
    [hold] = await ledger.call("hold", member, 80)
    assert await ledger.balance(member) == (0, 20, 80, 0)
    await ledger.call("capture", member, hold, 30)
    await refused(ledger, "QP005", "capture", member, hold, 51)
    await ledger.call("release", member, hold)
    assert await ledger.balance(member) == (0, 70, 0, 0)
    await refused(ledger, "QP005", "release", member, hold)
    await refused(ledger, "QP003", "release", await ledger.member(), hold)


async def test_a_cancelled_spend_restores_its_lots_with_their_expiry(ledger: Ledger) -> None:
    await ledger.open(months=1)
    member = await ledger.member()
    await ledger.call("earn", member, 40)
    await ledger.open(months=2)
    [late] = await ledger.call("earn", member, 60)
    [spent] = await ledger.call("spend", member, 100)
    await ledger.call("restore", member, spent, 10)
    assert await ledger.connection.fetchval("select remaining from points_lot where id = $1", late) == 10
    await ledger.set_clock(START + 40 * DAY)
    # The first lot has expired meanwhile, and what comes back to it expires at once.
    await ledger.call("restore", member, spent)
    assert await ledger.balance(member) == (0, 60, 0, 0)
    await refused(ledger, "QP006", "restore", member, spent)
    assert await ledger.balance(member, START + 39 * DAY) == (0, 10, 0, 0)


async def test_parts_clawed_back_sum_exactly(ledger: Ledger) -> None:
    await ledger.open()
    member = await ledger.member()
    [earned] = await ledger.call("earn", member, 100, basis=7)
    taken = []
    for _ in range(7):
        before = (await ledger.balance(member))[1]
        await ledger.call("claw_back", member, earned, 1)
        taken.append(before - (await ledger.balance(member))[1])
    assert taken == [14, 14, 14, 15, 14, 14, 15]
    await refused(ledger, "QP006", "claw_back", member, earned, 1)


async def test_spent_points_clawed_back_become_debt_that_the_next_activation_pays(ledger: Ledger) -> None:
    await ledger.open()
    member = await ledger.member()
    [earned] = await ledger.call("earn", member, 100)
    await ledger.call("spend", member, 70)
    await ledger.call("claw_back", member, earned, 100)
    assert await ledger.balance(member) == (0, 0, 0, 70)
    await ledger.call("earn", member, 50)
    assert await ledger.balance(member) == (0, 0, 0, 20)
    await ledger.settle()
    assert await ledger.balance(member) == (0, 0, 0, 20)
    await ledger.call("earn", member, 50)
    await ledger.settle()
    assert await ledger.balance(member) == (0, 30, 0, 0)


async def test_a_restored_spend_pays_debt_first(ledger: Ledger) -> None:
    await ledger.open()
    member = await ledger.member()
    [earned] = await ledger.call("earn", member, 100)
    [spent] = await ledger.call("spend", member, 100)
    await ledger.call("claw_back", member, earned, 60)
    await ledger.call("restore", member, spent, 50)
    assert await ledger.balance(member) == (0, 0, 0, 10)
    await ledger.call("restore", member, spent)
    assert await ledger.balance(member) == (0, 40, 0, 0)


async def test_expired_points_are_not_clawed_back_again(ledger: Ledger) -> None:
    await ledger.open(months=1)
    member = await ledger.member()
    [earned] = await ledger.call("earn", member, 100)
    await ledger.call("spend", member, 60)
    await ledger.set_clock(START + 40 * DAY)
    await ledger.call("claw_back", member, earned, 50)
    assert await ledger.balance(member) == (0, 0, 0, 10)
    await ledger.call("claw_back", member, earned, 50)
    assert await ledger.balance(member) == (0, 0, 0, 60)


async def test_members_send_each_other_points_within_limits(ledger: Ledger) -> None:
    await ledger.open(limits=(10, 50, 80))
    sender, receiver = await ledger.member(), await ledger.member()
    await ledger.call("earn", sender, 500)
    await refused(ledger, "QP003", "send", sender, receiver, 20)
    await ledger.call("earn", receiver, 1)
    for amount in (9, 51):
        await refused(ledger, "QP007", "send", sender, receiver, amount)
    await ledger.call("send", sender, receiver, 50)
    await refused(ledger, "QP007", "send", sender, receiver, 31)
    await ledger.call("send", sender, receiver, 30)
    assert (await ledger.balance(sender), await ledger.balance(receiver)) == ((0, 420, 0, 0), (0, 81, 0, 0))
    lots = await ledger.connection.fetch("select distinct expires_at from points_lot")
    assert len(lots) == 1
    await ledger.set_clock(START + 31 * DAY)
    await ledger.call("send", sender, receiver, 30)


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1, None])
async def test_an_amount_has_bounds(ledger: Ledger, amount: int | None) -> None:
    await ledger.open()
    member = await ledger.member()
    for function in ("earn", "spend", "hold"):
        await refused(ledger, "QP004", function, member, amount)


async def test_nothing_is_earned_in_the_future_or_by_nobody(ledger: Ledger) -> None:
    await ledger.open()
    await refused(ledger, "QP010", "earn", await ledger.member(), 1, earned_at=START + DAY)
    await refused(ledger, "QP003", "earn", UUID(int=1), 1)


async def test_a_pool_is_spent_by_its_spenders_up_to_their_caps(ledger: Ledger) -> None:
    await ledger.open()
    company = await ledger.member("ORGANISATION")
    await ledger.connection.execute("select points_open_pool($1, $2)", ledger.programme, company)
    one, other = await ledger.person(company), await ledger.person(company)
    for person, cap in ((one, 1000), (other, 100)):
        await ledger.connection.execute(
            "select points_set_spender($1, $2, $3, $4)", ledger.programme, company, person, cap
        )
    for _ in range(20):
        await ledger.call("earn", company, 30)
    await refused(ledger, "QP011", "spend", company, 1)
    await refused(ledger, "QP011", "spend", company, 1, spender=await ledger.person(company))
    await refused(ledger, "QP008", "spend", company, 101, spender=other)
    await ledger.call("spend", company, 100, spender=other)
    [spent] = await ledger.call("spend", company, 400, spender=one)
    assert await ledger.balance(company) == (0, 100, 0, 0)
    await refused(ledger, "QP002", "spend", company, 101, spender=one)
    await refused(ledger, "QP008", "spend", company, 1, spender=other)
    await ledger.call("restore", company, spent, 50)
    assert await ledger.balance(company) == (0, 150, 0, 0)
    await ledger.set_clock(START + 31 * DAY)
    await ledger.call("spend", company, 100, spender=other)


async def test_an_imported_history_counts_from_its_instants(ledger: Ledger) -> None:
    await ledger.open(days=1, months=1)
    member = await ledger.member()
    was = START - 100 * DAY
    await ledger.call("earn", member, 10, earned_at=was)
    await ledger.call("earn", member, 5, earned_at=START - 10 * DAY)
    assert await ledger.balance(member) == (0, 5, 0, 0)
    for _ in range(2):
        past = [await ledger.balance(member, was + days * DAY) for days in (-1, 0, 2, 50, 95)]
        assert past == [(0, 0, 0, 0), (10, 0, 0, 0), (0, 10, 0, 0), (0, 0, 0, 0), (0, 5, 0, 0)]
        await ledger.settle()
