"""What graphql-core executes: objects and labels that a view hides do not come out of a resolver, by name or otherwise."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
import pytest
import strawberry
from structlog.testing import capture_logs

from foundation.database import Database
from foundation.settings import Settings
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.limits import DocumentLimits
from resolvers.planner.master import PlannedSchema
from segments.audiences import CONSUMER, EVERYONE, MILITARY, Audience
from segments.marks import For
from segments.viewer import Viewer
from segments.views import compile_views


@For(*EVERYONE)
@strawberry.enum
class Grade(enum.Enum):
    PLAIN = "PLAIN"
    BATTLE = strawberry.enum_value("BATTLE", directives=[For(MILITARY)])


@For(*EVERYONE)
@strawberry.interface
class Named:
    name: str


@For(*EVERYONE)
@strawberry.type
class Lamp(Named):
    name: str = "lamp"


@For(MILITARY)
@strawberry.type
class Cannon(Named):
    name: str = "cannon"


Hit = Annotated[Lamp | Cannon, strawberry.union("Hit", directives=[For(*EVERYONE)])]


def grade() -> Grade | None:
    return Grade.BATTLE


def named() -> Named | None:
    return Cannon()


def hit() -> Hit | None:
    return Cannon()


def lamps() -> list[Hit]:
    return [Lamp()]


@strawberry.type
class Query:
    grade: Annotated[Grade | None, For(*EVERYONE)] = strawberry.field(resolver=grade)
    named: Annotated[Named | None, For(*EVERYONE)] = strawberry.field(resolver=named)
    hit: Annotated[Hit | None, For(*EVERYONE)] = strawberry.field(resolver=hit)
    lamps: Annotated[list[Hit], For(*EVERYONE)] = strawberry.field(resolver=lamps)


MASTER = PlannedSchema(query=Query, types=[Lamp, Cannon])
ALL = "{ grade named { __typename name } hit { __typename } lamps { __typename ... on Lamp { name } } }"


@pytest.fixture(scope="module")
async def engine(database: Database, settings: Settings) -> AsyncIterator[Engine]:
    made = Engine(compile_views(MASTER), database, DocumentLimits.of(settings))
    yield made
    await made.close()


async def asked(engine: Engine, audience: Audience) -> Answer:
    with capture_logs():
        return await engine.execute(Viewer(audience, language="en"), Operation(ALL, {}))


async def test_what_a_view_hides_does_not_come_out_of_a_resolver(engine: Engine) -> None:
    answer = orjson.loads((await asked(engine, CONSUMER)).body)
    assert answer["data"] == {
        "grade": None,
        "named": None,
        "hit": None,
        "lamps": [{"__typename": "Lamp", "name": "lamp"}],
    }
    assert sorted(error["path"][0] for error in answer["errors"]) == ["grade", "hit", "named"]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL"}
    assert not {"BATTLE", "Cannon", "cannon"} & set(orjson.dumps(answer).decode().replace('"', " ").split())


async def test_what_a_view_has_comes_out_of_a_resolver(engine: Engine) -> None:
    answer = orjson.loads((await asked(engine, MILITARY)).body)
    assert answer == {
        "data": {
            "grade": "BATTLE",
            "named": {"__typename": "Cannon", "name": "cannon"},
            "hit": {"__typename": "Cannon"},
            "lamps": [{"__typename": "Lamp", "name": "lamp"}],
        }
    }
