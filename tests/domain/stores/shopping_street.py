"""A store in Chengdu for tests, beside the goods and people of the market: open from 10:00 to 18:00, on Sundays till 15:00."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, Employee, Segment
from domain.stores.booking import book
from domain.stores.opening import HoursOf, set_hours
from domain.stores.tables import AppointmentSlot, AppointmentSubject, Store, StoreDay, StoreEmployee, StoreOpening
from segments.audiences import CONSUMER, STAFF
from segments.viewer import Viewer
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market

# 29 November 2026 is a Sunday; it is noon in Chengdu.
TODAY = NOW.date()
HOURS = [HoursOf(day, 600, 1_080) for day in StoreDay if day not in {StoreDay.SUNDAY, StoreDay.HOLIDAY}]
HOURS += [HoursOf(StoreDay.SUNDAY, 600, 900), HoursOf(StoreDay.HOLIDAY, 720, 840)]


class Street:
    """The store, and an employee of it."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.store, self.other_store, self.employee = IDS(), IDS(), IDS()
        self.clerk = Viewer(STAFF, employee_id=self.employee, person_id=IDS())
        self.stranger = Viewer(STAFF, employee_id=IDS(), person_id=IDS())

    async def fill(self) -> None:
        """Store it all."""
        places = list(self.market.places.values())
        async with self.market.acting(SYSTEM) as session:
            for key, code, place in ((self.store, "CD01", places[0]), (self.other_store, "XA01", places[1])):
                session.add(
                    Store(
                        id=key,
                        code=code,
                        name="成都体验店",
                        name_en="Chengdu",
                        region_id=self.market.regions["510100"],
                        location_id=place,
                        address="锦江区示例路 1 号",
                        address_en=None,
                        phone="028-0000000",
                        latitude_microdegrees=30_657_000,
                        longitude_microdegrees=104_066_000,
                        time_zone="Asia/Shanghai",
                        slot_minutes=60,
                        slot_capacity=2,
                        cancel_hours_min=4,
                        book_days_max=14,
                        opened_until=None,
                        version=1,
                    )
                )
            session.add(
                Employee(
                    id=self.employee, name="赵店", title="店员", department="体验店", phone="0", email="a@b.example"
                )
            )
            await session.flush()
            session.add(StoreEmployee(id=IDS(), store_id=self.store, employee_id=self.employee))
            await set_hours(session, NOW, IDS, store_id=self.store, version=1, hours=HOURS)

    async def guest(self) -> Viewer:
        """Another consumer."""
        key = IDS()
        async with self.market.acting(SYSTEM) as session:
            session.add(
                Customer(
                    id=key,
                    kind=CustomerKind.PERSON,
                    segment=Segment.CONSUMER,
                    status=CustomerStatus.ACTIVE,
                    name="来客",
                    key_account=False,
                    version=1,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
        return Viewer(CONSUMER, customer_id=key, person_id=IDS())

    async def slots(self, days_ahead: int) -> list[AppointmentSlot]:
        """The slots of a day, in their order."""
        day = TODAY + dt.timedelta(days=days_ahead)
        query = sa.select(AppointmentSlot).where(AppointmentSlot.store_id == self.store, AppointmentSlot.day == day)
        async with self.market.acting(SYSTEM) as session:
            return list(await session.scalars(query.order_by(AppointmentSlot.starts_at)))

    async def openings(self) -> dict[dt.date, tuple[str, str]]:
        """When it opens and closes each day, on its own wall."""
        query = sa.select(StoreOpening).where(StoreOpening.store_id == self.store).order_by(StoreOpening.opens_at)
        zone = dt.timezone(dt.timedelta(hours=8))
        async with self.market.acting(SYSTEM) as session:
            return {
                each.day: (f"{each.opens_at.astimezone(zone):%H:%M}", f"{each.closes_at.astimezone(zone):%H:%M}")
                for each in await session.scalars(query)
            }

    async def book(
        self,
        viewer: Viewer,
        slot_id: UUID,
        subject: AppointmentSubject = AppointmentSubject.ADVICE,
        product_id: UUID | None = None,
        note: str | None = None,
        now: dt.datetime = NOW,
    ) -> UUID:
        """Book in a transaction of its own."""
        async with self.market.acting(viewer) as session:
            return await book(
                session, viewer, now, IDS, slot_id=slot_id, subject=subject, product_id=product_id, note=note
            )
