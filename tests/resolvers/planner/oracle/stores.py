"""How stores, their hours and appointments there are answered."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from functools import partial

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.customers import contains, in_region, localised, viewer_employee
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in

EARTH_METRES = 6_371_009


def degrees(_: Seen, store: Found, name: str) -> str:
    sign, (whole, rest) = "-" if store[name] < 0 else "", divmod(abs(store[name]), 1_000_000)
    return f"{sign}{whole}.{rest:06}"


def distance_metres(_: Seen, store: Found, *, latitude: Decimal, longitude: Decimal) -> int | None:
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    here, there = math.radians(float(latitude)), math.radians(store["latitude_microdegrees"] / 1_000_000)
    east = math.radians(float(longitude)) - math.radians(store["longitude_microdegrees"] / 1_000_000)
    half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(east / 2) ** 2
    return round(2 * EARTH_METRES * math.asin(math.sqrt(min(half, 1))))


def present(seen: Seen, store: Found) -> list[Found]:
    """The openings that a store has now."""
    openings = seen.where("store_opening", "store_id", store["id"])
    return [each for each in openings if each["opens_at"] <= seen.now < each["closes_at"]]


def open_until(seen: Seen, store: Found) -> dt.datetime | None:
    return max((each["closes_at"] for each in present(seen, store)), default=None)


def time_of_day(_: Seen, span: Found, name: str) -> str | None:
    minute = span[name]
    return None if minute is None else f"{minute // 60:02}:{minute % 60:02}"


def stores(
    seen: Seen,
    row: Found,
    *,
    text: str | None = None,
    region: str | None = None,
    open_now: bool | None = None,
    latitude: Decimal | None = None,
    longitude: Decimal | None = None,
    kilometres: int | None = None,
    mine: bool | None = None,
) -> bool:
    words = " ".join(row[name] for name in ("name", "name_en", "address", "address_en") if row[name] is not None)
    near = True
    if latitude is not None and longitude is not None and kilometres is not None:
        metres = distance_metres(seen, row, latitude=latitude, longitude=longitude)
        near = metres is not None and metres <= kilometres * 1_000
    return (
        (text is None or contains(words, text))
        and (region is None or in_region(seen, row, key_in(region, "Region")))
        and open_now in {None, bool(present(seen, row))}
        and near
        and mine in {None, works_here(seen, row)}
    )


def works_here(seen: Seen, store: Found) -> bool:
    places = seen.where("store_employee", "store_id", store["id"])
    return any(each["employee_id"] == viewer_employee(seen) for each in places)


def sales(_: Seen, row: Found, *, status: str | None) -> bool:
    return status in {None, row["status"]}


def special_days(seen: Seen, row: Found, *, since: dt.date | None) -> bool:
    return row["day"] >= (since or seen.today)


def openings(seen: Seen, row: Found, *, since: dt.date | None, until: dt.date | None) -> bool:
    begun = row["closes_at"] > seen.now if since is None else row["day"] >= since
    return begun and (until is None or row["day"] <= until)


def bookable(seen: Seen, slot: Found) -> bool:
    return slot["starts_at"] > seen.now and slot["taken"] < slot["capacity"] and not slot["retired"]


def slots(seen: Seen, row: Found, *, day: dt.date | None, bookable: bool | None) -> bool:
    free = not row["retired"] and row["starts_at"] > seen.now and row["taken"] < row["capacity"]
    return (row["day"] >= seen.today if day is None else row["day"] == day) and bookable in {None, free}


def appointments(
    seen: Seen,
    row: Found,
    *,
    store: str | None = None,
    status: str | None = None,
    upcoming: bool | None = None,
    starts_from: dt.datetime | None = None,
    starts_before: dt.datetime | None = None,
) -> bool:
    return (
        (store is None or row["store_id"] == key_in(store, "Store"))
        and status in {None, row["status"]}
        and upcoming in {None, row["ends_at"] > seen.now}
        and (starts_from is None or row["starts_at"] >= starts_from)
        and (starts_before is None or row["starts_at"] < starts_before)
    )


def expected_today(seen: Seen, store: Found) -> int:
    slots = seen.where("appointment_slot", "store_id", store["id"])
    return sum(slot["taken"] for slot in slots if slot["day"] == seen.today)


def of_day(seen: Seen, row: Found, *, day: dt.date | None) -> bool:
    slot = seen.one("appointment_slot", row["slot_id"])
    return slot is not None and slot["day"] == (day or seen.today)


def cancellable(seen: Seen, appointment: Found) -> bool:
    store = seen.one("store", appointment["store_id"])
    assert store is not None
    assert seen.viewer.audience is not None
    hours = 0 if seen.viewer.audience.value == "staff" else store["cancel_hours_min"]
    return appointment["status"] == "BOOKED" and appointment["starts_at"] - dt.timedelta(hours=hours) >= seen.now


def register(answers: Answers) -> None:
    """Tell the oracle of stores."""
    for type_name, column in (("Store", "name"), ("Store", "address"), ("StoreSpecialDay", "reason")):
        answers.answer(type_name, column)(partial(localised, column=column))
    for name in ("name", "address"):
        answers.answer("Store", f"{name}_zh")(lambda _, store, name=name: store[name])
    for name in ("latitude", "longitude"):
        answers.answer("Store", name)(partial(degrees, name=f"{name}_microdegrees"))
    for type_name in ("StoreHours", "StoreSpecialDay"):
        for name in ("opens", "closes"):
            answers.answer(type_name, name)(partial(time_of_day, name=f"{name}_minute"))
    answers.answer("Store", "distance_metres")(distance_metres)
    answers.answer("Store", "open_now")(lambda seen, store: bool(present(seen, store)))
    answers.answer("Store", "open_until")(open_until)
    answers.answer("Store", "special_days")(special_days)
    answers.answer("Store", "openings")(openings)
    answers.answer("Store", "slots")(slots)
    answers.answer("Store", "expected_today")(expected_today)
    answers.answer("Store", "sales")(sales)
    answers.answer("Store", "open_sales")(lambda _, row: row["status"] == "PLACED")
    answers.answer("Store", "works_here")(works_here)
    answers.answer("Store", "appointments")(of_day)
    answers.answer("AppointmentSlot", "places_left")(
        lambda _, slot: 0 if slot["retired"] else slot["capacity"] - slot["taken"]
    )
    answers.answer("AppointmentSlot", "bookable")(bookable)
    answers.answer("Appointment", "cancellable")(cancellable)
    answers.answer("Query", "stores")(stores)
    answers.answer("Query", "appointments")(appointments)
