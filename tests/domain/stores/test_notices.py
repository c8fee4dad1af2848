"""A guest is reminded once, within the day before, and told when the store cancels; who cancels themselves knows."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
import sqlalchemy as sa

from domain.customers.tables import Customer, Segment
from domain.notices.tables import Notice, NoticeKind
from domain.stores.booking import cancel
from domain.stores.notices import remind
from foundation.database import Database
from segments.viewer import Viewer
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market
from tests.domain.stores.shopping_street import Street

DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)


@pytest.fixture(scope="module")
async def street(own_database: Database) -> Street:
    market = Market(own_database)
    await market.fill()
    street = Street(market)
    await street.fill()
    return street


async def reminded(street: Street, now: dt.datetime) -> int:
    async with street.market.acting(SYSTEM) as session:
        return await remind(session, now, IDS)


async def told(street: Street, guest: Viewer) -> list[tuple[NoticeKind, UUID, object]]:
    async with street.market.acting(guest) as session:
        found = await session.scalars(sa.select(Notice).order_by(Notice.at, Notice.id))
        return [(each.kind, each.subject_id, each.values) for each in found]


async def cancelled(street: Street, viewer: Viewer, key: UUID) -> None:
    async with street.market.acting(viewer) as session:
        await cancel(session, viewer, NOW, IDS, appointment_id=key)


async def test_a_guest_is_reminded_once_within_the_day_before(street: Street) -> None:
    guest, gone, late, moved = [await street.guest() for _ in range(4)]
    slot, other = (await street.slots(3))[:2]
    key = await street.book(guest, slot.id)
    await cancelled(street, gone, await street.book(gone, slot.id))
    # Who books within the day before knows of it.
    await street.book(late, slot.id, now=slot.starts_at - DAY)
    await street.book(moved, other.id)
    async with street.market.acting(SYSTEM) as session:
        key_of = Customer.id == moved.customer_id
        await session.execute(sa.update(Customer).where(key_of).values(segment=Segment.MILITARY))
    assert await reminded(street, slot.starts_at - DAY - SECOND) == 0
    assert await reminded(street, slot.starts_at - DAY / 2) == 1
    assert await reminded(street, slot.starts_at - DAY / 3) == 0
    assert await reminded(street, slot.starts_at) == 0
    [(kind, subject, values)] = await told(street, guest)
    assert (kind, subject) == (NoticeKind.APPOINTMENT_SOON, key)
    # Ten on the store's wall is two in the morning of UTC.
    assert isinstance(values, dict)
    assert values | {"number": ""} == {
        "number": "",
        "store": "成都体验店",
        "store_en": "Chengdu",
        "time": "2026-12-02 10:00",
    }
    for nobody in (gone, late, moved):
        assert await told(street, nobody) == []


async def test_the_store_tells_whom_it_cancels(street: Street) -> None:
    guest, slots = await street.guest(), await street.slots(4)
    mine, theirs = await street.book(guest, slots[0].id), await street.book(guest, slots[1].id)
    await cancelled(street, guest, mine)
    await cancelled(street, street.clerk, theirs)
    assert [(kind, subject) for kind, subject, _ in await told(street, guest)] == [
        (NoticeKind.APPOINTMENT_CANCELLED, theirs)
    ]
    assert await reminded(street, slots[1].starts_at - DAY / 2) == 0
