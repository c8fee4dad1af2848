"""The outbox: every change appends its event in the same transaction, and listeners learn of it when that commits.

An event carries the owner, classification and compartments of its subject, so that the same row policy decides who may
read the event as decides who may read the subject. That is why it lives here and not in the foundation.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Identity, Index
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from foundation.ids import Ids
from foundation.tables import Table
from segments.audiences import CONSUMER, ENTERPRISE
from segments.classification import Classified
from segments.policies import HOUSE, Rows, all_of, any_of, own_rows, owned, seen_by

CHANNEL = "outbox"


class OutboxEvent(Classified, Table):
    """Something that happened to a subject. `position` is the order of writing, not of committing."""

    __tablename__ = "outbox_event"
    # The division writes what happened to its outcomes; it listens to nothing. Who buys writes what happened to their own.
    __rows__ = Rows(
        own_rows().read,
        any_of(HOUSE, all_of(seen_by(CONSUMER, ENTERPRISE), owned())),
        append_only=True,
        owner="customer_id",
    )
    __table_args__ = (Index("ix_outbox_event_position", "position"),)

    position: Mapped[int] = mapped_column(Identity(always=True))
    kind: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID | None]
    payload: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]


def event_about(
    guard: Classified,
    kind: str,
    now: dt.datetime,
    new_id: Ids,
    *,
    subject_id: uuid.UUID,
    customer_id: uuid.UUID | None,
    payload: dict[str, Any],
) -> OutboxEvent:
    """An event about a row, with the row's own `guard`: who may not read the row may not read of it."""
    return OutboxEvent(
        id=new_id(),
        kind=kind,
        subject_id=subject_id,
        customer_id=customer_id,
        payload=payload,
        at=now,
        classification=guard.classification,
        compartments=guard.compartments,
    )


async def append(session: AsyncSession, event: OutboxEvent) -> None:
    """Store `event` and tell listeners its kind, subject and customer; PostgreSQL delivers the notice when the transaction commits."""
    await session.flush()
    # As a statement of its own: the ORM would read the position back, which not everybody who may write may read.
    columns = OutboxEvent.__table__.c.keys()
    written = {name: value for name, value in vars(event).items() if name in columns}
    await session.execute(sa.insert(OutboxEvent).inline().values(written))
    await session.execute(
        sa.select(sa.func.pg_notify(CHANNEL, f"{event.kind}:{event.subject_id}:{event.customer_id or ''}"))
    )
