"""A reward costs its points once, is given no oftener than there is stock, and comes back whole when it is cancelled."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points import ledger
from domain.points.balances import balance
from domain.points.programmes import ProgrammeSettings, set_programme
from domain.points.tier_tables import Tier
from domain.points.verifying import verify
from domain.rewards.offering import end_reward, offer_reward
from domain.rewards.redeeming import cancel_redemption, hand_over, redeem_reward
from domain.rewards.tables import RedemptionStatus, Reward, RewardRedemption
from domain.vouchers.tables import Coupon, Voucher, VoucherStatus
from domain.vouchers.using import take_voucher
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import system_ids
from foundation.refusals import Refusal
from foundation.session import set_statement, transaction
from segments.viewer import Viewer
from tests.domain.vouchers.offers import cny, coupon, member, member_viewer

SYSTEM = Viewer.system().row_settings()
IDS = system_ids(system_clock)


async def programme(session: AsyncSession) -> tuple[UUID, str]:
    key = IDS()
    code = f"P{key.hex[-10:].upper()}"
    await set_programme(session, key, 0, ProgrammeSettings(code, "会员积分", activation_days=0))
    return key, code


async def rich(session: AsyncSession, programme_id: UUID, points: int) -> UUID:
    customer = await member(session)
    await ledger.earn(session, programme_id=programme_id, customer_id=customer, key=str(IDS()), amount=points)
    return customer


async def offered(session: AsyncSession, programme_code: str, **given: object) -> UUID:
    usual: dict[str, object] = {
        "code": f"R-{IDS().hex[-10:].upper()}",
        "name": "保温杯",
        "name_en": None,
        "points": 100,
        "stock": None,
        "tier_code": None,
        "coupon_id": None,
        "voucher_days": None,
        "valid_until": None,
    }
    return await offer_reward(session, system_clock(), IDS, programme_code=programme_code, **(usual | given))  # type: ignore[arg-type]


async def redeem(session: AsyncSession, reward: UUID, customer: UUID, key: str = "") -> UUID:
    return await redeem_reward(
        session, system_clock(), IDS, reward_id=reward, customer_id=customer, key=key or str(IDS())
    )


async def refused(session: AsyncSession, reward: UUID, customer: UUID, key: str = "") -> str:
    with pytest.raises(Refusal) as caught:
        async with session.begin_nested():
            await redeem(session, reward, customer, key)
    return caught.value.code


async def available(session: AsyncSession, programme_id: UUID, customer: UUID) -> int:
    return (await balance(session, programme_id, customer)).available


async def got(session: AsyncSession, redemption: UUID) -> RewardRedemption:
    return (
        await session.scalars(
            sa.select(RewardRedemption)
            .where(RewardRedemption.id == redemption)
            .execution_options(populate_existing=True)
        )
    ).one()


async def test_goods_cost_their_points_once_for_a_key_and_come_back_until_they_are_handed_over(
    session: AsyncSession,
) -> None:
    points, code = await programme(session)
    customer = await rich(session, points, 250)
    reward = await offered(session, code, stock=2)
    first = await redeem(session, reward, customer, "once")
    assert await redeem(session, reward, customer, "once") == first
    assert await available(session, points, customer) == 150
    assert await refused(session, await offered(session, code), customer, "once") == "KEY_REUSED"
    second = await redeem(session, reward, customer)
    assert await refused(session, reward, customer) == "POINTS_INSUFFICIENT"
    other = await rich(session, points, 100)
    assert await refused(session, reward, other) == "REWARD_GONE"
    await cancel_redemption(session, system_clock(), redemption_id=second)
    assert await available(session, points, customer) == 150
    assert await session.scalar(sa.select(Reward.stock).where(Reward.id == reward)) == 1
    await redeem(session, reward, other)
    await hand_over(session, system_clock(), redemption_id=first)
    for late in (first, second):
        with pytest.raises(Refusal, match="TOO_LATE"):
            async with session.begin_nested():
                await cancel_redemption(session, system_clock(), redemption_id=late)
    assert (await got(session, first)).status is RedemptionStatus.HANDED_OVER
    assert await verify(session) == []


async def test_a_voucher_is_given_at_once_and_comes_back_as_long_as_it_is_not_used(session: AsyncSession) -> None:
    points, code = await programme(session)
    customer = await rich(session, points, 300)
    terms = await coupon(session, "TEN-YUAN", personal=True, uses_max=2, valid_until=None)
    reward = await offered(session, code, coupon_id=terms, voucher_days=30)
    used, unused = await redeem(session, reward, customer), await redeem(session, reward, customer)
    assert await refused(session, reward, customer) == "NOT_FOUND", "no more vouchers of the coupon are given"
    vouchers = dict[UUID | None, Voucher]((each.id, each) for each in await session.scalars(sa.select(Voucher)))
    taken = vouchers[(await got(session, used)).voucher_id]
    await take_voucher(
        session, system_clock(), code=taken.code, customer_id=customer, order_id=IDS(), subtotal=cny(5_000)
    )
    with pytest.raises(Refusal, match="TOO_LATE"):
        async with session.begin_nested():
            await cancel_redemption(session, system_clock(), redemption_id=used)
    await cancel_redemption(session, system_clock(), redemption_id=unused)
    status = sa.select(Voucher.status).where(Voucher.id == (await got(session, unused)).voucher_id)
    assert await session.scalar(status) is VoucherStatus.CANCELLED
    assert await session.scalar(sa.select(Coupon.uses)) == 1
    assert await available(session, points, customer) == 200


async def test_whom_a_reward_is_not_for(session: AsyncSession) -> None:
    points, code = await programme(session)
    customer = await rich(session, points, 1_000)
    tiers = [("BASE", 0, 0), ("GOLD", 1, 500)]
    session.add_all(
        Tier(id=IDS(), programme_id=points, code=name, name=name, name_en=None, rank=rank, qualifying_min=least)
        for name, rank, least in tiers
    )
    await session.flush()
    assert await refused(session, await offered(session, code, tier_code="GOLD"), customer) == "TIER_TOO_LOW"
    ended = await offered(session, code)
    await end_reward(session, system_clock(), reward_id=ended, version=1)
    assert await refused(session, ended, customer) == "NOT_FOUND"
    own = await offered(session, code)
    await session.execute(set_statement(member_viewer(await member(session)).row_settings()))
    assert await refused(session, own, customer) == "NOT_FOUND"
    changed = await session.execute(sa.text("update reward set points = 1"))
    assert changed.rowcount == 0  # type: ignore[attr-defined]
    for statement in ("delete from reward_redemption", "select reward_hand_over(gen_random_uuid(), now())"):
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await session.execute(sa.text(statement))


async def test_stock_is_not_oversold(own_database: Database) -> None:
    async with transaction(own_database, SYSTEM) as session:
        points, code = await programme(session)
        members = [await rich(session, points, 200) for _ in range(10)]
        reward = await offered(session, code, stock=4)

    async def one(customer: UUID) -> str:
        try:
            async with transaction(own_database, member_viewer(customer).row_settings()) as session:
                await redeem(session, reward, customer)
        except Refusal as refusal:
            return refusal.code
        return "got"

    told = await asyncio.gather(*(one(customer) for customer in members))
    assert sorted(told) == ["REWARD_GONE"] * 6 + ["got"] * 4
    async with transaction(own_database, SYSTEM) as session:
        assert await session.scalar(sa.select(Reward.stock).where(Reward.id == reward)) == 0
        left = [await available(session, points, customer) for customer in members]
        assert sorted(left) == [100] * 4 + [200] * 6
        assert await verify(session) == []
