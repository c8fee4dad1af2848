"""The rules of keeping stores: a new one is registered, what is said of it changes, and who works there comes and goes."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.profiles import KEEP, Kept
from domain.customers.tables import Employee, Region
from domain.guards import existing, text_of
from domain.shop.tables import StockLocation
from domain.stores.opening import locked, open_days
from domain.stores.tables import Store, StoreEmployee
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.outbox import OutboxEvent, append

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,15}")
CODE_CHARACTERS_MAX = 16
NAME_CHARACTERS_MAX = 80
ADDRESS_CHARACTERS_MAX = 200
PHONE_CHARACTERS_MAX = 40
# The most characters of each text; English may be left out.
TEXTS = {
    "name": NAME_CHARACTERS_MAX,
    "name_en": NAME_CHARACTERS_MAX,
    "address": ADDRESS_CHARACTERS_MAX,
    "address_en": ADDRESS_CHARACTERS_MAX,
    "phone": PHONE_CHARACTERS_MAX,
}
# Degrees by the member that tells them, and the column that holds them.
DEGREES_MAX = {"latitude": 90, "longitude": 180}
MICRODEGREES = 1_000_000
DECIMALS_MAX = 6
# The least and the most of each count; the table checks most of them too.
COUNTS = {
    "slot_minutes": (5, 480),
    "slot_capacity": (1, 1_000),
    "cancel_hours_min": (0, 720),
    "book_days_max": (1, 90),
}
EMPLOYEES_MAX = 50
REGISTERED, CHANGED = "store.registered", "store.changed"
EMPLOYEE_ASSIGNED, EMPLOYEE_REMOVED = "store.employee_assigned", "store.employee_removed"


class Details(NamedTuple):
    """What is said of a store and may change; coordinates in degrees (WGS 84) of six decimals at most."""

    name: str | Kept = KEEP
    name_en: str | Kept | None = KEEP
    region_id: UUID | Kept = KEEP
    address: str | Kept = KEEP
    address_en: str | Kept | None = KEEP
    phone: str | Kept = KEEP
    latitude: Decimal | Kept = KEEP
    longitude: Decimal | Kept = KEEP
    slot_minutes: int | Kept = KEEP
    slot_capacity: int | Kept = KEEP
    cancel_hours_min: int | Kept = KEEP
    book_days_max: int | Kept = KEEP


async def register_store(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, code: str, time_zone: str, details: Details
) -> UUID:
    """Register a store, with a place of its own where goods lie; it is closed until its hours are set.

    Code and time zone stay: orders and appointments of the past are told by them. Refuses with STORE_CODE_MALFORMED,
    CODE_TAKEN, NOT_A_TIME_ZONE, EMPTY, TOO_LONG, NOT_FOUND, OUT_OF_RANGE and TOO_MANY_DECIMALS.
    """
    for name, value in details._asdict().items():
        if isinstance(value, Kept) and not name.endswith("_en"):
            raise Refusal("EMPTY", (name,))
    columns: dict[str, Any] = {"name_en": None, "address_en": None} | await columns_of(session, details)
    written = code.strip().upper()
    if not CODE.fullmatch(written):
        raise Refusal("STORE_CODE_MALFORMED", ("code",), max=CODE_CHARACTERS_MAX)
    if await session.scalar(sa.select(Store.id).where(Store.code == written)):
        raise Refusal("CODE_TAKEN", ("code",))
    zone = time_zone.strip()
    if zone not in available_timezones():
        raise Refusal("NOT_A_TIME_ZONE", ("time_zone",))
    location = StockLocation(
        id=new_id(), name=columns["name"], name_en=columns["name_en"], region_id=columns["region_id"]
    )
    session.add(location)
    await session.flush()
    store = Store(
        id=new_id(),
        code=written,
        time_zone=zone,
        location_id=location.id,
        opened_until=None,
        version=1,
        **columns,
    )
    session.add(store)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_store_code" not in str(error.orig):
            raise
        # Somebody has taken the code since we looked.
        raise Refusal("CODE_TAKEN", ("code",)) from error
    await open_days(session, now, new_id, store)
    await tell(session, now, new_id, store, REGISTERED)
    return store.id


async def change_store(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, store_id: UUID, version: int, details: Details
) -> UUID:
    """Change what is said of a store, as its editor has seen it. Its days are opened anew, so that slots fit.

    Whoever is booked stays booked, at the time they were told: see `domain.stores.opening.fit_slots`. How late one may
    cancel holds for them too from now on. The place where its goods lie bears its name and is in its region.
    """
    store = await locked(session, store_id, version)
    columns = await columns_of(session, details)
    for name, value in columns.items():
        setattr(store, name, value)
    moved = {name: columns[name] for name in ("name", "name_en", "region_id") if name in columns}
    if moved:
        place = sa.update(StockLocation).where(StockLocation.id == store.location_id).values(moved)
        await session.execute(place)
    await session.flush()
    await open_days(session, now, new_id, store)
    await tell(session, now, new_id, store, CHANGED)
    return store_id


async def columns_of(session: AsyncSession, details: Details) -> dict[str, Any]:
    """The columns of a store that somebody has said, each checked; what is kept is not among them."""
    given = {name: value for name, value in details._asdict().items() if not isinstance(value, Kept)}
    columns: dict[str, Any] = {}
    for name, value in given.items():
        if name in TEXTS:
            columns[name] = None if value is None else text_of(value, name, TEXTS[name])
        elif name in DEGREES_MAX:
            columns[f"{name}_microdegrees"] = microdegrees(value, name)
        elif name in COUNTS:
            least, most = COUNTS[name]
            if not least <= value <= most:
                raise Refusal("OUT_OF_RANGE", (name,), min=least, max=most)
            columns[name] = value
        else:
            columns["region_id"] = (await existing(session, Region, value, "region")).id
    return columns


def microdegrees(degrees: Decimal, field: str) -> int:
    """Degrees as the whole number of their millionths; a finer place than the table holds is refused, not rounded."""
    most = DEGREES_MAX[field]
    if not (degrees.is_finite() and -most <= degrees <= most):
        raise Refusal("OUT_OF_RANGE", (field,), min=-most, max=most)
    # A fraction is exact, where a product of decimals is rounded to 28 digits.
    scaled = Fraction(degrees) * MICRODEGREES
    if scaled.denominator != 1:
        raise Refusal("TOO_MANY_DECIMALS", (field,), max=DECIMALS_MAX)
    return scaled.numerator


async def assign_employee(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, store_id: UUID, employee_id: UUID
) -> UUID:
    """Let an employee work at a store, and so act for it. Somebody may work at several.

    Refuses with NOT_FOUND, WORKS_THERE_ALREADY and TOO_MANY. Returns the store's key.
    """
    # Locked, so that two at once can neither both be the last, nor the same one twice.
    store = await existing(session, Store, store_id, "store", lock=True)
    await existing(session, Employee, employee_id, "employee")
    there = set(await session.scalars(sa.select(StoreEmployee.employee_id).where(StoreEmployee.store_id == store_id)))
    if employee_id in there:
        raise Refusal("WORKS_THERE_ALREADY", ("employee",))
    if len(there) >= EMPLOYEES_MAX:
        raise Refusal("TOO_MANY", ("employee",), max=EMPLOYEES_MAX)
    session.add(StoreEmployee(id=new_id(), store_id=store_id, employee_id=employee_id))
    await tell(session, now, new_id, store, EMPLOYEE_ASSIGNED, employee=str(employee_id))
    return store_id


async def remove_employee(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, store_id: UUID, employee_id: UUID
) -> UUID:
    """Let an employee work at a store no more; what they have noted and sold there stays. Returns the store's key."""
    store = await existing(session, Store, store_id, "store", lock=True)
    place = sa.delete(StoreEmployee).where(StoreEmployee.store_id == store_id, StoreEmployee.employee_id == employee_id)
    if (await session.scalars(place.returning(StoreEmployee.id))).first() is None:
        raise Refusal("NOT_FOUND", ("employee",))
    await tell(session, now, new_id, store, EMPLOYEE_REMOVED, employee=str(employee_id))
    return store_id


async def tell(session: AsyncSession, now: dt.datetime, new_id: Ids, store: Store, kind: str, **payload: str) -> None:
    """Append the event of a change that was just made."""
    await append(
        session,
        OutboxEvent(
            id=new_id(),
            kind=kind,
            subject_id=store.id,
            customer_id=None,
            payload={"code": store.code, **payload},
            at=now,
            classification=Classification.PUBLIC,
            compartments=[],
        ),
    )
