"""The rules of when stores are open: hours, special days, and the openings and slots that are made from them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, text_of
from domain.stores import calendar
from domain.stores.calendar import MINUTES_OF_DAY, Opening, Span
from domain.stores.tables import (
    Appointment,
    AppointmentSlot,
    Store,
    StoreDay,
    StoreHours,
    StoreOpening,
    StoreSpecialDay,
)
from foundation.ids import Ids
from foundation.refusals import Refusal

SPANS_MAX = 32
REASON_CHARACTERS_MAX = 200
SPECIAL_DAYS_AHEAD_MAX = 730


class HoursOf(NamedTuple):
    """A span of a day of the week, or of public holidays."""

    day: StoreDay
    opens_minute: int
    closes_minute: int


async def set_hours(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, store_id: UUID, version: int, hours: Sequence[HoursOf]
) -> UUID:
    """Put other hours in force; slots that no longer fit are retired, and who is booked there stays.

    Refuses with CHANGED_MEANWHILE, TOO_MANY, HOURS_WRONG and HOURS_OVERLAP; the path names the span.
    """
    store = await locked(session, store_id, version)
    if len(hours) > SPANS_MAX:
        raise Refusal("TOO_MANY", ("hours",), max=SPANS_MAX)
    for at, each in enumerate(hours):
        check_span(each.opens_minute, each.closes_minute, ("hours", at))
    for day in StoreDay:
        spans = sorted((each.opens_minute, each.closes_minute, at) for at, each in enumerate(hours) if each.day is day)
        for (_, closes, _), (opens, _, at) in pairwise(spans):
            if opens < closes:
                raise Refusal("HOURS_OVERLAP", ("hours", at))
    await session.execute(sa.delete(StoreHours).where(StoreHours.store_id == store_id))
    days = list(StoreDay)
    ordered = sorted(hours, key=lambda each: (days.index(each.day), each.opens_minute))
    session.add_all(
        StoreHours(id=new_id(), store_id=store_id, position=at, **each._asdict()) for at, each in enumerate(ordered)
    )
    await session.flush()
    await open_days(session, now, new_id, store)
    return store_id


async def set_special_day(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    store_id: UUID,
    version: int,
    day: dt.date,
    span: Span | None,
    reason: str,
    reason_en: str | None = None,
) -> UUID:
    """Say of a date, from today on, that the store is closed (no span) or open otherwise than usual."""
    store = await locked(session, store_id, version)
    today = local_day(store, now)
    if not today <= day <= today + dt.timedelta(days=SPECIAL_DAYS_AHEAD_MAX):
        raise Refusal("DAY_OUT_OF_RANGE", ("day",), days=SPECIAL_DAYS_AHEAD_MAX)
    if span is not None:
        check_span(*span, ("opens_minute",))
    said = text_of(reason, "reason", REASON_CHARACTERS_MAX)
    said_en = text_of(reason_en, "reason_en", REASON_CHARACTERS_MAX) if reason_en else None
    await session.execute(
        sa.delete(StoreSpecialDay).where(StoreSpecialDay.store_id == store_id, StoreSpecialDay.day == day)
    )
    opens, closes = span or (None, None)
    session.add(
        StoreSpecialDay(
            id=new_id(),
            store_id=store_id,
            day=day,
            opens_minute=opens,
            closes_minute=closes,
            reason=said,
            reason_en=said_en,
        )
    )
    await session.flush()
    await open_days(session, now, new_id, store)
    return store_id


async def clear_special_day(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, store_id: UUID, version: int, day: dt.date
) -> UUID:
    """Let the usual hours hold again on a date."""
    store = await locked(session, store_id, version)
    said = sa.delete(StoreSpecialDay).where(StoreSpecialDay.store_id == store_id, StoreSpecialDay.day == day)
    if (await session.scalars(said.returning(StoreSpecialDay.id))).first() is None:
        raise Refusal("NOT_FOUND", ("day",))
    await open_days(session, now, new_id, store)
    return store_id


async def locked(session: AsyncSession, store_id: UUID, version: int) -> Store:
    """A store for who has seen its present version, which is one more then."""
    store = await existing(session, Store, store_id, "store", lock=True)
    if store.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=store.version)
    store.version += 1
    return store


def check_span(opens_minute: int, closes_minute: int, path: tuple[str | int, ...]) -> None:
    """A span begins before it ends, within one day."""
    if not 0 <= opens_minute < closes_minute <= MINUTES_OF_DAY:
        raise Refusal("HOURS_WRONG", path)


def local_day(store: Store, now: dt.datetime) -> dt.date:
    """The day that it is at a store."""
    return now.astimezone(ZoneInfo(store.time_zone)).date()


async def open_days(session: AsyncSession, now: dt.datetime, new_id: Ids, store: Store) -> None:
    """Make a store's openings and slots for the days that can be booked, as its hours say now. The store is locked."""
    today = local_day(store, now)
    last = today + dt.timedelta(days=store.book_days_max)
    days = [today + dt.timedelta(days=ahead) for ahead in range(store.book_days_max + 1)]
    hours: dict[StoreDay, list[Span]] = defaultdict(list)
    for row in await session.scalars(sa.select(StoreHours).where(StoreHours.store_id == store.id)):
        hours[row.day].append(Span(row.opens_minute, row.closes_minute))
    special: dict[dt.date, Span | None] = {}
    for said in await session.scalars(sa.select(StoreSpecialDay).where(StoreSpecialDay.store_id == store.id)):
        closed = said.opens_minute is None or said.closes_minute is None
        special[said.day] = None if closed else Span(said.opens_minute or 0, said.closes_minute or 0)
    wanted = list(calendar.openings(hours, special, ZoneInfo(store.time_zone), days))
    future = sa.delete(StoreOpening).where(StoreOpening.store_id == store.id, StoreOpening.day >= today)
    await session.execute(future)
    session.add_all(StoreOpening(id=new_id(), store_id=store.id, **each._asdict()) for each in wanted)
    await fit_slots(session, now, new_id, store, wanted)
    store.opened_until = last
    await session.flush()


async def fit_slots(
    session: AsyncSession, now: dt.datetime, new_id: Ids, store: Store, wanted: Sequence[Opening]
) -> None:
    """Make the slots to come those of the openings. One that does not fit any more goes, or is retired.

    Guests of a retired slot are still expected when they were told, so a slot that overlaps with it takes that many fewer:
    at no instant are more guests expected than the store takes at once. When one of them cancels, the place is free
    again with the next run.
    """
    fitting = {
        begins: (opening.day, ends)
        for opening in wanted
        for begins, ends in calendar.slots(opening, store.slot_minutes)
        if begins > now
    }
    # Locked in one order, so that no booking sees half of it.
    query = sa.select(AppointmentSlot).where(AppointmentSlot.store_id == store.id, AppointmentSlot.starts_at > now)
    known = (await session.scalars(query.order_by(AppointmentSlot.id).with_for_update())).all()
    named = set(await session.scalars(sa.select(Appointment.slot_id).where(Appointment.store_id == store.id)))
    fitted: list[AppointmentSlot] = []
    retired: list[AppointmentSlot] = []
    for slot in known:
        fits = fitting.get(slot.starts_at)
        # Nobody who is expected is told another end; appointments that were cancelled keep their own.
        if fits is not None and (fits[1] == slot.ends_at or not slot.taken):
            slot.day, slot.ends_at = fits
            slot.retired = False
            fitted.append(slot)
            del fitting[slot.starts_at]
        elif slot.id in named:
            slot.retired, slot.capacity = True, slot.taken
            retired.append(slot)
            # Only one slot of a store begins at an instant.
            fitting.pop(slot.starts_at, None)
        else:
            await session.delete(slot)
    fitted += [
        AppointmentSlot(id=new_id(), store_id=store.id, day=day, starts_at=begins, ends_at=ends, taken=0, retired=False)
        for begins, (day, ends) in fitting.items()
    ]
    for slot in fitted:
        slot.capacity = max(slot.taken, store.slot_capacity - expected_at_once(retired, slot))
    session.add_all(fitted)


def expected_at_once(retired: Sequence[AppointmentSlot], slot: AppointmentSlot) -> int:
    """The most guests of retired slots who are there at one instant of a slot."""
    within = [each for each in retired if each.starts_at < slot.ends_at and slot.starts_at < each.ends_at]
    # There are never more than at the slot's beginning, or when somebody comes.
    instants = [max(each.starts_at, slot.starts_at) for each in within]
    return max(
        (sum(each.taken for each in within if each.starts_at <= at < each.ends_at) for at in instants), default=0
    )


async def open_days_ahead(session: AsyncSession, now: dt.datetime, new_id: Ids) -> int:
    """Make the openings and slots of one store that is short of them: the step of a job."""
    due = sa.cast(sa.func.timezone(Store.time_zone, now), sa.Date()) + sa.cast(Store.book_days_max, sa.Integer())
    short = sa.select(Store).where(sa.or_(Store.opened_until.is_(None), Store.opened_until < due))
    store = await session.scalar(short.order_by(Store.id).limit(1).with_for_update(skip_locked=True))
    if store is None:
        return 0
    await open_days(session, now, new_id, store)
    return 1
