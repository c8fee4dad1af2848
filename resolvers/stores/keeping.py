"""What is done about stores: guests book, and staff keep a store, its people and its hours."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from domain.customers.profiles import KEEP, Kept
from domain.stores import booking, keeping, opening
from domain.stores.calendar import Span
from domain.stores.keeping import Details
from domain.stores.opening import HoursOf
from domain.stores.tables import AppointmentSubject
from foundation.refusals import Refusal
from resolvers.planner.mutations import Act

Value = TypeVar("Value")
TIME_OF_DAY = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)", re.ASCII)


async def book_appointment(
    act: Act, *, slot: UUID, subject: AppointmentSubject, product: UUID | None = None, note: str | None = None
) -> UUID:
    """See `domain.stores.booking`."""
    return await booking.book(
        act.session, act.viewer, act.now, act.new_id, slot_id=slot, subject=subject, product_id=product, note=note
    )


async def cancel_appointment(act: Act, *, appointment: UUID) -> UUID:
    """See `domain.stores.booking`."""
    return await booking.cancel(act.session, act.viewer, act.now, act.new_id, appointment_id=appointment)


async def settle_appointment(act: Act, *, appointment: UUID, attended: bool) -> UUID:
    """See `domain.stores.booking`."""
    return await booking.settle(
        act.session, act.viewer, act.now, act.new_id, appointment_id=appointment, attended=attended
    )


async def register_store(
    act: Act,
    *,
    code: str,
    time_zone: str,
    name: str,
    region: UUID,
    address: str,
    phone: str,
    latitude: Decimal,
    longitude: Decimal,
    slot_minutes: int,
    slot_capacity: int,
    cancel_hours_min: int,
    book_days_max: int,
    name_en: str | None = None,
    address_en: str | None = None,
) -> UUID:
    """See `domain.stores.keeping`."""
    details = Details(
        name=name,
        name_en=name_en,
        region_id=region,
        address=address,
        address_en=address_en,
        phone=phone,
        latitude=latitude,
        longitude=longitude,
        slot_minutes=slot_minutes,
        slot_capacity=slot_capacity,
        cancel_hours_min=cancel_hours_min,
        book_days_max=book_days_max,
    )
    return await keeping.register_store(
        act.session, act.now, act.new_id, code=code, time_zone=time_zone, details=details
    )


async def change_store(
    act: Act,
    *,
    store: UUID,
    version: int,
    name: str | None = None,
    name_en: str | Kept | None = KEEP,
    region: UUID | None = None,
    address: str | None = None,
    address_en: str | Kept | None = KEEP,
    phone: str | None = None,
    latitude: Decimal | None = None,
    longitude: Decimal | None = None,
    slot_minutes: int | None = None,
    slot_capacity: int | None = None,
    cancel_hours_min: int | None = None,
    book_days_max: int | None = None,
) -> UUID:
    """See `domain.stores.keeping`. A member left out, or null where null has no meaning, keeps what is there."""
    details = Details(
        name=kept(name),
        name_en=name_en,
        region_id=kept(region),
        address=kept(address),
        address_en=address_en,
        phone=kept(phone),
        latitude=kept(latitude),
        longitude=kept(longitude),
        slot_minutes=kept(slot_minutes),
        slot_capacity=kept(slot_capacity),
        cancel_hours_min=kept(cancel_hours_min),
        book_days_max=kept(book_days_max),
    )
    return await keeping.change_store(
        act.session, act.now, act.new_id, store_id=store, version=version, details=details
    )


def kept(value: Value | None) -> Value | Kept:
    """A value that was given, or what stands for the one that is there."""
    return KEEP if value is None else value


async def assign_store_employee(act: Act, *, store: UUID, employee: UUID) -> UUID:
    """See `domain.stores.keeping`."""
    return await keeping.assign_employee(act.session, act.now, act.new_id, store_id=store, employee_id=employee)


async def remove_store_employee(act: Act, *, store: UUID, employee: UUID) -> UUID:
    """See `domain.stores.keeping`."""
    return await keeping.remove_employee(act.session, act.now, act.new_id, store_id=store, employee_id=employee)


async def set_store_hours(act: Act, *, store: UUID, version: int, hours: Sequence[Mapping[str, Any]]) -> UUID:
    """See `domain.stores.opening`; a row without times says that it is closed then."""
    spans: list[HoursOf] = []
    for at, row in enumerate(hours):
        span = span_of(row.get("opens"), row.get("closes"), ("hours", at))
        if span is not None:
            spans.append(HoursOf(row["day"], *span))
    return await opening.set_hours(act.session, act.now, act.new_id, store_id=store, version=version, hours=spans)


async def set_store_special_day(
    act: Act,
    *,
    store: UUID,
    version: int,
    day: dt.date,
    reason: str,
    reason_en: str | None = None,
    opens: str | None = None,
    closes: str | None = None,
) -> UUID:
    """See `domain.stores.opening`; without times it is closed."""
    return await opening.set_special_day(
        act.session,
        act.now,
        act.new_id,
        store_id=store,
        version=version,
        day=day,
        span=span_of(opens, closes, ()),
        reason=reason,
        reason_en=reason_en,
    )


async def clear_store_special_day(act: Act, *, store: UUID, version: int, day: dt.date) -> UUID:
    """See `domain.stores.opening`."""
    return await opening.clear_special_day(act.session, act.now, act.new_id, store_id=store, version=version, day=day)


def span_of(opens: str | None, closes: str | None, path: tuple[str | int, ...]) -> Span | None:
    """A span from two times of day, or none where both are missing."""
    if not opens and not closes:
        return None
    return Span(minute_of(opens, (*path, "opens")), minute_of(closes, (*path, "closes")))


def minute_of(text: str | None, path: tuple[str | int, ...]) -> int:
    """The minute of the day that `09:30` names."""
    written = TIME_OF_DAY.fullmatch((text or "").strip())
    if written is None:
        raise Refusal("TIME_OF_DAY", path)
    return int(written[1]) * 60 + int(written[2])
