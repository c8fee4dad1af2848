import datetime as dt

import pytest
import sqlalchemy as sa

from domain.stores.calendar import Span
from domain.stores.opening import HoursOf, clear_special_day, open_days_ahead, set_hours, set_special_day
from domain.stores.tables import Store, StoreDay
from foundation.database import Database
from foundation.refusals import Refusal
from tests.domain.orders.market import CLERK, IDS, NOW, SYSTEM, Market
from tests.domain.stores.shopping_street import HOURS, TODAY, Street

CHRISTMAS_EVE = dt.date(2026, 12, 10)


@pytest.fixture(scope="module")
async def street(own_database: Database) -> Street:
    market = Market(own_database)
    await market.fill()
    street = Street(market)
    await street.fill()
    return street


async def version(street: Street) -> int:
    async with street.market.acting(SYSTEM) as session:
        return (await session.scalars(sa.select(Store.version).where(Store.id == street.store))).one()


async def test_openings_and_slots_are_made_for_all_days_that_can_be_booked(street: Street) -> None:
    found = await street.openings()
    assert list(found) == [TODAY + dt.timedelta(days=ahead) for ahead in range(15)]
    assert found[TODAY] == ("10:00", "15:00")
    assert found[TODAY + dt.timedelta(days=1)] == ("10:00", "18:00")
    # It is noon: what has begun today cannot be booked any more.
    assert [slot.starts_at.hour + 8 for slot in await street.slots(0)] == [13, 14]
    assert [slot.starts_at.hour + 8 for slot in await street.slots(1)] == list(range(10, 18))
    assert {(slot.capacity, slot.taken) for slot in await street.slots(1)} == {(2, 0)}


async def test_a_special_day_changes_its_day_and_goes_again(street: Street) -> None:
    ahead = (CHRISTMAS_EVE - TODAY).days
    usual = [slot.starts_at for slot in await street.slots(ahead)]
    for span, expected, count in ((None, None, 0), (Span(720, 840), ("12:00", "14:00"), 2)):
        seen = await version(street)
        async with street.market.acting(CLERK) as session:
            given = {"day": CHRISTMAS_EVE, "span": span, "reason": "盘点"}
            await set_special_day(session, NOW, IDS, store_id=street.store, version=seen, **given)
        assert (await street.openings()).get(CHRISTMAS_EVE) == expected
        assert len(await street.slots(ahead)) == count
    seen = await version(street)
    async with street.market.acting(CLERK) as session:
        await clear_special_day(session, NOW, IDS, store_id=street.store, version=seen, day=CHRISTMAS_EVE)
    assert [slot.starts_at for slot in await street.slots(ahead)] == usual
    with pytest.raises(Refusal, match="NOT_FOUND"):
        async with street.market.acting(CLERK) as session:
            await clear_special_day(session, NOW, IDS, store_id=street.store, version=seen + 1, day=CHRISTMAS_EVE)


async def test_whoever_is_booked_stays_when_hours_change_and_nobody_joins(street: Street) -> None:
    morning, *_ = await street.slots(3)
    guest = await street.guest()
    await street.book(guest, morning.id)
    later = [HoursOf(each.day, 720, 1_020) for each in HOURS]
    async with street.market.acting(CLERK) as session:
        await set_hours(session, NOW, IDS, store_id=street.store, version=await version(street), hours=later)
    slots = await street.slots(3)
    assert [(slot.starts_at.hour + 8, slot.capacity, slot.taken) for slot in slots] == [
        (10, 1, 1),
        *((hour, 2, 0) for hour in range(12, 17)),
    ]
    with pytest.raises(Refusal, match="SLOT_FULL"):
        await street.book(await street.guest(), morning.id)
    async with street.market.acting(CLERK) as session:
        await set_hours(session, NOW, IDS, store_id=street.store, version=await version(street), hours=HOURS)
    assert [(slot.capacity, slot.taken) for slot in await street.slots(3)][:2] == [(2, 1), (2, 0)]


@pytest.mark.parametrize(
    ("hours", "code", "path"),
    [
        ([HoursOf(StoreDay.MONDAY, 600, 600)], "HOURS_WRONG", ("hours", 0)),
        ([HoursOf(StoreDay.MONDAY, 0, 1_440), HoursOf(StoreDay.MONDAY, -1, 30)], "HOURS_WRONG", ("hours", 1)),
        ([HoursOf(StoreDay.MONDAY, 0, 1_441)], "HOURS_WRONG", ("hours", 0)),
        ([HoursOf(StoreDay.MONDAY, 600, 700), HoursOf(StoreDay.MONDAY, 540, 601)], "HOURS_OVERLAP", ("hours", 0)),
        ([HoursOf(StoreDay.MONDAY, at, at + 1) for at in range(33)], "TOO_MANY", ("hours",)),
    ],
)
async def test_wrong_hours_are_refused_with_their_place(
    street: Street, hours: list[HoursOf], code: str, path: tuple[str | int, ...]
) -> None:
    before = await street.openings()
    with pytest.raises(Refusal) as refused:
        async with street.market.acting(CLERK) as session:
            await set_hours(session, NOW, IDS, store_id=street.store, version=await version(street), hours=hours)
    assert (refused.value.code, refused.value.path) == (code, path)
    assert await street.openings() == before


async def test_who_has_not_seen_the_last_change_makes_none(street: Street) -> None:
    with pytest.raises(Refusal, match="CHANGED_MEANWHILE"):
        async with street.market.acting(CLERK) as session:
            await set_hours(session, NOW, IDS, store_id=street.store, version=1, hours=HOURS)
    for day in (TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=731)):
        given = {"version": await version(street), "day": day, "span": None, "reason": "x"}
        with pytest.raises(Refusal, match="DAY_OUT_OF_RANGE"):
            async with street.market.acting(CLERK) as session:
                await set_special_day(session, NOW, IDS, store_id=street.store, **given)


async def test_the_job_opens_the_days_that_follow_and_then_nothing(street: Street) -> None:
    """In the evening of Greenwich, China's next day has begun."""

    async def step(now: dt.datetime) -> int:
        async with street.market.acting(SYSTEM) as session:
            return await open_days_ahead(session, now, IDS)

    # The other store has never been opened; it has no hours and so no openings.
    assert [await step(NOW), await step(NOW)] == [1, 0]
    evening = NOW.replace(hour=16)
    assert [await step(evening - dt.timedelta(seconds=1)), await step(evening)] == [0, 1]
    assert [await step(evening), await step(evening)] == [1, 0]
    found = await street.openings()
    assert max(found) == TODAY + dt.timedelta(days=15)
    # What has been stays on record.
    assert min(found) == TODAY
