"""How stores are answered: where they are, what is open, which slots are left, and who comes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.orders.tables import OrderStatus
from domain.stores.tables import AppointmentSlot, AppointmentStatus, Store, StoreEmployee, StoreOpening
from resolvers.customers import found_in, in_region, localised, today, viewer_employee
from resolvers.planner.declare import AUDIENCE, NOW
from resolvers.planner.sqljson import literal
from segments.audiences import STAFF

Bound = sa.ColumnElement[Any] | None
EARTH_METRES = 6_371_009  # its mean radius (IUGG)
DOUBLE: sa.Double[float] = sa.Double()


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def address(store: sa.FromClause) -> sa.ColumnElement[str]:
    """The address in the viewer's language."""
    return localised(store, "address")


def chinese_name(store: sa.FromClause) -> sa.ColumnElement[str]:
    """The name as it is kept, whatever the viewer's language: what an editor changes."""
    return store.c.name


def chinese_address(store: sa.FromClause) -> sa.ColumnElement[str]:
    """The address as it is kept, whatever the viewer's language."""
    return store.c.address


def reason(special_day: sa.FromClause) -> sa.ColumnElement[str]:
    """Why a day is special, in the viewer's language."""
    return localised(special_day, "reason")


def latitude(store: sa.FromClause) -> sa.ColumnElement[Any]:
    """Degrees north of the equator."""
    return degrees(store.c.latitude_microdegrees)


def longitude(store: sa.FromClause) -> sa.ColumnElement[Any]:
    """Degrees east of Greenwich."""
    return degrees(store.c.longitude_microdegrees)


def degrees(microdegrees: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """An exact number of degrees with six digits."""
    return sa.cast(sa.cast(microdegrees, sa.Numeric()) / literal_number(1_000_000), sa.Numeric(9, 6))


def literal_number(value: int) -> sa.ColumnElement[Any]:
    """A number that stands in the statement."""
    return sa.literal_column(str(value), sa.Numeric())


def distance_metres(
    store: sa.FromClause, *, latitude: sa.ColumnElement[Any], longitude: sa.ColumnElement[Any]
) -> sa.ColumnElement[Any]:
    """How far a store is from a point as the crow flies, by the haversine formula; nothing for what is no point on earth."""
    south_north, west_east = sa.cast(latitude, sa.Numeric()), sa.cast(longitude, sa.Numeric())
    here, there = sa.func.radians(sa.cast(south_north, DOUBLE)), radians(store.c.latitude_microdegrees)
    east = sa.func.radians(sa.cast(west_east, DOUBLE)) - radians(store.c.longitude_microdegrees)
    half = sa.func.pow(sa.func.sin((there - here) / 2), 2) + (
        sa.func.cos(here) * sa.func.cos(there) * sa.func.pow(sa.func.sin(east / 2), 2)
    )
    metres = literal_number(2 * EARTH_METRES) * sa.func.asin(sa.func.sqrt(sa.func.least(half, 1)))
    on_earth = sa.and_(
        south_north.between(literal_number(-90), literal_number(90)),
        west_east.between(literal_number(-180), literal_number(180)),
    )
    # CASE judges its condition first, so that no huge number is ever an angle.
    return sa.case((on_earth, sa.cast(sa.func.round(metres), sa.Integer())), else_=sa.null())


def radians(microdegrees: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Stored coordinates as an angle."""
    return sa.func.radians(sa.cast(microdegrees, DOUBLE) / 1_000_000)


def open_now(store: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a store is open at the request's instant."""
    return present_opening(store, StoreOpening.id).exists()


def open_until(store: sa.FromClause) -> sa.ColumnElement[Any]:
    """When a store that is open now closes; nothing where it is closed."""
    return present_opening(store, sa.func.max(StoreOpening.closes_at)).scalar_subquery()


def present_opening(store: sa.FromClause, what: Any) -> Any:
    """Something of a store's opening at the request's instant."""
    table = StoreOpening.__table__
    within = sa.and_(table.c.store_id == store.c.id, table.c.opens_at <= NOW, table.c.closes_at > NOW)
    return sa.select(what).where(within).correlate(store)


def stores(
    store: sa.FromClause,
    *,
    text: Bound = None,
    region: Bound = None,
    open_now: Bound = None,
    latitude: Bound = None,
    longitude: Bound = None,
    kilometres: Bound = None,
    mine: Bound = None,
) -> sa.ColumnElement[bool]:
    """Stores by part of a name or address, a region, whether they are open, around a point, or where the viewer works.

    Around a point are those within so many kilometres of it, where all three are given.
    """
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if text is not None:
        conditions.append(found_in(text, store.c.name, store.c.name_en, store.c.address, store.c.address_en))
    if region is not None:
        conditions.append(in_region(store, region))
    if open_now is not None:
        conditions.append(present_opening(store, StoreOpening.id).exists() == open_now)
    if latitude is not None and longitude is not None and kilometres is not None:
        distance = distance_metres(store, latitude=latitude, longitude=longitude)
        conditions.append(distance <= sa.cast(kilometres, sa.BigInteger()) * literal_integer(1_000))
    if mine is not None:
        conditions.append(works_there(store) == mine)
    return sa.and_(*conditions)


def works_there(store: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the viewer works at a store."""
    place = StoreEmployee.__table__.alias()
    works = sa.select(place.c.id).where(place.c.store_id == store.c.id, place.c.employee_id == viewer_employee())
    return works.correlate(store).exists()


def sales(order: sa.FromClause, *, status: Bound = None) -> sa.ColumnElement[bool]:
    """What was rung up at a store's till, by how far it has come."""
    return sa.true() if status is None else order.c.status == status


def open_sales(order: sa.FromClause) -> sa.ColumnElement[bool]:
    """What waits for its money at a store's till, in the words of its index."""
    return order.c.status == literal(OrderStatus.PLACED.value)


def special_days(special_day: sa.FromClause, *, since: Bound = None) -> sa.ColumnElement[bool]:
    """Special days from a day on; from today on unless told."""
    return special_day.c.day >= (today() if since is None else since)


def openings(store_opening: sa.FromClause, *, since: Bound = None, until: Bound = None) -> sa.ColumnElement[bool]:
    """Openings from a day until another, both within; those that are not over unless told since when."""
    begun = store_opening.c.closes_at > NOW if since is None else store_opening.c.day >= since
    return begun if until is None else sa.and_(begun, store_opening.c.day <= until)


def slots(slot: sa.FromClause, *, day: Bound = None, bookable: Bound = None) -> sa.ColumnElement[bool]:
    """Slots of a day, from today on unless told; and those that can be booked or cannot."""
    on_day = slot.c.day >= today() if day is None else slot.c.day == day
    return on_day if bookable is None else sa.and_(on_day, can_be_booked(slot) == bookable)


def places_left(slot: sa.FromClause) -> sa.ColumnElement[int]:
    """How many more guests a slot takes."""
    return sa.case((slot.c.retired, literal_integer(0)), else_=slot.c.capacity - slot.c.taken)


def can_be_booked(slot: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a slot is still to come and takes somebody more."""
    return sa.and_(slot.c.starts_at > NOW, slot.c.taken < slot.c.capacity, sa.not_(slot.c.retired))


def expected_today(store: sa.FromClause) -> sa.ColumnElement[int]:
    """How many guests a store expects, or expected, today."""
    slot = AppointmentSlot.__table__.alias()
    counted = sa.select(sa.func.coalesce(sa.func.sum(slot.c.taken), literal_integer(0)))
    on_day = counted.where(slot.c.store_id == store.c.id, slot.c.day == today()).correlate(store)
    return sa.cast(on_day.scalar_subquery(), sa.Integer())


def opens(span: sa.FromClause) -> sa.ColumnElement[Any]:
    """When a span begins, on the wall of the store."""
    return time_of_day(span.c.opens_minute)


def closes(span: sa.FromClause) -> sa.ColumnElement[Any]:
    """When a span ends; the end of a day is 24:00."""
    return time_of_day(span.c.closes_minute)


def time_of_day(minute: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A minute of the day as `09:30`; nothing where there is none."""
    hours, minutes = (
        sa.cast(part, sa.Text()) for part in (minute // literal_integer(60), minute % literal_integer(60))
    )
    return sa.func.lpad(hours, 2, literal("0")) + literal(":") + sa.func.lpad(minutes, 2, literal("0"))


def literal_integer(value: int) -> sa.ColumnElement[Any]:
    """A whole number that stands in the statement."""
    return sa.literal_column(str(value), sa.BigInteger())


def appointments(
    appointment: sa.FromClause,
    *,
    store: Bound = None,
    status: Bound = None,
    upcoming: Bound = None,
    starts_from: Bound = None,
    starts_before: Bound = None,
) -> sa.ColumnElement[bool]:
    """Appointments at a store, by what became of them, still to come or over, and between two instants."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if store is not None:
        conditions.append(appointment.c.store_id == store)
    if status is not None:
        conditions.append(appointment.c.status == status)
    if upcoming is not None:
        conditions.append((appointment.c.ends_at > NOW) == upcoming)
    if starts_from is not None:
        conditions.append(appointment.c.starts_at >= starts_from)
    if starts_before is not None:
        conditions.append(appointment.c.starts_at < starts_before)
    return sa.and_(*conditions)


def of_day(appointment: sa.FromClause, *, day: Bound = None) -> sa.ColumnElement[bool]:
    """Appointments of a day at the store; of today unless told."""
    slot = AppointmentSlot.__table__.alias()
    on_day = sa.select(slot.c.id).where(
        slot.c.id == appointment.c.slot_id, slot.c.day == (today() if day is None else day)
    )
    return on_day.correlate(appointment).exists()


def cancellable(appointment: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the viewer may still cancel: guests until the store's hours before, staff until it begins."""
    store = Store.__table__.alias()
    hours = sa.select(store.c.cancel_hours_min).where(store.c.id == appointment.c.store_id).correlate(appointment)
    notice = sa.case((literal(STAFF.value) == AUDIENCE, literal_integer(0)), else_=hours.scalar_subquery())
    last = appointment.c.starts_at - sa.cast(notice, sa.Integer()) * sa.literal_column("interval '1 hour'")
    return sa.and_(appointment.c.status == literal(AppointmentStatus.BOOKED.value), last >= NOW)
