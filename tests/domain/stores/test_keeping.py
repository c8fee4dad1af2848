"""Stores are registered and changed with every part checked, and their people come and go; nobody who is booked is lost."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from domain.audit.tables import AuditEvent, AuditKind
from domain.customers.tables import Employee
from domain.shop.tables import StockLocation
from domain.stores.booking import cancel, settle
from domain.stores.keeping import (
    EMPLOYEES_MAX,
    Details,
    assign_employee,
    change_store,
    register_store,
    remove_employee,
)
from domain.stores.opening import HoursOf, open_days_ahead, set_hours
from domain.stores.tables import Appointment, Store, StoreDay, StoreEmployee
from foundation.database import Database
from foundation.refusals import Refusal
from segments.audiences import STAFF
from segments.outbox import OutboxEvent
from segments.viewer import Viewer
from tests.domain.orders.market import CLERK, IDS, NOW, SYSTEM, Market
from tests.domain.stores.shopping_street import TODAY, Street


@pytest.fixture(scope="module")
async def street(own_database: Database) -> Street:
    market = Market(own_database)
    await market.fill()
    street = Street(market)
    await street.fill()
    return street


def details(street: Street, **changed: Any) -> Details:
    """All that is said of a store."""
    given: dict[str, Any] = {
        "name": " 西安体验店 ",
        "name_en": None,
        "region_id": street.market.regions["610100"],
        "address": "雁塔区示例路 27 号",
        "address_en": "27 Shili Road",
        "phone": "029-0000000",
        "latitude": Decimal("34.2226"),
        "longitude": Decimal("-108.948001"),
        "slot_minutes": 45,
        "slot_capacity": 3,
        "cancel_hours_min": 0,
        "book_days_max": 7,
    }
    return Details(**given | changed)


async def register(street: Street, code: str, *, time_zone: str = "Asia/Shanghai", **changed: Any) -> UUID:
    async with street.market.acting(CLERK) as session:
        given = {"code": code, "time_zone": time_zone, "details": details(street, **changed)}
        return await register_store(session, NOW, IDS, **given)


async def stored(street: Street, store_id: UUID | None = None) -> dict[str, Any]:
    async with street.market.acting(SYSTEM) as session:
        found = await session.execute(sa.select(*Store.__table__.c).where(Store.id == (store_id or street.store)))
        return dict(found.one()._mapping)


async def change(street: Street, store_id: UUID | None = None, **changed: Any) -> None:
    """Change a store as its last editor has left it."""
    key = store_id or street.store
    version = (await stored(street, key))["version"]
    async with street.market.acting(CLERK) as session:
        await change_store(session, NOW, IDS, store_id=key, version=version, details=Details(**changed))


async def spans(street: Street, days_ahead: int) -> list[tuple[str, int, int, int, bool]]:
    """The slots of a day: when they begin on the store's wall, minutes, capacity, guests, and whether they are retired."""
    return [
        (
            f"{(slot.starts_at + dt.timedelta(hours=8)):%H:%M}",
            (slot.ends_at - slot.starts_at).seconds // 60,
            slot.capacity,
            slot.taken,
            slot.retired,
        )
        for slot in await street.slots(days_ahead)
    ]


async def test_a_store_is_registered_with_a_place_for_its_goods_and_opens_by_its_hours(street: Street) -> None:
    key = await register(street, " xa-02 ")
    found = await stored(street, key)
    assert (found["code"], found["name"], found["name_en"], found["version"]) == ("XA-02", "西安体验店", None, 1)
    assert (found["latitude_microdegrees"], found["longitude_microdegrees"]) == (34_222_600, -108_948_001)
    assert found["opened_until"] == TODAY + dt.timedelta(days=7)
    async with street.market.acting(SYSTEM) as session:
        place = (await session.scalars(sa.select(StockLocation).where(StockLocation.id == found["location_id"]))).one()
        event = (await session.scalars(sa.select(OutboxEvent).where(OutboxEvent.subject_id == key))).one()
    assert (place.name, place.region_id) == ("西安体验店", street.market.regions["610100"])
    assert (event.kind, event.customer_id, event.payload) == ("store.registered", None, {"code": "XA-02"})
    async with street.market.acting(CLERK) as session:
        hours = [HoursOf(day, 600, 700) for day in StoreDay]
        await set_hours(session, NOW, IDS, store_id=key, version=1, hours=hours)


@pytest.mark.parametrize(
    ("changed", "code", "path"),
    [
        ({"code": "x"}, "STORE_CODE_MALFORMED", "code"),
        ({"code": "西安"}, "STORE_CODE_MALFORMED", "code"),
        ({"code": "A" * 17}, "STORE_CODE_MALFORMED", "code"),
        ({"code": "../X"}, "STORE_CODE_MALFORMED", "code"),
        ({"code": "cd01"}, "CODE_TAKEN", "code"),
        ({"time_zone": "Asia/Xian"}, "NOT_A_TIME_ZONE", "time_zone"),
        ({"time_zone": "../etc/passwd"}, "NOT_A_TIME_ZONE", "time_zone"),
        ({"name": " "}, "EMPTY", "name"),
        ({"name": "n" * 81}, "TOO_LONG", "name"),
        ({"name_en": ""}, "EMPTY", "name_en"),
        ({"address": ""}, "EMPTY", "address"),
        ({"phone": "0" * 41}, "TOO_LONG", "phone"),
        ({"region_id": UUID(int=1)}, "NOT_FOUND", "region"),
        ({"latitude": Decimal("90.000001")}, "OUT_OF_RANGE", "latitude"),
        ({"latitude": Decimal("NaN")}, "OUT_OF_RANGE", "latitude"),
        ({"longitude": Decimal("-Infinity")}, "OUT_OF_RANGE", "longitude"),
        ({"longitude": Decimal("-180.000001")}, "OUT_OF_RANGE", "longitude"),
        ({"longitude": Decimal("108.9480001")}, "TOO_MANY_DECIMALS", "longitude"),
        ({"latitude": Decimal("1." + "0" * 40 + "1")}, "TOO_MANY_DECIMALS", "latitude"),
        ({"slot_minutes": 4}, "OUT_OF_RANGE", "slot_minutes"),
        ({"slot_minutes": 481}, "OUT_OF_RANGE", "slot_minutes"),
        ({"slot_capacity": 0}, "OUT_OF_RANGE", "slot_capacity"),
        ({"slot_capacity": 1_001}, "OUT_OF_RANGE", "slot_capacity"),
        ({"cancel_hours_min": -1}, "OUT_OF_RANGE", "cancel_hours_min"),
        ({"cancel_hours_min": 721}, "OUT_OF_RANGE", "cancel_hours_min"),
        ({"book_days_max": 0}, "OUT_OF_RANGE", "book_days_max"),
        ({"book_days_max": 91}, "OUT_OF_RANGE", "book_days_max"),
    ],
)
async def test_what_is_wrong_is_refused_by_its_place_and_leaves_nothing(
    street: Street, changed: dict[str, Any], code: str, path: str
) -> None:
    async def counted() -> list[int | None]:
        async with street.market.acting(SYSTEM) as session:
            tables = (Store, StockLocation, OutboxEvent)
            return [await session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables]

    before, as_it_was = await counted(), await stored(street)
    with pytest.raises(Refusal) as refused:
        await register(street, **{"code": "NEW1", **changed})
    assert (refused.value.code, refused.value.path) == (code, (path,))
    if path not in {"code", "time_zone"}:
        with pytest.raises(Refusal) as refused:
            await change(street, **changed)
        assert (refused.value.code, refused.value.path) == (code, (path,))
    assert (await counted(), await stored(street)) == (before, as_it_was)


async def test_the_ends_of_what_can_be_said_are_taken(street: Street) -> None:
    ends = {"latitude": Decimal(-90), "longitude": Decimal("180.0000000"), "slot_minutes": 480, "book_days_max": 90}
    found = await stored(street, await register(street, "END-1", **ends, slot_capacity=1_000, cancel_hours_min=720))
    assert (found["latitude_microdegrees"], found["longitude_microdegrees"]) == (-90_000_000, 180_000_000)


async def test_one_code_is_one_store_s_whoever_registers_at_once(street: Street) -> None:
    said = await asyncio.gather(*(register(street, "ONCE") for _ in range(3)), return_exceptions=True)
    codes = [each.code for each in said if isinstance(each, Refusal)]
    assert (codes, sum(isinstance(each, UUID) for each in said)) == (["CODE_TAKEN"] * 2, 1)


async def test_what_changes_is_what_was_said_and_its_place_bears_the_name(street: Street) -> None:
    key = await register(street, "XA-03")
    before = await stored(street, key)
    await change(street, key, name="曲江体验店", name_en="Qujiang", region_id=street.market.regions["510100"])
    named = {"name": "曲江体验店", "name_en": "Qujiang", "region_id": street.market.regions["510100"]}
    assert await stored(street, key) == before | named | {"version": 2}
    async with street.market.acting(SYSTEM) as session:
        columns = StockLocation.__table__.c
        place = (await session.execute(sa.select(*columns).where(columns.id == before["location_id"]))).one()
    assert dict(place._mapping).items() >= named.items()
    await change(street, key, name_en=None, address_en=None, latitude=Decimal(1))
    emptied = {"name_en": None, "address_en": None, "latitude_microdegrees": 1_000_000}
    assert await stored(street, key) == before | named | emptied | {"version": 3}
    with pytest.raises(Refusal) as refused:
        async with street.market.acting(CLERK) as session:
            await change_store(session, NOW, IDS, store_id=key, version=2, details=Details(phone="1"))
    assert (refused.value.code, refused.value.params) == ("CHANGED_MEANWHILE", {"version": 3})
    assert (await stored(street, key))["phone"] == before["phone"]


async def test_other_slots_leave_every_appointment_as_it_was_told(street: Street) -> None:
    """Booked are 10:00 and 11:00 of slots of an hour for two; then slots are 45 minutes long."""
    first, second, *_ = await street.slots(3)
    guests = [await street.guest() for _ in range(3)]
    early = await street.book(guests[0], first.id)
    await street.book(guests[1], second.id)
    await street.book(guests[2], second.id)
    async with street.market.acting(SYSTEM) as session:
        told = dict((await session.execute(sa.select(Appointment.id, Appointment.ends_at))).all())
    await change(street, slot_minutes=45)
    assert await spans(street, 3) == [
        # Both are expected as they were told, and nobody joins them.
        ("10:00", 60, 1, 1, True),
        # One guest is there until 11:00, and two until 12:00: so many fewer are taken.
        ("10:45", 45, 0, 0, False),
        ("11:00", 60, 2, 2, True),
        ("11:30", 45, 0, 0, False),
        *((at, 45, 2, 0, False) for at in ("12:15", "13:00", "13:45", "14:30", "15:15", "16:00", "16:45")),
    ]
    assert [each[:3] for each in await spans(street, 4)][:2] == [("10:00", 45, 2), ("10:45", 45, 2)]
    async with street.market.acting(SYSTEM) as session:
        assert dict((await session.execute(sa.select(Appointment.id, Appointment.ends_at))).all()) == told
    # A place that is given back in a retired slot is nobody's there, though it had room before too.
    for _ in range(2):
        with pytest.raises(Refusal, match="SLOT_FULL"):
            await street.book(await street.guest(), first.id)
        async with street.market.acting(guests[1]) as session:
            mine = (await session.scalars(sa.select(Appointment.id).where(Appointment.status == "BOOKED"))).first()
            if mine is not None:
                await cancel(session, guests[1], NOW, IDS, appointment_id=mine)
        with pytest.raises(Refusal, match="SLOT_FULL"):
            await street.book(await street.guest(), second.id)
    # It is the other slots' with the next run; who is booked can still come.
    async with street.market.acting(SYSTEM) as session:
        evening = NOW.replace(hour=16)
        while await open_days_ahead(session, evening, IDS):
            pass
    assert (await spans(street, 3))[1:4] == [
        ("10:45", 45, 1, 0, False),
        ("11:00", 60, 1, 1, True),
        ("11:30", 45, 1, 0, False),
    ]
    async with street.market.acting(street.clerk) as session:
        there = first.starts_at
        await settle(session, street.clerk, there, IDS, appointment_id=early, attended=True)
    await change(street, slot_minutes=60)
    assert (await spans(street, 3))[:3] == [
        ("10:00", 60, 2, 1, False),
        ("11:00", 60, 2, 1, False),
        ("12:00", 60, 2, 0, False),
    ]


async def test_fewer_places_and_fewer_days_leave_who_is_booked(street: Street) -> None:
    slot, later = (await street.slots(5))[0], (await street.slots(12))[0]
    for guest in (await street.guest(), await street.guest()):
        await street.book(guest, slot.id)
    await street.book(await street.guest(), later.id)
    await change(street, slot_capacity=1, book_days_max=6)
    assert [each[2:] for each in await spans(street, 5)][:2] == [(2, 2, False), (1, 0, False)]
    assert [each[2:] for each in await spans(street, 12)] == [(1, 1, True)]
    assert max(await street.openings()) == TODAY + dt.timedelta(days=6)
    await change(street, slot_capacity=2, book_days_max=14)
    assert [each[2:] for each in await spans(street, 12)][:2] == [(2, 1, False), (2, 0, False)]


async def test_who_books_while_the_length_changes_is_not_told_another_end(street: Street) -> None:
    """Whichever is first, an appointment ends when its slot does, or was refused."""
    slots = (await street.slots(8))[:3]
    guests = [await street.guest() for _ in slots]
    changing = change(street, slot_minutes=50)
    booking = [street.book(guest, slot.id) for guest, slot in zip(guests, slots, strict=True)]
    *said, changed = await asyncio.gather(*booking, changing, return_exceptions=True)
    assert changed is None
    assert {each.code for each in said if isinstance(each, Refusal)} <= {"SLOT_FULL", "NOT_FOUND"}
    assert all(isinstance(each, UUID | Refusal) for each in said)
    by_id = {slot.id: slot for slot in await street.slots(8)}
    async with street.market.acting(SYSTEM) as session:
        query = sa.select(Appointment).where(Appointment.slot_id.in_([slot.id for slot in slots]))
        for each in await session.scalars(query):
            assert (each.starts_at, each.ends_at) == (by_id[each.slot_id].starts_at, by_id[each.slot_id].ends_at)
    await change(street, slot_minutes=60)


async def test_who_works_there_comes_and_goes_and_it_is_on_record(street: Street) -> None:
    person = Viewer(STAFF, employee_id=IDS(), person_id=street.market.clerk_person)
    employee_id = street.employee
    async with street.market.acting(person) as session:
        await assign_employee(session, NOW, IDS, store_id=street.other_store, employee_id=employee_id)
    for rule, key, code in (
        (assign_employee, employee_id, "WORKS_THERE_ALREADY"),
        (assign_employee, IDS(), "NOT_FOUND"),
        (remove_employee, IDS(), "NOT_FOUND"),
    ):
        with pytest.raises(Refusal) as refused:
            async with street.market.acting(person) as session:
                await rule(session, NOW, IDS, store_id=street.other_store, employee_id=key)
        assert (refused.value.code, refused.value.path) == (code, ("employee",))
    async with street.market.acting(person) as session:
        await remove_employee(session, NOW, IDS, store_id=street.other_store, employee_id=employee_id)
    async with street.market.acting(SYSTEM) as session:
        assert await session.scalar(sa.select(StoreEmployee.id).where(StoreEmployee.employee_id == employee_id))
        query = sa.select(OutboxEvent.kind).where(OutboxEvent.subject_id == street.other_store)
        events = (await session.scalars(query.order_by(OutboxEvent.position))).all()
    assert events == ["store.employee_assigned", "store.employee_removed"]
    auditor = Viewer(STAFF, person_id=IDS(), roles=frozenset({"audit_administrator"}))
    async with street.market.acting(auditor) as session:
        query = sa.select(AuditEvent).where(AuditEvent.kind == AuditKind.RIGHTS_CHANGED)
        of_stores = [
            each for each in await session.scalars(query.order_by(AuditEvent.at)) if "store_employee" in each.details
        ]
    place = {"store_id": str(street.other_store), "employee_id": str(employee_id)}
    assert [each.person_id for each in of_stores][1:] == [street.market.clerk_person] * 2
    assert [json.loads(each.details)["act"] for each in of_stores] == ["INSERT", "INSERT", "DELETE"]
    assert json.loads(of_stores[1].details)["after"] == json.loads(of_stores[2].details)["before"] == place


async def test_a_store_has_so_many_people_and_not_one_more(street: Street) -> None:
    key = await register(street, "FULL")
    people = [IDS() for _ in range(EMPLOYEES_MAX + 1)]
    async with street.market.acting(SYSTEM) as session:
        contact = {"title": "店员", "department": "体验店", "phone": "0", "email": "a@b.example"}
        session.add_all(Employee(id=each, name="店员", **contact) for each in people)
        await session.flush()
        session.add_all(StoreEmployee(id=IDS(), store_id=key, employee_id=each) for each in people[:-2])

    async def attempt(employee_id: UUID) -> str:
        try:
            async with street.market.acting(street.clerk) as session:
                await assign_employee(session, NOW, IDS, store_id=key, employee_id=employee_id)
        except Refusal as refusal:
            return refusal.code
        return "assigned"

    assert sorted(await asyncio.gather(*map(attempt, people[-2:]))) == ["TOO_MANY", "assigned"]
