"""A customer is told something once for its kind and key; who reads marks it, and all earlier ones if so wished."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notices.notifying import UNREAD_SHOWN_MAX, mark_read, notify, unread_count
from domain.notices.tables import Notice, NoticeKind
from foundation.language import LANGUAGES, catalogues
from foundation.refusals import Refusal
from foundation.session import set_statement
from tests.domain.vouchers.offers import IDS, NOW, member, member_viewer

KIND = NoticeKind.VOUCHER_GIVEN
MINUTE = dt.timedelta(minutes=1)


async def unread(session: AsyncSession, customer_id: UUID) -> int:
    """The count on a bell; within a test's transaction what it sets for itself stays."""
    return await unread_count(await session.connection(), customer_id)


async def test_it_is_told_once(session: AsyncSession) -> None:
    one, other, subject = await member(session), await member(session), IDS()
    told = [
        await notify(session, NOW, IDS, customer_id=customer, kind=KIND, subject_id=subject, values={}, key=key)
        for customer, key in ((one, None), (one, None), (other, None), (one, "again"), (one, "again"))
    ]
    assert [each is not None for each in told] == [True, False, True, True, False]


async def test_reading_marks_it_and_all_earlier_ones_if_so_wished(session: AsyncSession) -> None:
    one, other = await member(session), await member(session)
    made = {
        (customer, at): await notify(
            session, NOW + at * MINUTE, IDS, customer_id=customer, kind=KIND, subject_id=IDS(), values={}
        )
        for customer in (one, other)
        for at in range(4)
    }
    middle, last = made[one, 1], made[one, 3]
    assert middle is not None
    assert last is not None
    assert await unread(session, one) == 4
    await session.execute(set_statement(member_viewer(one).row_settings()))
    await mark_read(session, NOW, notice_id=middle, and_earlier=False)
    await mark_read(session, NOW + MINUTE, notice_id=middle, and_earlier=True)
    assert await unread(session, one) == 2
    await session.execute(set_statement(member_viewer(one).row_settings()))
    assert await session.scalar(sa.select(Notice.read_at).where(Notice.id == middle)) == NOW, "once read it stays so"
    await mark_read(session, NOW, notice_id=last, and_earlier=True)
    assert (await unread(session, one), await unread(session, other)) == (0, 4)
    await session.execute(set_statement(member_viewer(one).row_settings()))
    foreign = made[other, 0]
    assert foreign is not None
    with pytest.raises(Refusal):
        await mark_read(session, NOW, notice_id=foreign, and_earlier=True)


async def test_a_bell_counts_no_further_than_it_shows(session: AsyncSession) -> None:
    one = await member(session)
    for _ in range(UNREAD_SHOWN_MAX + 1):
        await notify(session, NOW, IDS, customer_id=one, kind=KIND, subject_id=IDS(), values={})
    assert await unread(session, one) == UNREAD_SHOWN_MAX


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_has_its_texts(kind: NoticeKind) -> None:
    for language in LANGUAGES:
        for part in ("title", "text"):
            assert f"notice.{kind.value}.{part}" in catalogues().messages[language]
