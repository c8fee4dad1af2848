"""Of a coupon change its name, its end and its counts, and nothing of what was promised; one that has ended stays as it was."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notices.tables import Notice, NoticeKind
from domain.vouchers.giving import USES_MAX, change_coupon, end_coupon, give_voucher
from domain.vouchers.tables import Coupon
from foundation.refusals import Refusal
from tests.domain.vouchers.offers import IDS, NOW, coupon, member
from tests.domain.vouchers.test_using import take

DAY = dt.timedelta(days=1)


async def kept(session: AsyncSession, coupon_id: UUID) -> dict[str, Any]:
    found = await session.execute(sa.select(*Coupon.__table__.c).where(Coupon.id == coupon_id))
    return dict(found.one()._mapping)


async def refused(session: AsyncSession, **given: Any) -> tuple[str, tuple[str | int, ...]]:
    with pytest.raises(Refusal) as caught:
        async with session.begin_nested():
            await change_coupon(session, NOW, **given)
    session.expire_all()
    return caught.value.code, caught.value.path


async def test_name_end_and_counts_change_and_the_terms_stay(session: AsyncSession) -> None:
    made = await coupon(session, "AUTUMN", name_en="Autumn", least=5_000)
    before = await kept(session, made)
    changed = {
        "name": "秋季券",
        "name_en": "Autumn voucher",
        "valid_until": NOW + 60 * DAY,
        "uses_max": 100,
        "member_max": 2,
    }
    await change_coupon(session, NOW, coupon_id=made, version=1, **(changed | {"name": " 秋季券 "}))
    assert await kept(session, made) == before | changed | {"version": 2}
    assert await refused(session, coupon_id=made, version=1) == ("CHANGED_MEANWHILE", ("version",))


async def test_what_is_left_out_stays_and_what_is_emptied_has_no_bound(session: AsyncSession) -> None:
    made = await coupon(session, "AUTUMN", name_en="Autumn", uses_max=5, member_max=1)
    before = await kept(session, made)
    await change_coupon(session, NOW, coupon_id=made, version=1)
    assert await kept(session, made) == before | {"version": 2}
    emptied: dict[str, None] = dict.fromkeys(("name_en", "valid_until", "uses_max", "member_max"))
    await change_coupon(session, NOW, coupon_id=made, version=2, **emptied)
    assert await kept(session, made) == before | emptied | {"version": 3}


async def test_what_is_refused_changes_nothing(session: AsyncSession) -> None:
    made = await coupon(session, "AUTUMN")
    for _ in range(2):
        await take(session, await member(session), "AUTUMN")
    before = await kept(session, made)
    here = {"coupon_id": made, "version": 1}
    assert await refused(session, **here, name=" ") == ("EMPTY", ("name",))
    assert await refused(session, **here, name_en="n" * 81) == ("TOO_LONG", ("name_en",))
    assert await refused(session, **here, name="新", uses_max=1) == ("OUT_OF_RANGE", ("uses_max",))
    assert await refused(session, **here, uses_max=USES_MAX + 1) == ("OUT_OF_RANGE", ("uses_max",))
    assert await refused(session, **here, member_max=0) == ("OUT_OF_RANGE", ("member_max",))
    assert await refused(session, **here, valid_until=NOW) == ("IN_PAST", ("valid_until",))
    assert await refused(session, **here, valid_until=NOW - 2 * DAY) == ("ENDS_BEFORE_IT_BEGINS", ("valid_until",))
    naive = (NOW + DAY).replace(tzinfo=None)
    assert await refused(session, **here, valid_until=naive) == ("TIME_WITHOUT_ZONE", ("valid_until",))
    assert await refused(session, coupon_id=IDS(), version=1) == ("NOT_FOUND", ("coupon",))
    assert await kept(session, made) == before
    await change_coupon(session, NOW, coupon_id=made, version=1, uses_max=2)


async def test_one_whose_time_is_over_is_renamed_and_prolonged(session: AsyncSession) -> None:
    over = NOW - dt.timedelta(hours=1)
    made = await coupon(session, "AUTUMN", valid_until=over)
    await change_coupon(session, NOW, coupon_id=made, version=1, name="旧券", valid_until=over)
    assert await refused(session, coupon_id=made, version=2, valid_until=over - DAY / 2) == (
        "IN_PAST",
        ("valid_until",),
    )
    await change_coupon(session, NOW, coupon_id=made, version=2, valid_until=NOW + DAY)
    assert (await kept(session, made))["valid_until"] == NOW + DAY


async def test_one_that_has_ended_does_not_begin_again(session: AsyncSession) -> None:
    made = await coupon(session, "AUTUMN")
    await end_coupon(session, NOW, coupon_id=made, version=1)
    before = await kept(session, made)
    assert await refused(session, coupon_id=made, version=2, valid_until=NOW + DAY) == ("ALREADY_ENDED", ("coupon",))
    assert await kept(session, made) == before


async def test_a_voucher_is_told_to_its_member_under_the_name_it_had(session: AsyncSession) -> None:
    one = await member(session)
    made = await coupon(session, "GIFT", personal=True, name="生日券", name_en="Birthday voucher", valid_until=None)
    late = NOW.replace(hour=17)
    given = {"coupon_id": made, "customer_id": one, "reason": "生日礼"}
    voucher_id = await give_voucher(session, late, IDS, **given, valid_days=10)
    await change_coupon(session, NOW, coupon_id=made, version=1, name="礼券", name_en=None)
    with pytest.raises(Refusal):
        async with session.begin_nested():
            await give_voucher(session, NOW, IDS, **given, valid_days=0)
    notice = (await session.scalars(sa.select(Notice))).one()
    assert (notice.customer_id, notice.kind, notice.subject_id) == (one, NoticeKind.VOUCHER_GIVEN, voucher_id)
    assert notice.key == str(voucher_id)
    # Five in the afternoon in London is the next day in China.
    assert notice.values == {"name": "生日券", "name_en": "Birthday voucher", "day": "2026-12-09"}
