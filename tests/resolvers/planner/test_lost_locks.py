"""What PostgreSQL ends for the sake of another is begun again as a whole, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
import pytest
import sqlalchemy as sa
import strawberry
from structlog.testing import capture_logs

from foundation.database import Database, connect
from foundation.session import transaction
from foundation.settings import Settings
from resolvers.planner.engine import TRIES_MAX, Engine, Operation
from resolvers.planner.limits import DocumentLimits
from resolvers.planner.master import PlannedSchema
from resolvers.planner.mutations import Act, UserError, mutation
from segments.audiences import STAFF
from segments.marks import For
from segments.outbox import OutboxEvent
from segments.viewer import Viewer
from segments.views import compile_views
from tests.crossing import met
from tests.people import IDS, SYSTEM, person, store

OURS, THEIRS = 20_261, 20_262
LOST = "do $$ begin raise exception 'lost' using errcode = '{}'; end $$"
# What the acts do, which the tests prepare: how many tries are lost, by which SQLSTATE, and whom they wait for in between.
tries: list[str] = []


class Plan:
    lost = 0
    state = "40P01"
    between: asyncio.Event | None = None
    holding: asyncio.Event | None = None


async def lock_both(act: Act, *, name: str) -> Any:
    """Ring a bell, take our lock and then theirs."""
    tries.append(name)
    number = act.new_id()
    row = {"id": number, "kind": name, "subject_id": number, "payload": {}, "at": act.now}
    await act.session.execute(sa.insert(OutboxEvent).inline().values(row))
    if tries.count(name) <= Plan.lost:
        await act.session.execute(sa.text(LOST.format(Plan.state)))
    await act.session.execute(sa.select(sa.func.pg_advisory_xact_lock(OURS)))
    if Plan.holding is not None and Plan.between is not None:
        Plan.holding.set()
        await Plan.between.wait()
    await act.session.execute(sa.select(sa.func.pg_advisory_xact_lock(THEIRS)))
    return {"note": f"{name} {number}"}


@For(STAFF)
@strawberry.input
class LockInput:
    name: str


@For(STAFF)
@strawberry.type
class LockPayload:
    note: str | None
    errors: list[UserError]


@strawberry.type
class Query:
    lock: Annotated[str, For(STAFF)] = strawberry.field(resolver=lambda: "lock", graphql_type=str)


@strawberry.type
class Mutation:
    lock: Annotated[LockPayload, For(STAFF)] = mutation(lock_both, LockInput, LockPayload)
    pay: Annotated[LockPayload, For(STAFF)] = mutation(lock_both, LockInput, LockPayload, idempotent=True)


MASTER = PlannedSchema(query=Query, mutation=Mutation)
SOMEBODY = person("locks@example.com")
VIEWER = Viewer(STAFF, person_id=SOMEBODY.id, language="en")
ALONE = "mutation($name: String!) { lock(input: {name: $name}) { note } }"
KEYED = "mutation($name: String!) { pay(input: {name: $name}) @idempotent(key: $name) { note } }"
TWO = "mutation($name: String!) { lock(input: {name: $name}) { note } other: lock(input: {name: $name}) { note } }"


@pytest.fixture(scope="module")
async def engine(own_database: Database, settings: Settings) -> AsyncIterator[Engine]:
    superuser = own_database.addresses.superuser
    assert superuser is not None
    owner = await connect(superuser)
    # Before the first connection of the application: who closes the circle finds it at once.
    await owner.execute(f"alter database {superuser.database} set deadlock_timeout = '10ms'")
    await owner.close()
    await store(own_database, SOMEBODY)
    made = Engine(compile_views(MASTER, (STAFF,)), own_database, DocumentLimits.of(settings))
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def plan() -> None:
    tries.clear()
    Plan.lost, Plan.state, Plan.between, Plan.holding = 0, "40P01", None, None


async def asked(engine: Engine, source: str, name: str) -> tuple[Any, list[str]]:
    """The answer, and what was logged as a warning."""
    with capture_logs() as logs:
        answer = await engine.execute(VIEWER, Operation(source, {"name": name}))
    return orjson.loads(answer.body), [each["event"] for each in logs if each["log_level"] == "warning"]


async def rung(engine: Engine, name: str) -> int:
    async with transaction(engine.database, SYSTEM) as session:
        counted = sa.select(sa.func.count()).select_from(OutboxEvent).where(OutboxEvent.kind == name)
        return await session.scalar(counted) or 0


async def test_the_victim_of_a_deadlock_is_begun_again(engine: Engine) -> None:
    name = str(IDS())
    Plan.between, Plan.holding = asyncio.Event(), asyncio.Event()
    superuser = engine.database.addresses.superuser
    assert superuser is not None
    other, watcher = await connect(superuser, deadlock_timeout="1h"), await connect(superuser)
    try:
        async with other.transaction():
            await other.execute("select pg_advisory_xact_lock($1)", THEIRS)
            answering = asyncio.create_task(asked(engine, KEYED, name))
            await Plan.holding.wait()
            wanted = asyncio.create_task(other.execute("select pg_advisory_xact_lock($1)", OURS))
            ours = await watcher.fetchval(
                "select pid from pg_locks where locktype = 'advisory' and objid = $1 and granted", OURS
            )
            assert await met(watcher, ours, other.get_server_pid(), wanted)
            # The other one waits already: whoever closes the circle is its victim.
            Plan.between.set()
            await wanted
        answer, logged = await answering
    finally:
        await other.close()
        await watcher.close()
    assert answer["data"]["pay"]["note"].startswith(name)
    assert logged == ["operation begun again"]
    assert tries == [name, name]
    assert await rung(engine, name) == 1
    assert (await asked(engine, KEYED, name))[0] == answer, "kept under its key, once"


@pytest.mark.parametrize("source", [ALONE, KEYED, TWO])
@pytest.mark.parametrize("state", ["40P01", "40001"])
async def test_it_is_begun_again_as_a_whole(engine: Engine, source: str, state: str) -> None:
    Plan.lost, Plan.state, name = TRIES_MAX - 1, state, str(IDS())
    answer, logged = await asked(engine, source, name)
    assert "errors" not in answer
    assert len(logged) == TRIES_MAX - 1
    assert await rung(engine, name) == len(answer["data"])


@pytest.mark.parametrize("source", [ALONE, KEYED, TWO])
async def test_it_is_not_begun_again_for_ever(engine: Engine, source: str) -> None:
    Plan.lost, name = 100, str(IDS())
    answer, logged = await asked(engine, source, name)
    assert {each["extensions"]["code"] for each in answer["errors"]} == {"INTERNAL"}
    assert (answer["data"], len(logged)) == (None, TRIES_MAX - 1)
    assert len(tries) == TRIES_MAX
    assert await rung(engine, name) == 0


async def test_another_fault_is_answered_at_once(engine: Engine) -> None:
    Plan.lost, Plan.state, name = 1, "55000", str(IDS())
    answer, logged = await asked(engine, KEYED, name)
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert (tries, logged) == ([name], [])
