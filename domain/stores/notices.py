"""What guests are told of their appointments: that one begins within a day, and that the store has cancelled one."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer
from domain.notices.notifying import MEMBERS, is_member, notify
from domain.notices.tables import Notice, NoticeKind
from domain.stores.tables import Appointment, AppointmentStatus, Store
from foundation.ids import Ids

AHEAD = dt.timedelta(hours=24)
REMINDED_AT_ONCE = 200


async def remind(session: AsyncSession, now: dt.datetime, new_id: Ids) -> int:
    """Remind some guests whose appointments begin within a day, each once: the step of a job. Answers how many.

    Who has booked within that day needs no reminder.
    """
    told = sa.exists().where(
        Notice.customer_id == Appointment.customer_id,
        Notice.kind == NoticeKind.APPOINTMENT_SOON,
        Notice.key == sa.cast(Appointment.id, sa.Text()),
    )
    due = (
        sa.select(Appointment, Store)
        .join(Store, Store.id == Appointment.store_id)
        .join(Customer, Customer.id == Appointment.customer_id)
        .where(
            Appointment.status == AppointmentStatus.BOOKED,
            Appointment.starts_at > now,
            Appointment.starts_at <= now + AHEAD,
            Appointment.booked_at < Appointment.starts_at - AHEAD,
            Customer.segment.in_(MEMBERS),
            ~told,
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(REMINDED_AT_ONCE)
        # Who is about to cancel is waited for, and not reminded then.
        .with_for_update(of=Appointment)
    )
    found = (await session.execute(due, execution_options={"populate_existing": True})).all()
    for appointment, store in found:
        await notify_guest(session, now, new_id, appointment, store, NoticeKind.APPOINTMENT_SOON)
    return len(found)


async def tell(
    session: AsyncSession, now: dt.datetime, new_id: Ids, appointment: Appointment, store: Store, kind: NoticeKind
) -> None:
    """Tell a guest of an appointment, once for the kind."""
    if await is_member(session, appointment.customer_id):
        await notify_guest(session, now, new_id, appointment, store, kind)


async def notify_guest(
    session: AsyncSession, now: dt.datetime, new_id: Ids, appointment: Appointment, store: Store, kind: NoticeKind
) -> None:
    """The notice itself: times are of the store's clock."""
    starts = appointment.starts_at.astimezone(ZoneInfo(store.time_zone))
    await notify(
        session,
        now,
        new_id,
        customer_id=appointment.customer_id,
        kind=kind,
        subject_id=appointment.id,
        values={
            "number": appointment.number,
            "store": store.name,
            "store_en": store.name_en or "",
            "time": starts.strftime("%Y-%m-%d %H:%M"),
        },
    )
