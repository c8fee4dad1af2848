"""The ceiling: an installation stores nothing above it, by rules or by SQL of the application, and shows nobody more."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from domain.identity.tokens import AccessToken
from domain.identity.viewers import viewer_of_token
from domain.tables import METADATA
from foundation.database import Database, connect
from foundation.migrations import owner_connection
from foundation.session import transaction
from foundation.settings import Settings
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import STAFF
from segments.classification import DEGREES, Classification
from segments.installation import set_ceiling
from segments.scopes import AUDIENCE_SCOPES
from segments.viewer import Viewer
from tests.rows import NOW, Bundle

CEILING = Classification.INTERNAL
ABOVE = [degree for degree in DEGREES if degree.rank > CEILING.rank]
LOG = """mutation($customer: ID!, $degree: Classification!) { logInteraction(input: {
    customer: $customer, kind: VISIT, at: "2026-11-24T07:00:00Z", subject: "x", summary: "x", classification: $degree
}) { interaction { classification } errors { code path } } }"""


class World:
    """Rows stored under the highest ceiling, which was lowered afterwards."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.open, self.secret = Bundle(), Bundle(classification=Classification.SECRET)


@pytest.fixture(scope="module")
async def world(own_database: Database, settings: Settings) -> AsyncIterator[World]:
    made = World(own_database)
    async with transaction(own_database, Viewer.system().row_settings()) as session:
        for bundle in (made.open, made.secret):
            await bundle.insert(session)
    own = settings.model_copy(update={"database_name": str(own_database.addresses.owner.database)})
    async with owner_connection(own) as owner:
        await set_ceiling(owner, CEILING)
        await owner.commit()
    return made


@pytest.fixture(scope="module")
async def engine(world: World, settings: Settings) -> AsyncIterator[Engine]:
    made = Engine(compiled_views((STAFF,)), world.database, DocumentLimits.of(settings), clock=lambda: NOW)
    yield made
    await made.close()


def staff(clearance: Classification) -> Viewer:
    return Viewer(STAFF, person_id=uuid.uuid4(), clearance=clearance, scopes=AUDIENCE_SCOPES[STAFF], language="en")


async def logged(engine: Engine, world: World, viewer: Viewer, degree: Classification) -> Any:
    variables = {"customer": encode_id("Customer", world.open.customer_id), "degree": degree.value}
    answer = await engine.execute(viewer, Operation(LOG, variables))
    return orjson.loads(answer.body)["data"]["logInteraction"]


@pytest.mark.parametrize("degree", DEGREES)
async def test_a_rule_refuses_to_store_above_the_ceiling(engine: Engine, world: World, degree: Classification) -> None:
    payload = await logged(engine, world, staff(Classification.TOP_SECRET), degree)
    if degree in ABOVE:
        assert payload == {
            "interaction": None,
            "errors": [{"code": "ABOVE_CEILING", "path": ["input", "classification"]}],
        }
    else:
        assert payload == {"interaction": {"classification": degree.value}, "errors": []}


COLUMNS = ", ".join(
    each.name for each in METADATA.tables["interaction"].columns if each.name not in {"id", "classification"}
)
RAISED = "update interaction set classification = $2 where id = $1"
COPIED = f"""
    insert into interaction (id, {COLUMNS}, classification) select gen_random_uuid(), {COLUMNS}, $2
    from interaction where id = $1
"""  # noqa: S608 - the names are ours.


@pytest.mark.parametrize("statement", [RAISED, COPIED], ids=["raised", "copied"])
@pytest.mark.parametrize("viewer", [Viewer.system(), staff(Classification.TOP_SECRET)], ids=["system", "staff"])
async def test_sql_of_the_application_stores_nothing_above_the_ceiling(
    world: World, viewer: Viewer, statement: str
) -> None:
    owner = await connect(world.database.addresses.owner)
    # The policy alone is to refuse: a change of degree needs two people besides.
    await owner.execute("alter table interaction disable trigger two_people")
    await owner.close()
    raw = await world.database.connect_raw()
    try:
        for name, value in viewer.row_settings().items():
            await raw.execute("select set_config($1, $2, false)", name, value)
        for degree in DEGREES:
            trying = raw.execute(statement, world.open.ids["interaction"], degree.rank)
            if degree in ABOVE:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await trying
            else:
                assert (await trying).endswith(" 1")
    finally:
        await raw.close()


async def test_what_was_stored_before_is_shown_to_nobody(engine: Engine, world: World) -> None:
    """The door makes viewers below the ceiling, so the row is there for the owner alone."""
    key = world.secret.ids["interaction"]
    source = "query($id: ID!) { node(id: $id) { id } }"
    operation = Operation(source, {"id": encode_id("Interaction", key)})
    token = AccessToken(
        audience=STAFF,
        person_id=uuid.uuid4(),
        customer_id=None,
        employee_id=None,
        clearance=Classification.TOP_SECRET,
        compartments=frozenset(),
        roles=frozenset(),
        scopes=frozenset(),
        client_id="a-program",
        token_id=str(uuid.uuid4()),
        expires_at=NOW + dt.timedelta(minutes=5),
    )
    shown = await engine.execute(viewer_of_token(token, "en", Classification.TOP_SECRET), operation)
    assert orjson.loads(shown.body)["data"]["node"] is not None
    capped = await engine.execute(viewer_of_token(token, "en", CEILING), operation)
    assert orjson.loads(capped.body) == {"data": {"node": None}}


async def test_without_a_ceiling_nothing_classified_is_stored(world: World, settings: Settings) -> None:
    own = settings.model_copy(update={"database_name": str(world.database.addresses.owner.database)})
    async with owner_connection(own) as owner:
        await owner.execute(sa.text("delete from installation"))
        await owner.commit()
    try:
        row = world.open.another(METADATA.tables["contact"])
        with pytest.raises(DBAPIError, match="row-level security"):
            async with transaction(world.database, Viewer.system().row_settings()) as session:
                await session.execute(sa.insert(METADATA.tables["contact"]).values(row))
    finally:
        async with owner_connection(own) as owner:
            await set_ceiling(owner, CEILING)
            await owner.commit()
