"""Stores: some open now, with slots that are over, full or free, and appointments of several customers."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from domain.customers.tables import Customer, Employee, Region, Segment
from domain.shop.tables import Product, StockLocation
from domain.stores import tables
from domain.stores.tables import AppointmentStatus, AppointmentSubject
from tests.resolvers.planner.seeded.factory import DAYS, NOW, TODAY, Factory

HOUR = dt.timedelta(hours=1)


def add_stores(make: Factory) -> None:
    """As many stores as there are places where goods lie."""
    guests = [row for row in make.of(Customer) if row["segment"] in {Segment.CONSUMER, Segment.ENTERPRISE}]
    for at, location in enumerate(make.of(StockLocation)):
        store = make.add(
            tables.Store,
            code=f"S{at}",
            region_id=make.one(Region)["id"],
            location_id=location["id"],
            latitude_microdegrees=make.random.choice([0, -33_868_820, 39_904_211]),
            longitude_microdegrees=make.random.choice([0, -500_000, 116_407_395]),
            time_zone="Asia/Shanghai",
            slot_minutes=60,
            slot_capacity=2,
            cancel_hours_min=make.random.choice([0, 2, 24]),
            book_days_max=14,
        )
        add_hours(make, {"store_id": store["id"]})
        slots = [add_slot(make, {"store_id": store["id"]}, hours) for hours in (-30, -1, 0, 1, 2, 26, 50)]
        for slot, guest in itertools.product(slots, guests):
            if make.random.random() < 0.3:
                add_appointment(make, slot, guest)


def add_hours(make: Factory, of: dict[str, Any]) -> None:
    """Hours, special days and openings, one of which may be now."""
    for at, day in enumerate(make.random.sample(list(tables.StoreDay), 4)):
        opens = make.random.choice([0, 5, 570, 1_000])
        closes = make.random.choice([opens + 1, 1_440])
        make.add(tables.StoreHours, **of, position=at // 2, day=day, opens_minute=opens, closes_minute=closes)
    for day in make.random.sample(DAYS, 3):
        opens, closes = make.random.choice([(None, None), (0, 1_440), (605, 606)])
        make.add(tables.StoreSpecialDay, **of, day=day, opens_minute=opens, closes_minute=closes)
    for hours in make.random.sample([-48, -24, -3, 0, 20, 24], 4):
        opens_at = NOW + hours * HOUR
        day = TODAY + dt.timedelta(days=hours // 24)
        make.add(tables.StoreOpening, **of, day=day, opens_at=opens_at, closes_at=opens_at + 4 * HOUR)
    for employee in make.random.sample(make.of(Employee), 2):
        make.add(tables.StoreEmployee, **of, employee_id=employee["id"])


def add_slot(make: Factory, of: dict[str, Any], hours: int) -> dict[str, Any]:
    """A slot that begins so many hours from now; its guests are counted by the database."""
    starts_at = NOW + hours * HOUR
    day = TODAY + dt.timedelta(days=hours // 24)
    capacity = make.random.choice([1, 2, 1_000])
    span = {"day": day, "starts_at": starts_at, "ends_at": starts_at + HOUR}
    retired = make.random.random() < 0.2
    return make.add(tables.AppointmentSlot, **of, **span, capacity=capacity, taken=0, retired=retired)


def add_appointment(make: Factory, slot: dict[str, Any], guest: dict[str, Any]) -> None:
    """An appointment where a place is left, or one that was cancelled."""
    taken = [
        row
        for row in make.of(tables.Appointment)
        if row["slot_id"] == slot["id"] and row["status"] is not AppointmentStatus.CANCELLED
    ]
    free = len(taken) < slot["capacity"] and not slot["retired"]
    states = list(AppointmentStatus) if free else [AppointmentStatus.CANCELLED]
    status, subject = make.random.choice(states), make.random.choice(list(AppointmentSubject))
    make.add(
        tables.Appointment,
        store_id=slot["store_id"],
        slot_id=slot["id"],
        customer_id=guest["id"],
        product_id=make.one(Product)["id"] if subject is AppointmentSubject.EXPERIENCE else None,
        subject=subject,
        status=status,
        starts_at=slot["starts_at"],
        ends_at=slot["ends_at"],
        ended_at=None if status is AppointmentStatus.BOOKED else NOW,
    )
