"""Many at once: one key moves once, money neither appears nor vanishes, and what is due is settled once."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from domain.points.verifying import INVARIANTS
from foundation.clock import system_clock
from foundation.database import Addresses, Database, connect
from segments.viewer import Viewer
from tests.domain.points.ledgers import Ledger, committed_ledger

MEMBERS, EACH, WORKERS, ROUNDS = 6, 1_000, 6, 40


@asynccontextmanager
async def applications(places: Addresses, count: int, programme: UUID) -> AsyncIterator[list[Ledger]]:
    """So many connections of the application's role, with their own true clock."""
    async with AsyncExitStack() as stack:
        opened = [await connect(places.application) for _ in range(count)]
        for connection in opened:
            stack.push_async_callback(connection.close)
        ledgers = [Ledger(connection) for connection in opened]
        for number, each in enumerate(ledgers):
            await each.act_as(Viewer.system())
            each.programme = programme
            each.keys = number * 1_000_000
        yield ledgers


@pytest.fixture(scope="module")
async def owner(own_database: Database) -> AsyncIterator[Ledger]:
    async with committed_ledger(own_database.addresses) as ledger:
        await ledger.set_clock(system_clock())
        await ledger.open(limits=(1, 10**6, 10**6))
        await ledger.connection.execute("select set_config('q.points_now', '', false)")
        yield ledger


async def in_order(owner: Ledger) -> None:
    for name, query in INVARIANTS.items():
        assert await owner.connection.fetch(query) == [], name


async def test_fifty_calls_with_one_key_are_one_movement(own_database: Database, owner: Ledger) -> None:
    member = await owner.member()
    await owner.call("earn", member, 1_000)
    async with applications(own_database.addresses, 50, owner.programme) as ledgers:
        answers = await asyncio.gather(*(each.call("spend", member, 10, key="one") for each in ledgers))
        assert len({tuple(answer) for answer in answers}) == 1
        assert await owner.balance(member) == (0, 990, 0, 0)
        others = await asyncio.gather(
            *(each.call("spend", member, 11, key="one") for each in ledgers), return_exceptions=True
        )
    assert {getattr(each, "sqlstate", None) for each in others} == {"QP001"}
    assert await owner.balance(member) == (0, 990, 0, 0)


async def test_sent_back_and_forth_the_total_is_constant_in_every_snapshot(
    own_database: Database, owner: Ledger
) -> None:
    members = [await owner.member() for _ in range(MEMBERS)]
    for member in members:
        await owner.call("earn", member, EACH)
    await owner.settle()
    total = "select sum(available)::bigint from points_account where customer_id = any($1)"
    seen: list[int] = []
    async with applications(own_database.addresses, WORKERS + 1, owner.programme) as [watcher, *ledgers]:

        async def work(each: Ledger, seed: int) -> None:
            chance = random.Random(seed)  # noqa: S311 - whom a test picks is no secret
            for _ in range(ROUNDS):
                sender, receiver = chance.sample(members, 2)
                try:
                    await each.call("send", sender, receiver, chance.randint(1, 400))
                except asyncpg.PostgresError as error:
                    assert error.sqlstate == "QP002"  # noqa: PT017 - no other refusal may come

        async def watch() -> None:
            while True:
                seen.append(await watcher.connection.fetchval(total, members))

        watching = asyncio.create_task(watch())
        await asyncio.gather(*(work(each, seed) for seed, each in enumerate(ledgers)))
        watching.cancel()
    assert set(seen) == {MEMBERS * EACH}
    assert len(seen) > 20
    await in_order(owner)


async def test_without_locks_the_total_is_not_constant(own_database: Database, owner: Ledger) -> None:
    """The control: what reads, reckons and writes loses movements, so the test above would notice."""
    await owner.connection.execute("create table bank (number int primary key, available bigint not null)")
    await owner.connection.execute("grant select, update on bank to quadrant_app")
    await owner.connection.execute("insert into bank select generate_series(1, $1::int), $2::bigint", MEMBERS, EACH)
    try:
        async with applications(own_database.addresses, WORKERS, owner.programme) as ledgers:

            async def work(each: Ledger, seed: int) -> None:
                chance = random.Random(seed)  # noqa: S311 - whom a test picks is no secret
                for _ in range(ROUNDS):
                    sender, receiver = chance.sample(range(1, MEMBERS + 1), 2)
                    await careless(each, sender, receiver, chance.randint(1, 400))

            await asyncio.gather(*(work(each, seed) for seed, each in enumerate(ledgers)))
        assert await owner.connection.fetchval("select sum(available)::bigint from bank") != MEMBERS * EACH
    finally:
        await owner.connection.execute("drop table bank")


async def careless(each: Ledger, sender: int, receiver: int, amount: int) -> None:
    read = "select available from bank where number = $1"
    has = await each.connection.fetchval(read, sender)
    got = await each.connection.fetchval(read, receiver)
    if has >= amount:
        write = "update bank set available = $2 where number = $1"
        await each.connection.execute(write, sender, has - amount)
        await each.connection.execute(write, receiver, got + amount)


async def test_several_workers_settle_each_lot_once(own_database: Database, owner: Ledger) -> None:
    long_ago = system_clock() - dt.timedelta(days=900)
    members = [await owner.member() for _ in range(25)]
    for member in members:
        for _ in range(4):
            await owner.call("earn", member, 5, earned_at=long_ago)
    async with applications(own_database.addresses, 4, owner.programme) as ledgers:
        await asyncio.gather(*(each.settle() for each in ledgers))
    rows = await owner.connection.fetch(
        "select code, sum(amount)::bigint from points_transfer where customer_id = any($1) group by code", members
    )
    assert dict(rows) == {"EARN": 500, "ACTIVATE": 500, "EXPIRE": 500}
    await in_order(owner)


async def test_a_pools_spenders_do_not_spend_more_than_it_has(own_database: Database, owner: Ledger) -> None:
    company = await owner.member("ORGANISATION")
    await owner.connection.execute("select points_open_pool($1, $2)", owner.programme, company)
    for _ in range(32):
        await owner.call("earn", company, 10)
    people = [await owner.person(company) for _ in range(8)]
    for person in people:
        await owner.connection.execute("select points_set_spender($1, $2, $3, 1000)", owner.programme, company, person)
    async with applications(own_database.addresses, 8, owner.programme) as ledgers:

        async def work(each: Ledger, person: UUID) -> int:
            spent = 0
            for _ in range(10):
                try:
                    await each.call("spend", company, 7, spender=person)
                except asyncpg.PostgresError as error:
                    assert error.sqlstate == "QP002"  # noqa: PT017 - no other refusal may come
                else:
                    spent += 7
            return spent

        spent = sum(await asyncio.gather(*map(work, ledgers, people)))
    assert spent == 320 // 7 * 7
    assert await owner.balance(company) == (0, 320 - spent, 0, 0)
    await in_order(owner)
