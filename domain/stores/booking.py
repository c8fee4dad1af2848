"""The rules of appointments: a guest books a slot of a store, may cancel it in time, and comes or does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, text_of
from domain.notices.tables import NoticeKind
from domain.shop.tables import Product, ProductStatus
from domain.stores import notices
from domain.stores.opening import local_day
from domain.stores.tables import (
    Appointment,
    AppointmentSlot,
    AppointmentStatus,
    AppointmentSubject,
    Store,
    StoreEmployee,
)
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.audiences import STAFF
from segments.classification import Classification
from segments.outbox import OutboxEvent, append
from segments.viewer import Viewer

NOTE_CHARACTERS_MAX = 500
OPEN_APPOINTMENTS_MAX = 5
# Guests who come early are let in, and noted.
EARLY = dt.timedelta(minutes=30)
CORRECTED = dt.timedelta(hours=24)
SHOWN = (ProductStatus.ACTIVE, ProductStatus.PREORDER)
BOOKED, ENDED = "appointment.booked", "appointment.ended"


async def book(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    slot_id: UUID,
    subject: AppointmentSubject,
    product_id: UUID | None = None,
    note: str | None = None,
) -> UUID:
    """Book a slot for the viewer's customer; who comes to try a product names it. Returns the appointment's key.

    Refuses with NO_CUSTOMER, NOT_FOUND, SLOT_PAST, SLOT_TOO_FAR, SLOT_FULL, ALREADY_BOOKED, OVERLAPPING,
    TOO_MANY_APPOINTMENTS, PRODUCT_NEEDED, PRODUCT_NOT_ASKED and PRODUCT_NOT_SHOWN.
    """
    customer_id = viewer.customer_id
    if customer_id is None:
        raise Refusal("NO_CUSTOMER")
    slot = await existing(session, AppointmentSlot, slot_id, "slot")
    store = await existing(session, Store, slot.store_id, "slot")
    if slot.starts_at <= now:
        raise Refusal("SLOT_PAST", ("slot",))
    if slot.day > local_day(store, now) + dt.timedelta(days=store.book_days_max):
        raise Refusal("SLOT_TOO_FAR", ("slot",), days=store.book_days_max)
    await check_product(session, subject, product_id)
    said = text_of(note, "note", NOTE_CHARACTERS_MAX) if note and note.strip() else None
    await check_others(session, now, customer_id, slot)
    key = new_id()
    appointment = Appointment(
        id=key,
        store_id=store.id,
        slot_id=slot.id,
        customer_id=customer_id,
        product_id=product_id,
        number=key.hex[-8:].upper(),
        subject=subject,
        note=said,
        status=AppointmentStatus.BOOKED,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        booked_at=now,
        ended_at=None,
    )
    session.add(appointment)
    with slot_refusals():
        await session.flush()
    await tell(session, now, new_id, appointment, BOOKED)
    return key


async def check_product(session: AsyncSession, subject: AppointmentSubject, product_id: UUID | None) -> None:
    """A product is named by those who come to try it, and by nobody else; it is one that can be shown."""
    if subject is not AppointmentSubject.EXPERIENCE:
        if product_id is not None:
            raise Refusal("PRODUCT_NOT_ASKED", ("product",))
        return
    if product_id is None:
        raise Refusal("PRODUCT_NEEDED", ("product",))
    product = await existing(session, Product, product_id, "product")
    if product.status not in SHOWN:
        raise Refusal("PRODUCT_NOT_SHOWN", ("product",))


async def check_others(session: AsyncSession, now: dt.datetime, customer_id: UUID, slot: AppointmentSlot) -> None:
    """Nobody is expected twice in a slot, nor at two places at once, nor too often altogether."""
    # One booking of a customer after the other, so that two at once cannot both find the last free place among these.
    await session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"appointment {customer_id}", 0)))
    )
    theirs = sa.select(Appointment).where(Appointment.customer_id == customer_id)
    # Also who has come already, before the slot began.
    here = theirs.where(Appointment.slot_id == slot.id, Appointment.status != AppointmentStatus.CANCELLED)
    if await session.scalar(here):
        raise Refusal("ALREADY_BOOKED", ("slot",))
    query = theirs.where(Appointment.status == AppointmentStatus.BOOKED, Appointment.ends_at > now)
    coming = (await session.scalars(query)).all()
    if any(each.starts_at < slot.ends_at and slot.starts_at < each.ends_at for each in coming):
        raise Refusal("OVERLAPPING", ("slot",))
    if len(coming) >= OPEN_APPOINTMENTS_MAX:
        raise Refusal("TOO_MANY_APPOINTMENTS", ("slot",), max=OPEN_APPOINTMENTS_MAX)


@contextmanager
def slot_refusals() -> Generator[None]:
    """What the database says of a slot that takes nobody more, as a refusal."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "QA001":
            raise Refusal("SLOT_FULL", ("slot",)) from error
        raise


async def cancel(session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, appointment_id: UUID) -> UUID:
    """Cancel what is booked: guests until the store's hours before it begins, staff until it begins.

    Refuses with NOT_FOUND, NOT_BOOKED and TOO_LATE_TO_CANCEL.
    """
    appointment = await existing(session, Appointment, appointment_id, "appointment", lock=True)
    if appointment.status is not AppointmentStatus.BOOKED:
        raise Refusal("NOT_BOOKED", ("appointment",))
    store = await existing(session, Store, appointment.store_id, "appointment")
    hours = 0 if viewer.audience is STAFF else store.cancel_hours_min
    if now > appointment.starts_at - dt.timedelta(hours=hours):
        raise Refusal("TOO_LATE_TO_CANCEL", ("appointment",), hours=hours)
    appointment.status, appointment.ended_at = AppointmentStatus.CANCELLED, now
    await tell(session, now, new_id, appointment, ENDED)
    if viewer.customer_id is None:
        # Guests know what they have cancelled themselves.
        await notices.tell(session, now, new_id, appointment, store, NoticeKind.APPOINTMENT_CANCELLED)
    return appointment_id


async def settle(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, appointment_id: UUID, attended: bool
) -> UUID:
    """Note that a guest came, or did not, by somebody of the store; what was noted can be corrected for a day.

    Refuses with NOT_FOUND, OTHER_STORE, NOT_BOOKED, TOO_EARLY and TOO_LATE_TO_CORRECT.
    """
    appointment = await existing(session, Appointment, appointment_id, "appointment", lock=True)
    await works_at(session, viewer, appointment.store_id, "appointment")
    if appointment.status is AppointmentStatus.CANCELLED:
        raise Refusal("NOT_BOOKED", ("appointment",))
    if now < appointment.starts_at - (EARLY if attended else dt.timedelta()):
        raise Refusal("TOO_EARLY", ("appointment",))
    if appointment.ended_at is not None and now > appointment.ended_at + CORRECTED:
        raise Refusal("TOO_LATE_TO_CORRECT", ("appointment",))
    appointment.status = AppointmentStatus.ATTENDED if attended else AppointmentStatus.MISSED
    appointment.ended_at = now
    await tell(session, now, new_id, appointment, ENDED)
    return appointment_id


async def works_at(session: AsyncSession, viewer: Viewer, store_id: UUID, field: str) -> None:
    """Only who works at a store acts for it."""
    place = sa.exists().where(StoreEmployee.store_id == store_id, StoreEmployee.employee_id == viewer.employee_id)
    if viewer.employee_id is None or not await session.scalar(sa.select(place)):
        raise Refusal("OTHER_STORE", (field,))


async def tell(session: AsyncSession, now: dt.datetime, new_id: Ids, appointment: Appointment, kind: str) -> None:
    """Append the event of a change that was just made."""
    await append(
        session,
        OutboxEvent(
            id=new_id(),
            kind=kind,
            subject_id=appointment.id,
            customer_id=appointment.customer_id,
            payload={"number": appointment.number, "status": appointment.status.value},
            at=now,
            classification=Classification.PUBLIC,
            compartments=[],
        ),
    )
