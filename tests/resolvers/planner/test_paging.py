"""Pages stay right while rows come and go, in both directions, and none is larger than 100."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, Interaction, InteractionKind, Segment
from foundation.database import Database
from foundation.session import transaction
from resolvers.planner.engine import Engine, Operation
from schema.root import MASTER
from segments.audiences import STAFF
from segments.viewer import Viewer
from segments.views import compile_views
from tests.resolvers.planner.conftest import UNLIMITED
from tests.resolvers.planner.oracle.texts import global_id
from tests.resolvers.planner.seeded.factory import NOW

SYSTEM = Viewer.system().row_settings()
VIEWER = Viewer(STAFF)
# Names that tie, so that the key after them decides; ids that do not rise with names.
NAMES = ["a", "b", "b", "b", "c", "d", "d", "e", "长" * 900, "\x01" * 200]


def customer(name: str, number: int) -> dict[str, Any]:
    return {
        "id": UUID(int=number * 7919 % 10_007, version=4),
        "kind": CustomerKind.ORGANISATION,
        "segment": Segment.ENTERPRISE,
        "status": CustomerStatus.ACTIVE,
        "name": name,
        "key_account": False,
        "created_at": NOW,
        "updated_at": NOW,
    }


@pytest.fixture
async def engine(own_database: Database) -> AsyncIterator[Engine]:
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.delete(Interaction))
        await session.execute(sa.delete(Customer))
        await session.execute(sa.insert(Customer), [customer(name, at) for at, name in enumerate(NAMES)])
    engine = Engine(compile_views(MASTER, (STAFF,)), own_database, UNLIMITED, read_pool_size=1, clock=lambda: NOW)
    yield engine
    await engine.close()


PAGE = "{ edges { cursor node { id name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount }"
FORWARDS = f"query($size: Int, $from: String) {{ customers(first: $size, after: $from) {PAGE} }}"
BACKWARDS = f"query($size: Int, $from: String) {{ customers(last: $size, before: $from) {PAGE} }}"


async def page(engine: Engine, source: str, size: int | None, start: str | None = None) -> Any:
    answer = await engine.execute(VIEWER, Operation(source, {"size": size, "from": start}))
    return orjson.loads(answer.body)["data"]["customers"]


async def add(database: Database, *names: str) -> None:
    async with transaction(database, SYSTEM) as session:
        rows = [customer(name, 100 + at) for at, name in enumerate(names)]
        await session.execute(sa.insert(Customer), rows)


async def remove(database: Database, ids: list[str]) -> None:
    async with transaction(database, SYSTEM) as session:
        found = await session.execute(sa.select(Customer.id))
        for key in found.scalars():
            if global_id("Customer", key) in ids:
                await session.execute(sa.delete(Customer).where(Customer.id == key))


def ids(found: Any) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


async def walked(engine: Engine, size: int, *, backwards: bool = False) -> list[str]:
    """All ids, page by page, in the order of the list."""
    seen: list[str] = []
    start, more = None, True
    while more:
        found = await page(engine, BACKWARDS if backwards else FORWARDS, size, start)
        assert 0 < len(ids(found)) <= size
        seen = ids(found) + seen if backwards else seen + ids(found)
        info = found["pageInfo"]
        more, start = (info["hasPreviousPage"], info["startCursor"]) if backwards else (info["hasNextPage"], info["endCursor"])  # fmt: skip
    return seen


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_pages_together_are_the_list(engine: Engine, size: int) -> None:
    whole = ids(await page(engine, FORWARDS, 100))
    assert len(whole) == len(NAMES)
    assert await walked(engine, size) == whole
    assert await walked(engine, size, backwards=True) == whole


async def test_every_cursor_leads_back_to_its_place(engine: Engine) -> None:
    whole = await page(engine, FORWARDS, 100)
    for at, edge in enumerate(whole["edges"]):
        assert ids(await page(engine, FORWARDS, 100, edge["cursor"])) == ids(whole)[at + 1 :]
        assert ids(await page(engine, BACKWARDS, 100, edge["cursor"])) == ids(whole)[:at]


async def test_rows_that_come_shift_no_page(engine: Engine, own_database: Database) -> None:
    whole = ids(await page(engine, FORWARDS, 100))
    first = await page(engine, FORWARDS, 4)
    # Before the cursor, exactly at its key, and after it.
    await add(own_database, "0", "b", "c", "zz")
    rest = await page(engine, FORWARDS, 100, first["pageInfo"]["endCursor"])
    assert [each for each in ids(rest) if each in whole] == whole[4:]
    assert not set(ids(rest)) & set(ids(first))
    assert rest["totalCount"] == len(NAMES) + 4
    assert [edge["node"]["name"] for edge in rest["edges"] if edge["node"]["id"] not in whole][-2:] == ["c", "zz"]


async def test_rows_that_go_shift_no_page(engine: Engine, own_database: Database) -> None:
    """Not even when the row of the cursor itself is gone."""
    whole = ids(await page(engine, FORWARDS, 100))
    first = await page(engine, FORWARDS, 4)
    await remove(own_database, [whole[1], whole[3], whole[5]])
    rest = await page(engine, FORWARDS, 100, first["pageInfo"]["endCursor"])
    assert ids(rest) == [whole[4], *whole[6:]]
    assert rest["totalCount"] == len(NAMES) - 3
    back = await page(engine, BACKWARDS, 100, first["pageInfo"]["endCursor"])
    assert ids(back) == [whole[0], whole[2]]


async def test_an_instant_is_a_place_to_the_microsecond(engine: Engine, own_database: Database) -> None:
    async with transaction(own_database, SYSTEM) as session:
        owner = await session.scalar(sa.select(Customer.id).where(Customer.name == "a"))
        rows = [
            {
                "id": UUID(int=at, version=4),
                "customer_id": owner,
                "kind": InteractionKind.CALL,
                "at": NOW + dt.timedelta(microseconds=-(at // 2)),
                "subject": "s",
                "summary": "",
                "created_at": NOW,
            }
            for at in range(8)
        ]
        await session.execute(sa.insert(Interaction), rows)
    source = (
        "query($c: String) { interactions(first: 3, after: $c) { nodes { id } pageInfo { endCursor hasNextPage } } }"
    )
    seen: list[str] = []
    start = None
    for _ in range(3):
        body = orjson.loads((await engine.execute(VIEWER, Operation(source, {"c": start}))).body)["data"][
            "interactions"
        ]
        seen += [node["id"] for node in body["nodes"]]
        start = body["pageInfo"]["endCursor"]
    assert seen == [global_id("Interaction", row["id"]) for row in rows]


async def test_a_page_is_twenty_unless_told_and_a_hundred_at_most(engine: Engine, own_database: Database) -> None:
    await add(own_database, *(f"n{at}" for at in range(120)))
    for source in (FORWARDS, BACKWARDS):
        assert len(ids(await page(engine, source, 100))) == 100
        answer = await engine.execute(VIEWER, Operation(source, {"size": 101}))
        assert answer.code == "BAD_USER_INPUT"
    assert len(ids(await page(engine, FORWARDS, None))) == 20
    empty = await page(engine, FORWARDS, 0)
    info = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert empty == {"edges": [], "pageInfo": info, "totalCount": len(NAMES) + 120}
