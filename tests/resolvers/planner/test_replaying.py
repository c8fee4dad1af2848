"""What has a key is done once: however often, in whatever form and however much at once it is asked."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
import pytest
import sqlalchemy as sa
import strawberry
from structlog.testing import capture_logs

from domain.idempotency import requests
from domain.idempotency.keys import digest, lock_number
from domain.idempotency.requests import forget_requests
from domain.idempotency.tables import IdempotentRequest
from foundation.clock import system_clock
from foundation.database import Database
from foundation.refusals import Refusal
from foundation.session import transaction
from foundation.settings import Settings
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.limits import DocumentLimits
from resolvers.planner.master import PlannedSchema
from resolvers.planner.mutations import Act, UserError, mutation
from segments.audiences import STAFF
from segments.classification import Classification
from segments.marks import For
from segments.outbox import OutboxEvent
from segments.viewer import Viewer
from segments.views import compile_views
from tests.people import IDS, SYSTEM, person, store

PARALLEL = 50


async def ring_bell(act: Act, *, name: str) -> Any:
    """Ring a bell: a row, and an answer that is never twice the same."""
    number = act.new_id()
    row = {"id": number, "kind": name, "subject_id": number, "payload": {"key": act.key}, "at": act.now}
    await act.session.execute(sa.insert(OutboxEvent).inline().values(row))
    if name == "refused":
        raise Refusal("NOT_FOUND", ("name",))
    if name == "broken":
        raise RuntimeError(name)
    return {"note": f"{name} {number}", "loud": name, "volume": "no number" if name == "faint" else None}


@For(STAFF)
@strawberry.input
class RingInput:
    name: str


@For(STAFF)
@strawberry.type
class RingPayload:
    note: str | None
    loud: str | None
    volume: int | None
    errors: list[UserError]


@strawberry.type
class Query:
    bell: Annotated[str, For(STAFF)] = strawberry.field(resolver=lambda: "bell", graphql_type=str)


@strawberry.type
class Mutation:
    ring: Annotated[RingPayload, For(STAFF)] = mutation(ring_bell, RingInput, RingPayload)
    pay: Annotated[RingPayload, For(STAFF)] = mutation(ring_bell, RingInput, RingPayload, idempotent=True)
    whisper: Annotated[RingPayload, For(STAFF)] = mutation(ring_bell, RingInput, RingPayload, tells_once=True)


MASTER = PlannedSchema(query=Query, mutation=Mutation)
DENIED = '"refused"'
RING = "ring(input: {name: $name}) { note }"
PAY = "mutation($key: String!, $name: String!) { pay(input: {name: $name}) @idempotent(key: $key) { note } }"
PEOPLE = (person("one@example.com"), person("other@example.com"))
SOMEBODY, OTHER = (Viewer(STAFF, person_id=each.id, language="en") for each in PEOPLE)


@pytest.fixture(scope="module")
async def engine(own_database: Database, settings: Settings) -> AsyncIterator[Engine]:
    await store(own_database, *PEOPLE)
    made = Engine(compile_views(MASTER, (STAFF,)), own_database, DocumentLimits.of(settings))
    yield made
    await made.close()


@pytest.fixture
def key() -> str:
    """A key of the test's own, which is also the name of its bell."""
    return f"bell-{IDS()}"


async def told(engine: Engine, source: str, viewer: Viewer = SOMEBODY, **variables: Any) -> Answer:
    with capture_logs():
        return await engine.execute(viewer, Operation(source, variables))


async def said(engine: Engine, source: str, viewer: Viewer = SOMEBODY, **variables: Any) -> Any:
    return orjson.loads((await told(engine, source, viewer, **variables)).body)


def codes(answer: Any) -> list[tuple[str, Any]]:
    return [(each["extensions"]["code"], each.get("path")) for each in answer["errors"]]


async def rung(engine: Engine, name: str) -> int:
    """How often a bell was rung for good."""
    async with transaction(engine.database, SYSTEM) as session:
        counted = sa.select(sa.func.count()).select_from(OutboxEvent).where(OutboxEvent.kind == name)
        return await session.scalar(counted) or 0


async def test_the_second_time_answers_the_first_time_s_bytes(engine: Engine, key: str) -> None:
    first = await told(engine, PAY, key=key, name=key)
    again = await told(engine, PAY, key=key, name=key)
    assert first == again
    assert key in orjson.loads(first.body)["data"]["pay"]["note"]
    assert await rung(engine, key) == 1


async def test_without_a_key_it_is_done_each_time(engine: Engine, key: str) -> None:
    asked = "mutation($name: String!) { ring(input: {name: $name}) { note } }"
    assert await told(engine, asked, name=key) != await told(engine, asked, name=key)
    assert await rung(engine, key) == 2


async def test_fifty_at_once_are_one(engine: Engine, key: str) -> None:
    # First others, so that all connections are open, and none of the fifty is done before the next begins.
    await asyncio.gather(*(told(engine, PAY, key=f"{key}{number}", name="first") for number in range(PARALLEL)))
    answers = await asyncio.gather(*(told(engine, PAY, key=key, name=key) for _ in range(PARALLEL)))
    assert len({each.body for each in answers}) == 1
    assert orjson.loads(answers[0].body)["data"]["pay"]["note"]
    assert await rung(engine, key) == 1


async def test_a_key_stands_for_one_request(engine: Engine, key: str) -> None:
    await told(engine, PAY, key=key, name=key)
    others = {
        "variables": told(engine, PAY, key=key, name=f"{key} louder"),
        "document": told(engine, PAY.replace("note", "note loud"), key=key, name=key),
        "field": told(engine, PAY.replace("pay(", "again: pay("), key=key, name=key),
    }
    for what, other in others.items():
        answer = await other
        assert (answer.refused, answer.code) == (True, "KEY_REUSED"), what
    assert await rung(engine, key) == 1
    assert await rung(engine, f"{key} louder") == 0


async def test_a_key_is_its_caller_s(engine: Engine, key: str) -> None:
    program = Viewer(STAFF, person_id=SOMEBODY.person_id, client_id="program", language="en")
    viewers = (SOMEBODY, OTHER, program)
    notes = {(await told(engine, PAY, each, key=key, name=key)).body for each in viewers for _ in range(2)}
    assert len(notes) == len(viewers)
    assert await rung(engine, key) == len(viewers)


async def test_nobody_has_no_keys(engine: Engine, key: str) -> None:
    answer = await said(engine, PAY, Viewer(STAFF, language="en"), key=key, name=key)
    assert codes(answer) == [("KEY_WITHOUT_CALLER", ["pay"])]
    assert await rung(engine, key) == 0


async def test_what_was_refused_has_changed_nothing_and_may_be_asked_again(engine: Engine, key: str) -> None:
    asked = PAY.replace("{ note }", "{ note problems: errors { code } }")
    first = await said(engine, asked, key=key, name="refused")
    assert first == {"data": {"pay": {"note": None, "problems": [{"code": "NOT_FOUND"}]}}}
    assert (await said(engine, asked, key=key, name=key))["data"]["pay"]["note"]
    assert await rung(engine, "refused") == 0
    assert await rung(engine, key) == 1


async def test_an_operation_with_a_key_happens_as_a_whole_or_not_at_all(engine: Engine, key: str) -> None:
    both = """mutation($key: String!, $name: String!, $other: String!) {
        ring(input: {name: $name}) { note }
        pay(input: {name: $other}) @idempotent(key: $key) { note volume }
    }"""
    for other in ("broken", "faint"):
        failed = await said(engine, both, key=key, name=key, other=other)
        assert failed["data"] is None, other
        assert {code for code, _ in codes(failed)} == {"INTERNAL"}
        assert await rung(engine, key) == 0
        assert await rung(engine, other) == 0
    assert (await said(engine, both, key=key, name=key, other=key))["data"]["pay"]["note"]
    assert await rung(engine, key) == 2


async def test_the_only_field_without_a_key_leaves_nothing_when_refused_or_broken_and_stays_when_its_answer_fails(
    engine: Engine, key: str
) -> None:
    asked = "mutation($name: String!) { ring(input: {name: $name}) { note volume problems: errors { code } } }"
    refused = await said(engine, asked, name="refused")
    assert refused == {"data": {"ring": {"note": None, "volume": None, "problems": [{"code": "NOT_FOUND"}]}}}
    broken = await said(engine, asked, name="broken")
    assert (broken["data"], codes(broken)) == (None, [("INTERNAL", ["ring"])])
    assert await rung(engine, "refused") == await rung(engine, "broken") == 0
    faint = await said(engine, asked, name="faint")
    assert (faint["data"]["ring"]["volume"], codes(faint)) == (None, [("INTERNAL", ["ring", "volume"])])
    assert await rung(engine, "faint") == 1
    several = f"mutation($name: String!) {{ first: {RING} second: {RING.replace('$name', DENIED)} }}"
    assert (await said(engine, several, name=key))["data"]["second"]["note"] is None
    assert (await rung(engine, key), await rung(engine, "refused")) == (1, 0)


async def test_fields_have_keys_of_their_own_and_stay_in_their_order(engine: Engine, key: str) -> None:
    asked = """mutation($a: String!, $b: String!, $name: String!) {
        last: ring(input: {name: $name}) @idempotent(key: $a) { note }
        ...Rest
    }
    fragment Rest on Mutation { free: ring(input: {name: $name}) { note } ... on Mutation {
        first: pay(input: {name: $name}) @idempotent(key: $b) { note }
        first: pay(input: {name: $name}) @idempotent(key: $b) { loud }
    } }"""
    first = await told(engine, asked, a=f"{key}a", b=f"{key}b", name=key)
    again = orjson.loads((await told(engine, asked, a=f"{key}a", b=f"{key}b", name=key)).body)["data"]
    before = orjson.loads(first.body)["data"]
    assert list(again) == list(before) == ["last", "free", "first"]
    assert before["last"] == again["last"]
    assert before["first"] == again["first"]
    assert before["free"] != again["free"]
    assert await rung(engine, key) == 4


async def test_one_key_for_two_fields_is_one_too_few(engine: Engine, key: str) -> None:
    asked = """mutation($key: String!, $name: String!) {
        a: pay(input: {name: $name}) @idempotent(key: $key) { note }
        b: pay(input: {name: $name}) @idempotent(key: $key) { note }
    }"""
    assert codes(await said(engine, asked, key=key, name=key))[0][0] == "KEY_REUSED"
    assert await rung(engine, key) == 0


async def test_a_field_that_is_left_out_takes_no_key(engine: Engine, key: str) -> None:
    asked = """mutation($key: String!, $name: String!, $go: Boolean!) {
        pay(input: {name: $name}) @include(if: $go) @idempotent(key: $key) { note }
    }"""
    assert (await said(engine, asked, key=key, name=key, go=False))["data"] == {}
    assert (await said(engine, PAY, key=key, name=key))["data"]["pay"]["note"]


@pytest.mark.parametrize("wrong", ["", "x" * 201, "a\0b", "\ud800"])
async def test_what_is_no_key_is_refused(engine: Engine, wrong: str) -> None:
    answer = await said(engine, PAY, key=wrong, name="unheard")
    assert codes(answer) == [("BAD_USER_INPUT", ["pay"])]
    assert await rung(engine, "unheard") == 0


async def test_200_characters_of_any_kind_are_a_key(engine: Engine) -> None:
    assert (await said(engine, PAY, key="键" * 200, name="heard"))["data"]["pay"]["note"]


UNKEYED = 'mutation { pay(input: {name: "unheard"}) { note } }'
MISPLACED = {
    "none is given": (UNKEYED, "KEY_REQUIRED"),
    "it stands within": (PAY.replace("{ note }", '{ note @idempotent(key: "2") }'), "KEY_MISPLACED"),
    "a query has it": ('{ bell @idempotent(key: "1") }', "KEY_MISPLACED"),
    "there are two": (
        """mutation($key: String!, $name: String!) {
            pay(input: {name: $name}) @idempotent(key: $key) { note }
            pay(input: {name: $name}) @idempotent(key: "2") { loud }
        }""",
        "KEY_MISPLACED",
    ),
    "it may be missing": (PAY.replace("$key: String!", "$key: String"), "GRAPHQL_VALIDATION_FAILED"),
    "it is in an unused place": ('mutation @idempotent(key: "1") { ring(input: {name: "x"}) { note } }', "GRAPHQL_VALIDATION_FAILED"),
}  # fmt: skip


@pytest.mark.parametrize("why", MISPLACED)
async def test_a_key_stands_where_it_must_and_nowhere_else(engine: Engine, why: str) -> None:
    source, code = MISPLACED[why]
    answer = await told(engine, source, key="k", name="unheard")
    assert (answer.refused, answer.code) == (True, code)
    assert await rung(engine, "unheard") == 0


async def test_the_refusal_names_the_field_that_lacks_its_key(engine: Engine) -> None:
    [error] = (await said(engine, UNKEYED))["errors"]
    assert error["path"] == ["pay"]
    assert error["message"].startswith("pay must have @idempotent(key:)")


async def test_a_secret_is_not_kept(engine: Engine, key: str) -> None:
    asked = PAY.replace("pay(", "whisper(")
    first = await said(engine, asked, key=key, name=key)
    assert codes(await said(engine, asked, key=key, name=key)) == [("KEY_ANSWER_TOLD", ["whisper"])]
    assert await rung(engine, key) == 1
    async with transaction(engine.database, SYSTEM) as session:
        [kept] = (await session.execute(sa.select(IdempotentRequest.__table__).filter_by(key=key))).all()
    assert first["data"]["whisper"]["note"] not in str(kept)


async def test_the_wait_for_another_is_bounded(engine: Engine, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "WAIT_MILLISECONDS", 50)
    async with transaction(engine.database, SYSTEM) as session:
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number(digest(SOMEBODY, key)))))
        answer = await told(engine, PAY, key=key, name=key)
        assert (answer.refused, answer.code) == (True, "KEY_BUSY")
    assert (await said(engine, PAY, key=key, name=key))["data"]["pay"]["note"]


async def test_who_was_cleared_once_reads_no_old_answer(engine: Engine, key: str) -> None:
    """What a cleared person's answer may hold is not given to the same person without clearance, and not done again."""
    cleared = Viewer(
        STAFF, person_id=SOMEBODY.person_id, compartments=frozenset({"X"}), clearance=Classification.SECRET
    )
    first = await told(engine, PAY, cleared, key=key, name=key)
    assert await told(engine, PAY, cleared, key=key, name=key) == first
    assert (await told(engine, PAY, key=key, name=key)).code == "KEY_REUSED"
    assert await rung(engine, key) == 1


async def test_old_requests_are_forgotten(engine: Engine, key: str) -> None:
    await told(engine, PAY, key=key, name=key)
    later = system_clock() + dt.timedelta(days=7)
    async with transaction(engine.database, SYSTEM) as session:
        assert await forget_requests(session, later - dt.timedelta(hours=1), days=7) == 0
        assert await forget_requests(session, later + dt.timedelta(hours=1), days=7) > 0
        left = await session.scalar(sa.select(sa.func.count()).select_from(IdempotentRequest.__table__))
    assert left == 0
    await told(engine, PAY, key=key, name=key)
    assert await rung(engine, key) == 2
