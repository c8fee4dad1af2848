import asyncio
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from domain.stores.booking import cancel, settle
from domain.stores.tables import Appointment, AppointmentSlot, AppointmentStatus, AppointmentSubject
from foundation.database import Database
from foundation.refusals import Refusal
from segments.audiences import CONSUMER, GOVERNMENT, MILITARY
from segments.outbox import OutboxEvent
from segments.viewer import Viewer
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market
from tests.domain.stores.shopping_street import Street

HOUR = dt.timedelta(hours=1)
GUESTS = 30


@pytest.fixture(scope="module")
async def street(own_database: Database) -> Street:
    market = Market(own_database)
    await market.fill()
    street = Street(market)
    await street.fill()
    return street


async def appointment(street: Street, key: object) -> Appointment:
    async with street.market.acting(SYSTEM) as session:
        return (await session.scalars(sa.select(Appointment).where(Appointment.id == key))).one()


async def taken(street: Street, slot: AppointmentSlot) -> int:
    async with street.market.acting(SYSTEM) as session:
        return (await session.scalars(sa.select(AppointmentSlot.taken).where(AppointmentSlot.id == slot.id))).one()


async def refused(booking: object) -> str:
    with pytest.raises(Refusal) as said:
        await booking  # type: ignore[misc]
    return said.value.code


async def test_so_many_guests_as_there_are_places_and_not_one_more(street: Street) -> None:
    """Thirty at once for two places; the rest are refused, and nobody sees a fault."""
    slot = (await street.slots(2))[0]
    guests = [await street.guest() for _ in range(GUESTS)]

    async def attempt(guest: Viewer) -> str:
        try:
            await street.book(guest, slot.id)
        except Refusal as refusal:
            return refusal.code
        return "booked"

    said = await asyncio.gather(*map(attempt, guests))
    assert sorted(said) == ["SLOT_FULL"] * (GUESTS - 2) + ["booked"] * 2
    assert await taken(street, slot) == 2
    # A place that is given back is somebody else's.
    first = guests[said.index("booked")]
    async with street.market.acting(first) as session:
        mine = (await session.scalars(sa.select(Appointment))).one()
        await cancel(session, first, NOW, IDS, appointment_id=mine.id)
    assert await taken(street, slot) == 1
    assert await attempt(guests[said.index("SLOT_FULL")]) == "booked"


async def test_a_guest_is_expected_once_in_a_slot_whatever_they_send_at_once(street: Street) -> None:
    slot = (await street.slots(2))[1]
    guest = await street.guest()
    said = await asyncio.gather(*(street.book(guest, slot.id) for _ in range(5)), return_exceptions=True)
    codes = sorted(each.code if isinstance(each, Refusal) else "booked" for each in said)
    assert codes == ["ALREADY_BOOKED"] * 4 + ["booked"]
    assert await taken(street, slot) == 1


async def test_what_is_asked_for_must_fit(street: Street) -> None:
    slots, guest = await street.slots(4), await street.guest()
    drone, rope = street.market.products["drone"], IDS()
    experience, advice = AppointmentSubject.EXPERIENCE, AppointmentSubject.ADVICE
    assert await refused(street.book(guest, slots[0].id, experience)) == "PRODUCT_NEEDED"
    assert await refused(street.book(guest, slots[0].id, advice, drone)) == "PRODUCT_NOT_ASKED"
    assert await refused(street.book(guest, slots[0].id, experience, rope)) == "NOT_FOUND"
    assert await refused(street.book(guest, IDS())) == "NOT_FOUND"
    assert await refused(street.book(guest, slots[0].id, note="x" * 501)) == "TOO_LONG"
    assert await refused(street.book(guest, slots[0].id, now=slots[0].starts_at)) == "SLOT_PAST"
    assert await refused(street.book(Viewer(CONSUMER), slots[0].id)) == "NO_CUSTOMER"
    booked = await appointment(street, await street.book(guest, slots[0].id, experience, drone, note="  看夜航  "))
    assert (booked.product_id, booked.note, booked.starts_at) == (drone, "看夜航", slots[0].starts_at)
    assert len(booked.number) == 8


async def test_nobody_is_expected_too_often(street: Street) -> None:
    guest, slots = await street.guest(), await street.slots(5)
    for slot in slots[:5]:
        await street.book(guest, slot.id)
    assert await refused(street.book(guest, slots[5].id)) == "TOO_MANY_APPOINTMENTS"


async def test_a_guest_cancels_in_time_and_the_store_at_any(street: Street) -> None:
    guest, (first, second, *_) = await street.guest(), await street.slots(6)
    mine, other = await street.book(guest, first.id), await street.book(guest, second.id)

    async def try_to(viewer: Viewer, key: object, now: dt.datetime) -> None:
        async with street.market.acting(viewer) as session:
            await cancel(session, viewer, now, IDS, appointment_id=key)  # type: ignore[arg-type]

    assert await refused(try_to(await street.guest(), mine, NOW)) == "NOT_FOUND"
    assert (
        await refused(try_to(guest, mine, first.starts_at - 4 * HOUR + dt.timedelta(seconds=1))) == "TOO_LATE_TO_CANCEL"
    )
    await try_to(guest, mine, first.starts_at - 4 * HOUR)
    assert await refused(try_to(guest, mine, NOW)) == "NOT_BOOKED"
    await try_to(street.clerk, other, second.starts_at)
    assert (await appointment(street, other)).status is AppointmentStatus.CANCELLED


async def test_the_store_notes_who_came_and_corrects_it_for_a_day(street: Street) -> None:
    guest, slot = await street.guest(), (await street.slots(7))[0]
    key = await street.book(guest, slot.id)

    async def note(viewer: Viewer, now: dt.datetime, *, attended: bool) -> None:
        async with street.market.acting(viewer) as session:
            await settle(session, viewer, now, IDS, appointment_id=key, attended=attended)

    begins = slot.starts_at
    assert await refused(note(street.stranger, begins, attended=True)) == "OTHER_STORE"
    assert await refused(note(street.clerk, begins - HOUR, attended=True)) == "TOO_EARLY"
    assert await refused(note(street.clerk, begins - HOUR / 4, attended=False)) == "TOO_EARLY"
    await note(street.clerk, begins - HOUR / 4, attended=True)
    assert await refused(street.book(guest, slot.id, now=begins - HOUR / 8)) == "ALREADY_BOOKED"
    await note(street.clerk, begins + HOUR, attended=False)
    found = await appointment(street, key)
    assert (found.status, found.ended_at) == (AppointmentStatus.MISSED, begins + HOUR)
    assert await refused(note(street.clerk, begins + 30 * HOUR, attended=True)) == "TOO_LATE_TO_CORRECT"
    # Their place stays taken: they were expected.
    assert await taken(street, slot) == 1
    async with street.market.acting(guest) as session:
        kinds = list(await session.scalars(sa.select(OutboxEvent.kind).where(OutboxEvent.subject_id == key)))
    assert kinds == ["appointment.booked", "appointment.ended", "appointment.ended"]


async def test_the_database_itself_keeps_guests_from_more_than_that(street: Street) -> None:
    guest, slot = await street.guest(), (await street.slots(8))[0]
    key = await street.book(guest, slot.id)
    other = await street.guest()
    table, slots = Appointment.__table__, AppointmentSlot.__table__
    ours = sa.update(table).where(table.c.id == key)
    for statement in (
        ours.values(status="ATTENDED", ended_at=NOW),
        ours.values(customer_id=other.customer_id),
        ours.values(slot_id=(await street.slots(8))[1].id),
        sa.delete(table).where(table.c.id == key),
    ):
        with pytest.raises(DBAPIError):
            async with street.market.acting(guest) as session:
                await session.execute(statement)
    async with street.market.acting(guest) as session:
        assert (await session.execute(sa.update(slots).values(taken=0))).rowcount == 0
    for viewer in (other, Viewer(MILITARY, customer_id=guest.customer_id), Viewer(GOVERNMENT)):
        async with street.market.acting(viewer) as session:
            assert list(await session.scalars(sa.select(Appointment.id))) == []
