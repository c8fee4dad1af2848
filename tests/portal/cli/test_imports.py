"""`quadrant import orders`, run as an operator runs it, and what the views then answer."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from domain.customers.tables import ExternalId
from domain.orders.tables import Order
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import CONSUMER, STAFF
from segments.viewer import Viewer
from tests.portal.cli.program import run
from tests.portal.imports.history import REAL, History, history

SYSTEM = Viewer.system().row_settings()
TOTALS = """query Totals($source: String!) { orderTotals(filter: {source: $source}) {
  orders customers units freeOrders total { amount currency } firstPlacedAt lastPlacedAt } }"""
OWN = "{ orders(first: 100) { totalCount nodes { number customer { id } } } }"
READER = frozenset({"orders:read"})


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history(tmp_path_factory.mktemp("history"))


async def ask(database: Database, settings: Settings, viewer: Viewer, document: str, **variables: Any) -> Any:
    engine = Engine(compiled_views(), database, DocumentLimits.of(settings))
    answer = await engine.execute(viewer, Operation(document, variables))
    await engine.close()
    return orjson.loads(answer.body)["data"]


async def stored(database: Database) -> int:
    async with transaction(database, SYSTEM) as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(Order)) or 0


def test_the_real_history_is_what_it_is_said_to_be(given: History) -> None:
    if given.path != REAL:
        return
    assert (given.orders, given.people, given.units, given.amount, given.free, given.repeated) == (
        69_659,
        23_570,
        167_881,
        Decimal("2500315.63"),
        80,
        255,
    )
    assert (given.first, given.last) == ("1997-01-01", "1998-06-30")


async def test_faults_are_all_named_and_nothing_is_stored(
    own_database: Database, own_settings: Settings, given: History, tmp_path: Path
) -> None:
    lines = given.path.read_text(encoding="utf-8").splitlines()
    broken = {
        10: ("00007,1997-13-01,CD,1,5.00,USD", "ordered_on", "1997-13-01"),
        100: (",1997-01-01,CD,1,5.00,USD", "customer_ref", ""),
        1_000: ("00008,1997-01-01,CD,none,5.00,USD", "quantity", "none"),
        2_000: ("00008,1997-01-01,CD,1,5.001,USD", "amount", "5.001"),
        2_500: ("00008,1997-01-01,CD,1,5.00,XXX", "currency", "XXX"),
    }
    for line, (text, _, _) in broken.items():
        lines[line - 1] = text
    path = tmp_path / "broken.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    for options in (["--dry-run"], []):
        ran = run(own_settings, "import", "orders", str(path), "--source", "history", *options)
        assert ran.code == 1
        said = ran.out.splitlines()
        assert len(said) == len(broken)
        for (line, (_, column, value)), one in zip(broken.items(), said, strict=True):
            assert str(line) in one
            assert column in one
            assert repr(value) in one
    assert await stored(own_database) == 0


async def test_a_file_that_is_wrong_all_over_is_told_in_part(
    own_database: Database, own_settings: Settings, given: History, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(given.path.read_text(encoding="utf-8").replace(",CD,", ",,"), encoding="utf-8")
    ran = run(own_settings, "import", "orders", str(path), "--source", "history", QUADRANT_LANGUAGE="en")
    said = ran.out.splitlines()
    assert (ran.code, len(said), said[-1]) == (1, 101, f"and {given.orders - 100} faults more")
    assert f"{given.orders} faults in {given.orders} lines; nothing was stored." in ran.said
    assert await stored(own_database) == 0


async def test_a_dry_run_of_a_good_file_stores_nothing(
    own_database: Database, own_settings: Settings, given: History
) -> None:
    ran = run(
        own_settings, "import", "orders", str(given.path), "--source", "history", "--dry-run", QUADRANT_LANGUAGE="en"
    )
    assert ran.code == 0
    assert f"{given.orders} orders would be added, 0 lines are there already" in ran.out
    assert f"{given.orders} lines, {given.units} units, {given.amount:.2f} USD" in ran.out
    assert await stored(own_database) == 0


async def test_the_history_is_stored_once_and_summed_exactly(
    own_database: Database, own_settings: Settings, given: History
) -> None:
    for added in (given.orders, 0):
        ran = run(own_settings, "import", "orders", str(given.path), "--source", "history", QUADRANT_LANGUAGE="en")
        assert ran.code == 0, ran.said
        assert ran.out.startswith(f"{added} orders and {given.people if added else 0} customers added")
    staff = Viewer(STAFF, scopes=READER)
    (totals,) = (await ask(own_database, own_settings, staff, TOTALS, source="history"))["orderTotals"]
    assert totals == {
        "orders": str(given.orders),
        "customers": str(given.people),
        "units": str(given.units),
        "freeOrders": str(given.free),
        "total": {"amount": f"{given.amount:.2f}", "currency": "USD"},
        "firstPlacedAt": f"{given.first}T00:00:00+00:00",
        "lastPlacedAt": f"{given.last}T00:00:00+00:00",
    }


async def test_a_file_that_has_changed_is_refused_and_says_where(
    own_database: Database, own_settings: Settings, given: History, tmp_path: Path
) -> None:
    lines = given.path.read_text(encoding="utf-8").splitlines()
    lines[41] = "00001,1997-01-01,LP,3,5.00,USD"
    path = tmp_path / "changed.csv"
    path.write_text("\n".join([*lines, "99999,1998-01-01,CD,1,5.00,USD"]), encoding="utf-8")
    for options in (["--dry-run"], []):
        ran = run(own_settings, "import", "orders", str(path), "--source", "history", *options, QUADRANT_LANGUAGE="en")
        assert ran.code == 1
        (said,) = ran.out.splitlines()
        assert said == f"line 42, -: {lines[41]!r} differs from this line as it was imported before"
    assert await stored(own_database) == given.orders


async def test_a_person_sees_their_own_orders_alone(
    own_database: Database, own_settings: Settings, given: History
) -> None:
    lines = [line.split(",")[0] for line in given.path.read_text(encoding="utf-8").splitlines()[1:]]
    async with transaction(own_database, SYSTEM) as session:
        found = sa.select(ExternalId.value, ExternalId.customer_id).order_by(ExternalId.value).limit(3)
        people = list(await session.execute(found))
    assert people
    for reference, customer_id in people:
        viewer = Viewer(CONSUMER, customer_id=customer_id, scopes=READER)
        orders = (await ask(own_database, own_settings, viewer, OWN))["orders"]
        assert orders["totalCount"] == lines.count(reference)
        assert len({order["customer"]["id"] for order in orders["nodes"]}) == 1
    nobody = Viewer(CONSUMER, scopes=READER)
    assert (await ask(own_database, own_settings, nobody, OWN))["orders"] == {"totalCount": 0, "nodes": []}


def test_a_source_needs_a_name_and_a_file_must_be_there(own_settings: Settings, given: History) -> None:
    ran = run(own_settings, "import", "orders", str(given.path), "--source", " ")
    assert (ran.code, ran.out) == (1, "")
    assert "1 to 60 printable characters" in ran.said
    ran = run(own_settings, "import", "orders", "no-such-file.csv", "--source", "history")
    assert ran.code == 2
