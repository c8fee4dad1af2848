"""A customer is told something once for its kind and key; who reads marks it for themselves, and all earlier ones if so wished."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notices.notifying import UNREAD_SHOWN_MAX, mark_read, notify, unread_count
from domain.notices.tables import NoticeKind, NoticeRead
from foundation.language import LANGUAGES, catalogues
from foundation.refusals import Refusal
from foundation.session import set_statement
from segments.audiences import CONSUMER
from segments.viewer import Viewer
from tests.domain.vouchers.offers import IDS, NOW, member
from tests.people import person

KIND = NoticeKind.VOUCHER_GIVEN
MINUTE = dt.timedelta(minutes=1)


async def unread(session: AsyncSession, customer_id: UUID, person_id: UUID) -> int:
    """The count on a bell; within a test's transaction what it sets for itself stays."""
    return await unread_count(await session.connection(), customer_id, person_id)


async def colleague(session: AsyncSession, customer_id: UUID) -> Viewer:
    """Somebody of a customer."""
    someone = person(f"{IDS()}@example.com", CONSUMER, customer_id=customer_id)
    session.add(someone)
    await session.flush()
    return Viewer(CONSUMER, person_id=someone.id, customer_id=customer_id)


async def read(
    session: AsyncSession, viewer: Viewer, notice_id: UUID | None, at: dt.datetime, *, earlier: bool
) -> None:
    """Somebody reads, as themselves; the test goes on as the system."""
    assert notice_id is not None
    await session.execute(set_statement(viewer.row_settings()))
    await mark_read(session, viewer, at, IDS, notice_id=notice_id, and_earlier=earlier)
    await session.execute(set_statement(Viewer.system().row_settings()))


async def test_it_is_told_once(session: AsyncSession) -> None:
    one, other, subject = await member(session), await member(session), IDS()
    told = [
        await notify(session, NOW, IDS, customer_id=customer, kind=KIND, subject_id=subject, values={}, key=key)
        for customer, key in ((one, None), (one, None), (other, None), (one, "again"), (one, "again"))
    ]
    assert [each is not None for each in told] == [True, False, True, True, False]


async def test_each_reads_for_themselves_one_or_all_earlier_ones(session: AsyncSession) -> None:
    one, other = await member(session), await member(session)
    made = {
        (customer, at): await notify(
            session, NOW + at * MINUTE, IDS, customer_id=customer, kind=KIND, subject_id=IDS(), values={}
        )
        for customer in (one, other)
        for at in range(4)
    }
    reader, beside, stranger = [await colleague(session, customer) for customer in (one, one, other)]

    async def left() -> list[int]:
        return [
            await unread(session, each.customer_id, each.person_id)  # type: ignore[arg-type]
            for each in (reader, beside, stranger)
        ]

    assert await left() == [4, 4, 4]
    await read(session, reader, made[one, 1], NOW, earlier=False)
    await read(session, reader, made[one, 1], NOW + MINUTE, earlier=True)
    assert await left() == [2, 4, 4], "what a colleague has read is not read for the others"
    first_time = sa.select(NoticeRead.read_at).where(NoticeRead.notice_id == made[one, 1])
    assert await session.scalar(first_time) == NOW, "once read it stays so"
    await read(session, reader, made[one, 3], NOW, earlier=True)
    await read(session, beside, made[one, 0], NOW, earlier=False)
    assert await left() == [0, 3, 4]
    program = Viewer(CONSUMER, customer_id=one)
    with pytest.raises(Refusal, match="NO_PERSON"):
        await read(session, program, made[one, 0], NOW, earlier=False)
    with pytest.raises(Refusal, match="NOT_FOUND"):
        await read(session, reader, made[other, 0], NOW, earlier=True)
    await session.execute(set_statement(beside.row_settings()))
    assert len((await session.scalars(sa.select(NoticeRead.id))).all()) == 1, "nor is it known what they have read"


async def test_a_bell_counts_no_further_than_it_shows(session: AsyncSession) -> None:
    one = await member(session)
    for _ in range(UNREAD_SHOWN_MAX + 1):
        await notify(session, NOW, IDS, customer_id=one, kind=KIND, subject_id=IDS(), values={})
    assert await unread(session, one, IDS()) == UNREAD_SHOWN_MAX


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_has_its_texts(kind: NoticeKind) -> None:
    for language in LANGUAGES:
        for part in ("title", "text"):
            assert f"notice.{kind.value}.{part}" in catalogues().messages[language]
