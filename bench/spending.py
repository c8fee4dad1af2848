"""`spendPoints` by GraphQL over HTTP, from a counter, against the ledger's own function called by a bare driver."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

from bench.ledger import KEY, LITERAL, PROGRAMME, Crowd
from bench.load import Task, post, run_load
from bench.place import bench_settings
from bench.rows import Row, median
from bench.servers import Server, running
from bench.subjects.registry import OURS
from bench.viewers import token_of
from domain.identity.tables import Person
from foundation.clock import system_clock
from foundation.database import SESSION_SETTINGS, Addresses, connect, open_database
from foundation.ids import system_ids
from foundation.session import transaction
from resolvers.planner.keys import encode_id
from segments.audiences import STAFF
from segments.classification import Classification
from segments.viewer import Viewer

if TYPE_CHECKING:
    from foundation.database import RawConnection

CONNECTIONS = 8
# More than anybody can answer in a second; each has a key of its own, so none is a repetition.
REQUESTS_A_SECOND = 3_000
SPEND = """mutation($key: String!, $input: SpendPointsInput!) { spendPoints(input: $input) @idempotent(key: $key) {
    membership { balance { available } } transfer { id } errors { code } } }"""
CALL = f"select points_spend('{PROGRAMME}', $1, $2, '\\x00', 1)"


async def spend_row(places: Addresses, crowd: Crowd, rounds: int, seconds: float, say: Callable[[str], None]) -> Row:
    """Spends a second by GraphQL as a part of those by the function; medians of interleaved rounds."""
    token = await counter_token()
    chance = random.Random(7)
    bare: list[float] = []
    ours: list[float] = []
    drivers = [await driver(places) for _ in range(CONNECTIONS)]
    try:
        async with running(OURS, places) as server:
            await check(server, token, crowd)
            for number in range(rounds):
                say(f"points: spendPoints by GraphQL, round {number + 1} of {rounds}")
                bare.append(await called(drivers, crowd, chance, seconds))
                ours.append(await asked(server, token, crowd, chance, seconds))
    finally:
        for each in drivers:
            await each.close()
    share = median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    note = f"{CONNECTIONS} connections; {median(ours):,.0f}/s of {median(bare):,.0f}/s; keys kept, rows read back, events told"
    return Row("points", "GraphQL spendPoints", "share of the bare function's rate", share, note)


async def counter_token() -> str:
    """A token of somebody at a counter."""
    settings, new_id = bench_settings(), system_ids(system_clock)
    counter = Person(
        id=new_id(),
        email="counter@example.com",
        name="柜台",
        audience=STAFF,
        customer_id=None,
        employee_id=None,
        clearance=Classification.INTERNAL,
        compartments=[],
        roles=["sales"],
        password_hash="none",  # noqa: S106 - nobody signs in with it
        active=True,
        created_at=system_clock(),
    )
    database = open_database(settings)
    try:
        async with transaction(database, Viewer.system().row_settings()) as session:
            session.add(counter)
            await session.flush()
            await session.refresh(counter)
            return await token_of(settings, session, counter, system_clock(), new_id, valid_for=dt.timedelta(hours=12))
    finally:
        await database.close()


async def driver(places: Addresses) -> RawConnection:
    """A connection of the application's role that acts as staff."""
    connection = await connect(places.application, **SESSION_SETTINGS)
    for name, value in Viewer(STAFF).row_settings().items():
        await connection.execute("select set_config($1, $2, false)", name, value)
    return connection


async def called(drivers: list[RawConnection], crowd: Crowd, chance: random.Random, seconds: float) -> float:
    """Calls of the function a second."""
    until = time.perf_counter() + seconds
    prepared = [await each.prepare(CALL) for each in drivers]
    members = await drivers[0].fetch(f"select {KEY.format('n')} from generate_series({crowd.first}, {crowd.last}) as n")
    keys = [row[0] for row in members]

    async def work(statement: Any) -> int:
        done = 0
        while time.perf_counter() < until:
            await statement.fetchval(chance.choice(keys), f"bare {chance.random()}")
            done += 1
        return done

    return sum(await asyncio.gather(*map(work, prepared))) / seconds


def body_of(crowd: Crowd, chance: random.Random) -> str:
    """A request of its own to spend a point of any member."""
    key = LITERAL.format(chance.randint(crowd.first, crowd.last)).strip("'")
    spent = {"membership": encode_id("Membership", UUID(key)), "amount": "1"}
    return json.dumps({"query": SPEND, "variables": {"key": f"counter {chance.random()}", "input": spent}})


async def asked(server: Server, token: str, crowd: Crowd, chance: random.Random, seconds: float) -> float:
    """Answers a second."""
    count = round(REQUESTS_A_SECOND * max(seconds, 1))
    requests = [post(server.port, "/graphql", body_of(crowd, chance), token) for _ in range(count)]
    found = await run_load(Task(server.port, seconds, CONNECTIONS, requests))
    if found.failed or found.answered > count:
        raise RuntimeError(f"{found.failed} of {found.answered} spends failed, of {count} that were ready")
    return found.answered / found.seconds


async def check(server: Server, token: str, crowd: Crowd) -> None:
    """What is measured is a spend."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    async with httpx.AsyncClient(timeout=30, headers=headers) as client:
        body = body_of(crowd, random.Random(11))
        answer = (await client.post(f"http://127.0.0.1:{server.port}/graphql", content=body)).json()
    if "errors" in answer or answer["data"]["spendPoints"]["errors"]:
        raise RuntimeError(f"a spend fails: {answer}")
