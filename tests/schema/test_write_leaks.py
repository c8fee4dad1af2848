"""Changes: what a mutation says and does never depends on rows that its viewer may not see.

The same changes are made in the world with everything and in the one without the hidden rows, in the same order, by the same
clock and with the same new ids: every answer must be the same. A unique key that met a hidden row would show here.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import AsyncIterator

import orjson
import pytest
import sqlalchemy as sa

from domain.tables import METADATA, TABLES
from foundation.database import Database
from foundation.ids import system_ids
from foundation.migrations import ROOT
from foundation.session import transaction
from foundation.settings import Settings
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, STAFF, Audience
from segments.viewer import Viewer
from tests.rows import NOW, ROWS
from tests.schema.changes import Change, Changes
from tests.schema.worlds import TYPES, Worlds, copied, worlds
from tests.schema.worlds import Made as Row

UNLIMITED = DocumentLimits(**dict.fromkeys([field.name for field in dataclasses.fields(DocumentLimits)], 10**9))
# Who changes anything: a further audience with mutations needs a viewer here.
WRITERS = (ENTERPRISE, CONSUMER, DIVISION, STAFF)
# A program's secret is random, and never twice the same; programmes of points are dated by the database's clock.
SECRET = re.compile(rb'(?<="secret":")[\w-]{43}(?=")|(?<="updatedAt":")[^"]+(?=")')
# So are the ids that the database's own functions make.
ID = re.compile(rb'(?<="id":")[A-Za-z0-9+/=]+(?=")')
NAMES = tuple(audience.value for audience in WRITERS)
VIEWS = compiled_views(WRITERS)
SIGNED = ("declassification_review", "reclassification")
# The changes before have named everybody a signer, and finished every project: see tests/domain for these two.
# And the ledger of points is written by the database's own functions, so no world has members: see tests/resolvers/test_points.py.
# Orders, payments and returns go from state to state by functions too, which no row of a world has gone through: see
# tests/domain/orders, payments, returns and till; carts hold what is for sale at a price: see tests/resolvers/test_cart.py.
NOT_REACHED = {
    *("addToCart", "setCartLine", "mergeCart", "checkout", "startPayment", "requestReturn", "cancelOrder", "shipOrder"),
    *("deliverOrder", "settleOrder", "receiveReturn", "approveReturn", "refuseReturn", "refundOrder", "retryRefund"),
    *("ringUpSale", "takeTillPayment", "voidSale", "payOutRefund"),
    *("handOverDeclassification", "stopTransferProject"),
    *("openPointsPool", "setPointsSpender", "spendPoints", "transferPoints", "makeEarnRule", "setTiers"),
    # What they rest on, a programme, vouchers and redemptions, is written by the database's functions alone.
    *("redeemReward", "cancelRedemption", "handOverReward", "offerReward", "cancelVoucher"),
    *("proposePointsAdjustment", "decidePointsAdjustment"),
    # An audience is one of two words.
    *("offerCoupon", "giveVoucher"),
}


@pytest.fixture(scope="module")
async def both(own_database: Database, settings: Settings) -> AsyncIterator[Worlds]:
    async with worlds(own_database, settings, NAMES) as made:
        yield made


async def made_in(database: Database, both: Worlds, name: str, changes: list[Change]) -> list[Answer]:
    """Make a viewer's changes in a world, one after the other; returns their answers."""
    # Views of its own: an engine teaches its views how they are answered.
    views = compiled_views((both.viewers[name].audience or STAFF,))
    engine = Engine(views, database, UNLIMITED, clock=lambda: NOW, new_id=system_ids(lambda: NOW, bytes))
    rows = {made.global_id: made for made in both.world.rows if made.table in TYPES and made.key in both.visible[name]}
    told: list[Answer] = []
    try:
        for change in changes:
            version = await version_of(database, rows, both.viewers[name], change)
            given = change.variables["input"] | ({} if version is None else {"version": version})
            told.append(
                await engine.execute(both.viewers[name], Operation(change.source, change.variables | {"input": given}))
            )
    finally:
        await engine.close()
    return told


async def version_of(database: Database, rows: dict[str, Row], viewer: Viewer, change: Change) -> int | None:
    """The version that somebody has seen who looked just now; any number where there is nothing to see.

    `rows` are those that they see, by their global ids.
    """
    given = change.variables["input"]
    if "version" not in given:
        return None
    named = [rows[id_] for id_ in given.values() if isinstance(id_, str) and id_ in rows]
    # What is signed is signed by the version of its request.
    keys = [(each.table, each.key) for each in named if "version" in each.values]
    keys += [("approval_request", each.values["request_id"]) for each in named if each.table in SIGNED]
    if not keys:
        return 1
    name_of_table, key = keys[0]
    async with transaction(database, viewer.row_settings()) as session:
        table = METADATA.tables[name_of_table]
        return await session.scalar(sa.select(table.c.version).where(table.c.id == key))


@dataclasses.dataclass(frozen=True)
class Made:
    """A viewer's changes, and their answers in the full and in the reduced world."""

    audience: Audience
    changes: list[Change]
    here: list[Answer]
    there: list[Answer]


@pytest.fixture(scope="module")
async def made(both: Worlds, settings: Settings) -> dict[str, Made]:
    """What each writer does, in a full world of their own."""
    found: dict[str, Made] = {}
    template = str(both.full.addresses.owner.database)
    for audience in WRITERS:
        name = audience.value
        changes = list(Changes(VIEWS[audience].core, both.world, both.hidden(name)).all())
        async with copied(both.full, settings, template, f"{template}_{name[:2]}") as full:
            here = await made_in(full, both, name, changes)
        there = await made_in(both.reduced[name], both, name, changes)
        found[name] = Made(audience, changes, here, there)
    return found


def test_whoever_changes_anything_is_compared() -> None:
    views = compiled_views()
    assert [audience for audience in Audience if views[audience].core.mutation_type] == list(WRITERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_change_is_the_same_in_a_world_without_the_hidden_rows(
    made: dict[str, Made], both: Worlds, name: str
) -> None:
    known = {row.global_id.encode() for row in both.world.rows if row.table in TYPES}
    for change, here, there in zip(made[name].changes, made[name].here, made[name].there, strict=True):
        assert without_new(here.body, known) == without_new(there.body, known), f"{change.field} {change.variables}"
        assert b'"code":"INTERNAL"' not in here.body, f"{change.field} {change.variables}"


def without_new(body: bytes, known: set[bytes]) -> bytes:
    """An answer without what is made anew each time: secrets, and ids of rows that no world began with."""
    return ID.sub(lambda found: found[0] if found[0] in known else b"new", SECRET.sub(b"", body))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_id_of_a_hidden_row_is_refused_like_a_random_id(made: dict[str, Made], name: str) -> None:
    said: dict[tuple[str, str], dict[str, set[bytes]]] = {}
    for change, answer in zip(made[name].changes, made[name].here, strict=True):
        by_kind = said.setdefault((change.field, change.place), {})
        by_kind.setdefault(change.kind, set()).add(answer.body)
    places = {place: by_kind for place, by_kind in said.items() if "none" in by_kind}
    telling = {
        place: by_kind
        for place, by_kind in places.items()
        if len(by_kind["none"]) != 1
        or by_kind.get("hidden", by_kind["none"]) != by_kind["none"]
        or b'"code":"NOT_FOUND"' not in next(iter(by_kind["none"]))
    }
    assert not telling, {place: sorted(by_kind["none"]) for place, by_kind in telling.items()}
    assert name != "staff" or sum("hidden" in by_kind for by_kind in places.values()) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_mutation_succeeds_for_some_visible_row(made: dict[str, Made], name: str) -> None:
    """What the comparison stands on."""
    done = {
        change.field
        for change, answer in zip(made[name].changes, made[name].here, strict=True)
        if orjson.loads(answer.body)["data"][change.field]["errors"] == []
    }
    mutations = VIEWS[made[name].audience].core.mutation_type
    assert mutations is not None
    assert set(mutations.fields) - done <= NOT_REACHED


# ---- unique keys


def rows_made_by_rules() -> set[str]:
    """The tables that rules insert into or whose rows they change: the classes that modules of the domain call or read.

    Imports and demonstration data run as the application itself, which sees every row, so a conflict tells it nothing.
    """
    classes = {model.__name__: model.__tablename__ for model in TABLES}
    found: set[str] = set()
    for path in ROOT.glob("domain/*/*.py"):
        if path.name not in NO_RULES:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
            found |= {classes[call.id] for call in calls if isinstance(call, ast.Name) and call.id in classes}
    return found


# Modules of the domain that no mutation calls: declarations, imports, and identity, whose rules run as the application.
NO_RULES = {"tables.py", "importing.py", "imports.py", "import_files.py", "sources.py"}


# Texts that rules make from the key of the row itself (`domain/shop/offering.py`).
MADE_FROM_KEYS = {("product", "slug"), ("variant", "sku")}


def test_no_unique_key_that_a_rule_can_meet_tells_of_invisible_rows() -> None:
    """A unique key of a table with rows that its writer may not see must hold their guard, so that only seen rows conflict."""
    for name in rows_made_by_rules():
        rows, table = ROWS[name], next(model.__table__ for model in TABLES if model.__tablename__ == name)
        if not rows.classified:
            continue
        keys = [index for index in table.indexes if index.unique]  # type: ignore[attr-defined]
        keys += [each for each in table.constraints if isinstance(each, sa.UniqueConstraint)]  # type: ignore[attr-defined]
        for key in keys:
            columns = {column.name for column in key.columns}
            # Nobody chooses a key: rules make it, and what is made from it.
            if "id" in columns or (name, *sorted(columns)) in MADE_FROM_KEYS:
                continue
            assert {"classification", "compartments"} <= columns, f"{name}: {key.name}"
