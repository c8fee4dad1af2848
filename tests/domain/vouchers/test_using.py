"""A voucher or coupon is taken once, counts without overshoot whoever comes at once, and comes back when the order is cancelled."""

from __future__ import annotations

import asyncio
import datetime as dt
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, Segment
from domain.tables import METADATA
from domain.vouchers.tables import Coupon, CouponUse, Voucher, VoucherStatus
from domain.vouchers.using import give_voucher_back, take_voucher, use_voucher
from foundation.database import Database
from foundation.money import Money
from foundation.refusals import Refusal
from foundation.session import set_statement, transaction
from segments.audiences import CONSUMER
from segments.viewer import Viewer
from tests.domain.vouchers.offers import IDS, NOW, cny, coupon, member, member_viewer, voucher
from tests.rows import Bundle

DAY = dt.timedelta(days=1)
SYSTEM = Viewer.system().row_settings()


async def take(
    session: AsyncSession,
    customer: UUID,
    code: str,
    subtotal: Money | None = None,
    order: UUID | None = None,
    now: dt.datetime = NOW,
) -> int:
    taken = await take_voucher(
        session, now, code=code, customer_id=customer, order_id=order or IDS(), subtotal=subtotal or cny(10_000)
    )
    return taken.amount


async def refused(session: AsyncSession, customer: UUID, code: str, **given: object) -> str:
    """The code of the refusal, which must point to the voucher."""
    with pytest.raises(Refusal) as caught:
        async with session.begin_nested():
            await take(session, customer, code, **given)  # type: ignore[arg-type]
    assert caught.value.path == ("voucher",)
    return caught.value.code


async def code_of(session: AsyncSession, voucher_id: UUID) -> str:
    return (await session.scalars(sa.select(Voucher.code).where(Voucher.id == voucher_id))).one()


@pytest.mark.parametrize(
    ("given", "subtotal", "discount"),
    [
        ({"value": 1_000}, 10_000, 1_000),
        ({"value": 1_000}, 999, 999),
        ({"value": 1_000, "least": 5_000}, 5_000, 1_000),
        ({"percent": 15}, 9_999, 1_499),
        ({"percent": 100}, 1, 1),
        ({"percent": 50, "most": 2_000}, 10_000, 2_000),
        ({"percent": 50, "most": 2_000}, 3_000, 1_500),
        ({"percent": 99}, 9_000_000_000_000_000_000, 8_910_000_000_000_000_000),
    ],
)
async def test_what_is_taken_off(session: AsyncSession, given: dict[str, int], subtotal: int, discount: int) -> None:
    customer = await member(session)
    await coupon(session, "AUTUMN", **given)  # type: ignore[arg-type]
    assert await take(session, customer, " autumn ", cny(subtotal)) == discount


async def test_whom_a_coupon_is_not_for(session: AsyncSession) -> None:
    customer, company = await member(session), await member(session, Segment.ENTERPRISE)
    await coupon(session, "SPRING", least=5_000, member_max=1, uses_max=2)
    await coupon(session, "SMALL", percent=1)
    await coupon(session, "LATER", valid_from=NOW + DAY)
    await coupon(session, "SECRET", personal=True)
    assert await refused(session, customer, "NOTHING") == "VOUCHER_UNKNOWN"
    assert await refused(session, customer, "x" * 41) == "VOUCHER_UNKNOWN"
    assert await refused(session, customer, " ") == "VOUCHER_UNKNOWN"
    assert await refused(session, company, "SPRING") == "VOUCHER_UNKNOWN"
    assert await refused(session, customer, "SECRET") == "VOUCHER_UNKNOWN"
    assert await refused(session, customer, "LATER") == "VOUCHER_EXPIRED"
    assert await refused(session, customer, "SPRING", now=NOW + 30 * DAY) == "VOUCHER_EXPIRED"
    assert await refused(session, customer, "SPRING", subtotal=cny(4_999)) == "BELOW_LEAST"
    assert await refused(session, customer, "SPRING", subtotal=Money(10_000, "USD")) == "COUPON_OTHER_CURRENCY"
    assert await refused(session, customer, "SMALL", subtotal=cny(99)) == "VOUCHER_USELESS"
    order = IDS()
    assert await take(session, customer, "SPRING", order=order) == 1_000
    assert await refused(session, customer, "SPRING") == "COUPON_MEMBER_MAX"
    assert await refused(session, customer, "SMALL", order=order) == "ORDER_HAS_VOUCHER"
    await take(session, await member(session), "SPRING")
    assert await refused(session, await member(session), "SPRING") == "COUPON_USED_UP"
    # What a refusal had changed is taken back with it.
    uses = {row.code: row.uses for row in await session.execute(sa.select(Coupon.code, Coupon.uses))}
    assert uses == {"SPRING": 2, "SMALL": 0, "LATER": 0, "SECRET": 0}


async def test_a_coupon_for_a_category_counts_its_lines_and_those_below_it(session: AsyncSession) -> None:
    bundle, tables = Bundle(audiences=["consumer"]), METADATA.tables
    await bundle.insert(session)
    line, variant = tables["order_line"], tables["variant"]
    price = {"amount_amount": 700, "amount_currency": "CNY"}
    await session.execute(sa.update(line).values(price))
    shelf = bundle.another(tables["category"], parent_id=bundle.ids["category"])
    await session.execute(sa.insert(tables["category"]).values(shelf))
    below = bundle.another(tables["product"], category_id=shelf["id"])
    await session.execute(sa.insert(tables["product"]).values(below))
    other = bundle.another(variant, product_id=below["id"])
    await session.execute(sa.insert(variant).values(other))
    await session.execute(sa.insert(line).values(bundle.another(line, variant_id=other["id"], **price)))
    await session.execute(sa.insert(line).values(bundle.another(line, variant_id=None, **price)))
    await session.execute(sa.update(Customer).values(segment=Segment.CONSUMER))
    for code, category, discount in (("WIDE", bundle.ids["category"], 140), ("NARROW", shelf["id"], 70)):
        await coupon(session, code, percent=10, category=category)
        order = bundle.ids["order"]
        assert await take(session, bundle.customer_id, code, cny(2_100), order=order) == discount
        await give_voucher_back(session, NOW, order_id=order)
    await coupon(session, "ELSEWHERE", percent=10, category=shelf["id"])
    assert await refused(session, bundle.customer_id, "ELSEWHERE") == "VOUCHER_USELESS"


async def test_a_voucher_is_its_member_s_and_good_until_its_last_instant(session: AsyncSession) -> None:
    customer, other = await member(session), await member(session)
    code = await code_of(session, await voucher(session, customer, days=10))
    assert await refused(session, other, code) == "VOUCHER_UNKNOWN"
    assert await refused(session, customer, code, now=NOW + 10 * DAY) == "VOUCHER_EXPIRED"
    order = IDS()
    assert await take(session, customer, code, order=order, now=NOW + 10 * DAY - dt.timedelta.resolution) == 1_000
    assert await refused(session, customer, code) == "VOUCHER_USED"
    assert await use_voucher(session, NOW, order_id=order)
    assert not await use_voucher(session, NOW, order_id=order)
    status = await session.scalar(sa.select(Voucher.status).where(Voucher.code == code))
    assert status is VoucherStatus.USED


async def test_a_cancelled_order_gives_back_once_what_it_took(session: AsyncSession) -> None:
    customer = await member(session)
    await coupon(session, "SPRING", uses_max=1)
    code = await code_of(session, await voucher(session, customer))
    for each in ("SPRING", code):
        for paid in (False, True):
            order = IDS()
            await take(session, customer, each, order=order)
            if paid:
                await use_voucher(session, NOW, order_id=order)
            assert await give_voucher_back(session, NOW, order_id=order)
            assert not await give_voucher_back(session, NOW, order_id=order)
            assert not await use_voucher(session, NOW, order_id=order)
    assert await session.scalar(sa.select(Coupon.uses).where(Coupon.code == "SPRING")) == 0
    assert not await give_voucher_back(session, NOW, order_id=IDS())
    order = IDS()
    assert await take(session, customer, "SPRING", order=order) == 1_000
    assert await give_voucher_back(session, NOW, order_id=order)
    assert await take(session, customer, code, order=order) == 1_000, "the same order may take another then"


async def outcomes(database: Database, takers: list[tuple[UUID, str]]) -> list[str]:
    """What all who take at once, each as themselves, are told."""

    async def one(customer: UUID, code: str) -> str:
        try:
            async with transaction(database, member_viewer(customer).row_settings()) as session:
                await take(session, customer, code)
                await asyncio.sleep(0.01)
        except Refusal as refusal:
            return refusal.code
        return "taken"

    return sorted(await asyncio.gather(*(one(customer, code) for customer, code in takers)))


async def test_uses_are_counted_without_overshoot(own_database: Database) -> None:
    async with transaction(own_database, SYSTEM) as session:
        members = [await member(session) for _ in range(12)]
        await coupon(session, "FIVE", uses_max=5, member_max=1)
    told = await outcomes(own_database, [(each, "FIVE") for each in members for _ in range(2)])
    assert told.count("taken") == 5
    async with transaction(own_database, SYSTEM) as session:
        assert await session.scalar(sa.select(Coupon.uses).where(Coupon.code == "FIVE")) == 5
        takers = (await session.scalars(sa.select(CouponUse.customer_id))).all()
        assert len(takers) == len(set(takers)) == 5


async def test_a_voucher_is_taken_by_one_of_many_orders_at_once(own_database: Database) -> None:
    async with transaction(own_database, SYSTEM) as session:
        customer = await member(session)
        code = await code_of(session, await voucher(session, customer, code="ONCE"))
    told = await outcomes(own_database, [(customer, code)] * 16)
    assert told == ["VOUCHER_USED"] * 15 + ["taken"]


async def test_members_use_what_is_theirs_and_change_nothing_by_hand(session: AsyncSession) -> None:
    customer, other = await member(session), await member(session)
    mine, theirs = await voucher(session, customer), await voucher(session, other, code="THEIRS")
    code = await code_of(session, mine)
    await coupon(session, "OPEN")
    await session.execute(set_statement(member_viewer(customer).row_settings()))
    seen = await session.scalars(sa.select(Voucher.id))
    assert seen.all() == [mine]
    assert await session.scalar(sa.select(sa.func.count()).where(Coupon.code == "OPEN")) == 0
    assert await refused(session, other, code) == "VOUCHER_UNKNOWN"
    for statement in (
        "update voucher set status = 'ISSUED'",
        "delete from coupon_use",
        "select voucher_issue(:key, id, :me, 'x', now() + interval '1 day', now()) from coupon where id is not null",
        "select voucher_cancel(:key)",
    ):
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await session.execute(
                    sa.text(statement), {"key": theirs, "me": customer} if ":key" in statement else {}
                )
    order = IDS()
    await take(session, customer, code, order=order)
    await session.execute(set_statement(Viewer(CONSUMER, customer_id=other).row_settings()))
    with pytest.raises(Refusal):
        async with session.begin_nested():
            await give_voucher_back(session, NOW, order_id=order)
