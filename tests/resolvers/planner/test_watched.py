"""Every row above INTERNAL that an answer holds is in the audit log, and no other row is."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa

from domain.audit.tables import AuditEvent, AuditKind
from domain.audit.verifying import Verified
from foundation.database import Database, connect
from foundation.session import transaction
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.exporting import Exported
from resolvers.planner.keys import decode_id
from segments.audiences import STAFF, Audience
from segments.classification import Classification
from segments.outbox import CHANNEL
from segments.viewer import Viewer
from tests.domain.audit.chains import AUDITOR, verified
from tests.resolvers.planner.conftest import Stage

INTERNAL = 1
WHOLE = "query Whole { programmes(first: 100) { nodes { id code milestones(first: 50) { edges { node { id } } } } } }"


@pytest.fixture
def stage(stages: dict[Audience, Stage]) -> Stage:
    return stages[STAFF]


def watched(stage: Stage) -> Viewer:
    """Whoever sees the most."""
    return max(stage.viewers, key=lambda viewer: viewer.clearance.rank)


async def reads(database: Database) -> list[AuditEvent]:
    """The entries of reading, first to last."""
    async with transaction(database, AUDITOR.row_settings()) as session:
        entries = sa.select(AuditEvent).where(AuditEvent.kind == AuditKind.READ).order_by(AuditEvent.at)
        return list(await session.scalars(entries))


async def answer(engine: Engine, viewer: Viewer, source: str, variables: dict[str, Any] | None = None) -> Any:
    found = await engine.execute(viewer, Operation(source, variables or {}))
    body = orjson.loads(found.body)
    assert "errors" not in body, body
    assert b"#secret" not in found.body
    return body["data"]


def secret(stage: Stage, viewer: Viewer, table: str) -> set[UUID]:
    """The keys of the rows above INTERNAL that a viewer sees in a table."""
    return {row["id"] for row in stage.comparison.seen[viewer].rows[table] if row["classification"] > INTERNAL}


def ids_in(found: Any) -> set[UUID]:
    """The keys of all ids in an answer."""
    if isinstance(found, list):
        return set().union(*map(ids_in, found))
    if isinstance(found, dict):
        own = decode_id(found["id"]) if "id" in found else None
        return ({own[1]} if own else set()) | ids_in(list(found.values()))
    return set()


async def test_the_rows_of_an_answer_are_recorded_exactly(engine: Engine, own_database: Database, stage: Stage) -> None:
    viewer = watched(stage)
    given = ids_in(await answer(engine, viewer, WHOLE))
    last = (await reads(own_database))[-1]
    above = secret(stage, viewer, "programme") | secret(stage, viewer, "milestone")
    assert set(last.subjects) == given & above
    assert given & secret(stage, viewer, "programme")
    assert given & secret(stage, viewer, "milestone")
    assert given - above, "nothing would tell rows above INTERNAL from others"
    assert (last.person_id, last.audience, last.operation) == (viewer.person_id, "staff", "Whole")
    assert last.document == hashlib.sha256(WHOLE.encode()).hexdigest()


# Each holds the same page of programmes, by less and less of them.
PAGES = [
    "{ programmes(first: 100) { nodes { __typename } } }",
    "{ programmes(first: 100) { edges { cursor } } }",
    "{ a: programmes(first: 100) { nodes { code } edges { cursor } pageInfo { endCursor } } }",
    "{ programmes(last: 100) { nodes { ...on Programme { c: code } } } }",
]


@pytest.mark.parametrize("source", PAGES)
async def test_however_little_is_asked_of_a_row(
    engine: Engine, own_database: Database, stage: Stage, source: str
) -> None:
    viewer = watched(stage)
    await answer(engine, viewer, source)
    assert set((await reads(own_database))[-1].subjects) == secret(stage, viewer, "programme")


async def test_the_cursors_of_a_page_tell_of_their_two_rows(
    engine: Engine, own_database: Database, stage: Stage
) -> None:
    viewer = watched(stage)
    nodes = (await answer(engine, viewer, WHOLE))["programmes"]["nodes"]
    before = len(await reads(own_database))
    await answer(engine, viewer, "{ programmes(first: 100) { pageInfo { startCursor endCursor } } }")
    ends = ids_in([nodes[0]["id"] and {"id": nodes[0]["id"]}, {"id": nodes[-1]["id"]}])
    expected = ends & secret(stage, viewer, "programme")
    now = await reads(own_database)
    assert [set(entry.subjects) for entry in now[before:]] == ([expected] if expected else [])


async def test_a_cursor_alone_tells_of_a_row(engine: Engine, own_database: Database, stage: Stage) -> None:
    """A page of one row, which is above INTERNAL, of which nothing is asked but where it ends."""
    viewer = watched(stage)
    whole = "{ programmes(first: 100) { edges { cursor node { id } } } }"
    edges = (await answer(engine, viewer, whole))["programmes"]["edges"]
    keys = [min(ids_in(edge["node"])) for edge in edges]
    at = next(at for at, key in enumerate(keys) if at and key in secret(stage, viewer, "programme"))
    page = "query($after: String) { programmes(first: 1, after: $after) { pageInfo { %s } } }"
    for asked in ("endCursor", "startCursor"):
        before = len(await reads(own_database))
        await answer(engine, viewer, page % asked, {"after": edges[at - 1]["cursor"]})
        assert [entry.subjects for entry in (await reads(own_database))[before:]] == [[keys[at]]]


async def test_a_count_holds_no_row(engine: Engine, own_database: Database, stage: Stage) -> None:
    before = len(await reads(own_database))
    await answer(engine, watched(stage), "{ programmes { totalCount pageInfo { hasNextPage } } }")
    assert len(await reads(own_database)) == before


async def test_who_may_see_nothing_above_is_not_watched(engine: Engine, own_database: Database, stage: Stage) -> None:
    """They run the plan of everybody else: without marks and without a transaction."""
    before = len(await reads(own_database))
    lowly = [viewer for viewer in stage.viewers if viewer.clearance.rank <= INTERNAL]
    for viewer in lowly:
        await answer(engine, viewer, WHOLE)
        document = engine.document(viewer, Operation(WHOLE, {}))
        plan = document.plan(document.admit(viewer.scopes, {}))
        assert not plan.marks
        assert "#secret" not in plan.sql
    assert lowly
    assert len(await reads(own_database)) == before


async def test_a_merged_list_tells_of_its_rows(engine: Engine, own_database: Database, stage: Stage) -> None:
    viewer = watched(stage)
    everything = "timeline(first: 100) { edges { cursor %s } }"
    customers = "{ customers(first: 100) { nodes { id " + everything + " } } }"
    whole = await answer(engine, viewer, customers % "node { ...on Node { id } }")
    named = set((await reads(own_database))[-1].subjects)
    above: set[UUID] = set()
    for table, rows in stage.comparison.seen[viewer].rows.items():
        if rows and "classification" in rows[0]:
            above |= secret(stage, viewer, table)
    assert named == ids_in(whole) & above
    await answer(engine, viewer, customers % "")
    assert set((await reads(own_database))[-1].subjects) == named


REGISTER = """
    mutation Register($input: RegisterOutcomeInput!) {
        registerOutcome(input: $input) { outcome { id code } errors { code } }
    }
"""


@pytest.mark.parametrize("degree", ["INTERNAL", "SECRET"])
async def test_what_a_mutation_reads_back_is_recorded_with_it(
    engine: Engine, own_database: Database, stage: Stage, degree: str
) -> None:
    before = len(await reads(own_database))
    given = {
        "code": f"W-{degree}",
        "domain": "通信",
        "civilUse": "应急通信",
        "readiness": 4,
        "title": "抗干扰",
        "text": "正文",
        "compartments": [],
    }
    found = await answer(engine, watched(stage), REGISTER, {"input": given | {"classification": degree}})
    payload = found["registerOutcome"]
    assert payload["errors"] == []
    entries = (await reads(own_database))[before:]
    assert [set(entry.subjects) for entry in entries] == ([ids_in(payload)] if degree == "SECRET" else [])


async def test_what_a_subscription_tells_is_recorded(engine: Engine, own_database: Database, stage: Stage) -> None:
    viewer = watched(stage)
    unit = min(secret(stage, viewer, "equipment"))
    before = len(await reads(own_database))
    stream = engine.subscribe(viewer, Operation("subscription Units { equipmentChanged { serialNumber } }", {}))
    async with asyncio.timeout(20), aclosing(stream):
        waiting = asyncio.ensure_future(anext(stream))
        while not engine.hub._listeners.get("equipment.changed"):  # noqa: ASYNC110 - the hub tells nobody who listens.
            await asyncio.sleep(0.01)
        async with transaction(own_database, Viewer.system().row_settings()) as session:
            await session.execute(sa.select(sa.func.pg_notify(CHANNEL, f"equipment.changed:{unit}")))
        told = await waiting
    assert b"serialNumber" in told.body
    [entry] = (await reads(own_database))[before:]
    assert (entry.subjects, entry.operation, entry.person_id) == ([unit], "Units", viewer.person_id)


async def test_an_export_names_its_rows_above_internal(engine: Engine, own_database: Database, stage: Stage) -> None:
    viewer = watched(stage)
    source = """query Taken($first: Int, $after: String) { programmes(first: $first, after: $after) {
        nodes { code classification } pageInfo { hasNextPage endCursor }
    } }"""
    found = await engine.export(viewer, Operation(source, {}), 5_000)
    assert isinstance(found, Exported)
    async with transaction(own_database, AUDITOR.row_settings()) as session:
        [entry] = await session.scalars(sa.select(AuditEvent).where(AuditEvent.kind == AuditKind.EXPORT))
    assert set(entry.subjects) == secret(stage, viewer, "programme")
    details = orjson.loads(entry.details)
    assert details["rows"] == len(found.rows) == len(stage.comparison.seen[viewer].rows["programme"])
    degrees = [each["classification"] for each in found.rows]
    assert details["classification"] == max(degrees, key=lambda name: Classification(name).rank)
    # As far as a limit allows, and the entry says that there was more.
    some = await engine.export(viewer, Operation(source, {}), 2)
    assert isinstance(some, Exported)
    assert (len(some.rows), some.complete) == (2, False)


async def test_whoever_sees_the_least_above_internal_is_watched() -> None:
    for degree in Classification:
        assert Viewer(STAFF, clearance=degree).watched == (degree.rank > INTERNAL)


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_missing_scope_of_either_kind_is_recorded(
    engine: Engine, own_database: Database, stage: Stage, streamed: bool
) -> None:
    viewer = replace(watched(stage), scopes=frozenset[str]())
    source = "subscription Ear" if streamed else "query Eye"
    body = "interactionLogged { customer { orders { totalCount } } }" if streamed else "orders { totalCount }"
    operation = Operation(f"{source} {{ {body} }}", {})
    if streamed:
        assert [each async for each in engine.subscribe(viewer, operation)]
    else:
        await engine.execute(viewer, operation)
    async with transaction(own_database, AUDITOR.row_settings()) as session:
        refused = AuditEvent.kind == AuditKind.SCOPE_REFUSED
        last = (await session.scalars(sa.select(AuditEvent).where(refused).order_by(AuditEvent.at.desc()))).first()
    assert last is not None
    assert (last.person_id, last.operation) == (viewer.person_id, source.split()[1])
    assert orjson.loads(last.details)["scopes"] == ["orders:read"]


async def test_a_missing_scope_is_recorded(engine: Engine, own_database: Database, stage: Stage) -> None:
    viewer = replace(watched(stage), scopes=frozenset[str]())
    await engine.execute(viewer, Operation("query Log { auditEvents { totalCount } }", {}))
    async with transaction(own_database, AUDITOR.row_settings()) as session:
        mine = sa.and_(AuditEvent.kind == AuditKind.SCOPE_REFUSED, AuditEvent.operation == "Log")
        [entry] = await session.scalars(sa.select(AuditEvent).where(mine))
    assert (entry.person_id, entry.operation) == (viewer.person_id, "Log")
    assert orjson.loads(entry.details)["scopes"] == ["audit:read"]


async def test_a_changed_degree_is_recorded(own_database: Database, stage: Stage) -> None:
    key = min(secret(stage, watched(stage), "programme"))
    # By the owner, whom row security binds and who needs nobody's confirmation: that leaves its trace too.
    owner = await connect(own_database.addresses.owner)
    for name, value in Viewer.system().row_settings().items():
        await owner.execute("select set_config($1, $2, false)", name, value)
    await owner.execute("update programme set classification = 1 where id = $1", key)
    await owner.close()
    async with transaction(own_database, AUDITOR.row_settings()) as session:
        changed = AuditEvent.kind == AuditKind.CLASSIFICATION_CHANGED
        [entry] = await session.scalars(sa.select(AuditEvent).where(changed))
    assert (entry.subjects, orjson.loads(entry.details)["after"]["classification"]) == ([key], 1)


async def test_the_log_is_whole_after_all_this(own_database: Database) -> None:
    assert isinstance(await verified(own_database), Verified)
