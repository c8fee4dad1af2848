import datetime as dt
from typing import Any

import pytest

from domain.customers.tables import Customer, CustomerKind, ExternalId, SourceSystem
from domain.orders.tables import Order
from domain.programmes.tables import Equipment, Programme
from domain.shop.tables import Category, Product
from domain.tables import METADATA
from portal.demo.customers import SYNTHETIC_SOURCE
from portal.demo.employees import make_employees
from portal.demo.world import SYNTHETIC, SYNTHETIC_EN, World
from segments.classification import Classification
from tests.portal.demo.worlds import NOW, Row, by_id, chance, made, regions

EXPECTED = ("opens_at", "closes_at", "starts_at", "ends_at")
CEILINGS = (Classification.PUBLIC, Classification.INTERNAL, Classification.TOP_SECRET)
# What a row belongs to, and so is guarded at least as well as.
PARENTS = {
    "contact": ("customer",),
    "team_member": ("customer",),
    "external_id": ("customer",),
    "interaction": ("customer",),
    "participant": ("interaction",),
    "order": ("customer",),
    "order_line": ("order",),
    "programme": ("customer",),
    "milestone": ("programme",),
    "phase_span": ("programme",),
    "equipment": ("programme",),
    "equipment_state": ("equipment", "programme"),
    "configuration_item": ("equipment",),
    "variant": ("product",),
    "media": ("product",),
    "attribute": ("product",),
    "stock": ("variant",),
}


def test_there_is_as_much_as_promised() -> None:
    world = made()
    organisations = [row for row in world.rows(Customer) if row["kind"] is CustomerKind.ORGANISATION]
    assert len(organisations) == 200
    assert len({row["segment"] for row in organisations}) == 4
    assert len(world.rows(Customer)) - len(organisations) >= 1_000
    assert len(world.rows(Product)) == 300
    assert len(world.rows(Category)) >= 12
    assert len(world.rows(Programme)) == 40
    assert len(world.rows(Equipment)) == 2_000
    assert len(world.rows(Order)) >= 5_000


def test_a_seed_makes_one_world() -> None:
    again = made.__wrapped__(7)
    assert again.sheets.keys() == made(7).sheets.keys()
    for name, rows in made(7).sheets.items():
        assert again.sheets[name] == rows, name
    other = World(NOW, chance(8))
    make_employees(other)
    assert other.sheets["employee"] != made(7).sheets["employee"]


def test_everything_moves_with_the_present() -> None:
    later = World(NOW + dt.timedelta(days=400), chance(7))
    assert later.day(0) - made().day(0) == dt.timedelta(days=400)
    for name, rows in made().sheets.items():
        for row in rows:
            for column, value in row.items():
                # Deadlines are still to come, and what stores expect.
                if isinstance(value, dt.datetime) and column not in {*EXPECTED, "due_at"}:
                    assert value <= NOW, f"{name}.{column} is in the future"


@pytest.mark.parametrize("ceiling", CEILINGS)
def test_every_reference_leads_somewhere(ceiling: Classification) -> None:
    world = made(ceiling=ceiling)
    known = {table.name: {row["id"] for row in world.sheets.get(table.name, [])} for table in METADATA.sorted_tables}
    known["region"] = regions()
    for name, rows in world.sheets.items():
        for column in METADATA.tables[name].columns:
            for key in column.foreign_keys:
                if key.column.name != "id":
                    continue  # the second column of a key
                values = {row.get(column.name) for row in rows} - {None}
                assert values <= known[key.column.table.name], column


@pytest.mark.parametrize("ceiling", CEILINGS)
def test_nothing_is_above_the_ceiling(ceiling: Classification) -> None:
    for name, rows in made(ceiling=ceiling).sheets.items():
        assert all(row.get("classification", Classification.PUBLIC).rank <= ceiling.rank for row in rows), name


@pytest.mark.parametrize("ceiling", CEILINGS)
@pytest.mark.parametrize("child", PARENTS)
def test_a_part_is_guarded_like_its_whole(child: str, ceiling: Classification) -> None:
    world = made(ceiling=ceiling)
    for parent in PARENTS[child]:
        whole: dict[Any, Row] = {row["id"]: row for row in world.sheets.get(parent, [])}
        for row in world.sheets.get(child, []):
            above = whole[row[f"{parent}_id"]]
            assert row["classification"].rank >= above["classification"].rank
            assert set(row["compartments"]) >= set(above["compartments"])
            if "customer_id" in row and "customer_id" in above:
                assert row["customer_id"] == above["customer_id"]
            if "audiences" in row:
                assert row["audiences"] == above["audiences"]


def test_everything_says_that_it_is_invented() -> None:
    world = made()
    [source] = [row["id"] for row in world.rows(SourceSystem) if row["code"] == SYNTHETIC_SOURCE]
    marked = {row["customer_id"] for row in world.rows(ExternalId) if row["source_system_id"] == source}
    assert marked == by_id(world, Customer).keys()
    assert {row["source_system_id"] for row in world.rows(Order)} == {source}
    assert all(SYNTHETIC in row["description"] and SYNTHETIC_EN in row["description_en"] for row in world.rows(Product))
    assert all(SYNTHETIC in row["summary"] for row in world.rows(Programme))
    for name, rows in world.sheets.items():
        for row in rows:
            assert row.get("email") is None or row["email"].endswith(".example"), name
