"""The rules of notices: telling a customer something once, and reading."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain.customers.tables import Customer, Segment
from domain.guards import existing
from domain.notices.tables import Notice, NoticeKind
from foundation.ids import Ids

MEMBERS = (Segment.CONSUMER, Segment.ENTERPRISE)
# Nobody counts further on a bell.
UNREAD_SHOWN_MAX = 99


async def notify(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    customer_id: UUID,
    kind: NoticeKind,
    subject_id: UUID,
    values: Mapping[str, str | int],
    key: str | None = None,
) -> UUID | None:
    """Tell a customer something about a subject; None when they were told it before.

    `values` fill the texts `notice.<KIND>.title` and `.text` of the catalogues. `key` tells apart what is said of one
    subject several times; without it, it is said once.
    """
    row = {
        "id": new_id(),
        "customer_id": customer_id,
        "kind": kind,
        "key": key or str(subject_id),
        "subject_id": subject_id,
        "values": dict(values),
        "at": now,
        "read_at": None,
    }
    once = insert(Notice).values(row).on_conflict_do_nothing(index_elements=["customer_id", "kind", "key"])
    return await session.scalar(once.returning(Notice.id))


async def is_member(session: AsyncSession, customer_id: UUID) -> bool:
    """Whether a customer is a consumer or a company: nobody else has notices."""
    return await session.scalar(sa.select(Customer.segment).where(Customer.id == customer_id)) in MEMBERS


async def mark_read(session: AsyncSession, now: dt.datetime, *, notice_id: UUID, and_earlier: bool) -> UUID:
    """Mark a notice as read, and all earlier ones of its customer too if so wished; what was read stays as it was read."""
    notice = await existing(session, Notice, notice_id, "notice")
    which = Notice.id == notice.id
    if and_earlier:
        which = sa.and_(Notice.customer_id == notice.customer_id, Notice.at <= notice.at)
    await session.execute(
        sa.update(Notice)
        .where(which, Notice.read_at.is_(None))
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )
    return notice.id


# A page's frame reads it beside the page's operation: as the system, which the statement sets itself (`case` evaluates its
# condition first), so that it costs one round trip and one index.
UNREAD_COUNT = sa.text(
    f"""
    select case when set_config('q.audience', 'system', true) is not null then (
        select count(*) from (
            select 1 from notice where customer_id = :customer_id and read_at is null limit {UNREAD_SHOWN_MAX}
        ) as unread
    ) end
    """  # noqa: S608 - a constant
)


async def unread_count(connection: AsyncConnection, customer_id: UUID) -> int:
    """How many notices a customer has not read, 99 at most; on a connection that commits each statement by itself."""
    return (await connection.execute(UNREAD_COUNT, {"customer_id": customer_id})).scalar_one()
