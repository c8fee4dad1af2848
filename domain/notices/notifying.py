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
from domain.notices.tables import Notice, NoticeKind, NoticeRead
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.viewer import Viewer

MEMBERS = (Segment.CONSUMER, Segment.ENTERPRISE)
# Nobody counts further on a bell.
UNREAD_SHOWN_MAX = 99
# What lies behind so many newer ones is old: it is not counted, and not marked together with them.
LOOKED_AT_MAX = 1_000


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
    }
    once = insert(Notice).values(row).on_conflict_do_nothing(index_elements=["customer_id", "kind", "key"])
    return await session.scalar(once.returning(Notice.id))


async def is_member(session: AsyncSession, customer_id: UUID) -> bool:
    """Whether a customer is a consumer or a company: nobody else has notices."""
    return await session.scalar(sa.select(Customer.segment).where(Customer.id == customer_id)) in MEMBERS


async def mark_read(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, notice_id: UUID, and_earlier: bool
) -> UUID:
    """Note that the viewer has read a notice, and all earlier ones if so wished; what was read stays as it was read.

    Programs do not read: refuses with NO_PERSON whoever is nobody.
    """
    person_id = viewer.person_id
    if person_id is None:
        raise Refusal("NO_PERSON")
    notice = await existing(session, Notice, notice_id, "notice")
    which = Notice.id == notice.id
    if and_earlier:
        which = sa.and_(Notice.customer_id == notice.customer_id, Notice.at <= notice.at)
    already = sa.exists().where(NoticeRead.notice_id == Notice.id, NoticeRead.person_id == person_id)
    newest = sa.select(Notice.id).where(which, ~already).order_by(Notice.at.desc(), Notice.id).limit(LOOKED_AT_MAX)
    rows = [
        {"id": new_id(), "notice_id": key, "customer_id": notice.customer_id, "person_id": person_id, "read_at": now}
        for key in await session.scalars(newest)
    ]
    if rows:
        # Two windows of one person may say it at once.
        await session.execute(insert(NoticeRead).on_conflict_do_nothing(), rows)
    return notice.id


# A page's frame reads it beside the page's operation: as the system, which the statement sets itself (`case` evaluates its
# condition first), so that it costs one round trip and two indexes.
UNREAD_COUNT = sa.text(
    f"""
    select case when set_config('q.audience', 'system', true) is not null then (
        select count(*) from (
            select 1 from (
                select id from notice where customer_id = :customer_id order by at desc, id limit {LOOKED_AT_MAX}
            ) as newest
            where not exists (select 1 from notice_read where notice_id = newest.id and person_id = :person_id)
            limit {UNREAD_SHOWN_MAX}
        ) as unread
    ) end
    """  # noqa: S608 - constants
)


async def unread_count(connection: AsyncConnection, customer_id: UUID, person_id: UUID) -> int:
    """How many of a customer's notices a person has not read, 99 at most; on a connection that commits each statement by itself."""
    named = {"customer_id": customer_id, "person_id": person_id}
    return (await connection.execute(UNREAD_COUNT, named)).scalar_one()
