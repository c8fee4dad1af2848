"""What only functions of the database write: vouchers and their uses, rewards and what was had for points, adjustments.

Drawn like all other rows, and stored by the database's superuser: states that no course of events leads to are read too.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from domain.approvals.tables import ApprovalRequest
from domain.customers.tables import Customer
from domain.orders.tables import Order
from domain.points.tables import PointsAdjustment, PointsProgramme
from domain.points.tier_tables import Tier
from domain.rewards.tables import RedemptionStatus, Reward, RewardKind, RewardRedemption
from domain.vouchers.tables import Coupon, CouponUse, UseStatus, Voucher, VoucherStatus
from foundation.database import Database, connect
from foundation.session import set_statement
from segments.viewer import Viewer
from tests.resolvers.planner.seeded.factory import INSTANTS, NOW, Factory

STORED = [status for status in VoucherStatus if status is not VoucherStatus.EXPIRED]
PARENTS_FIRST = (Voucher, CouponUse, Reward, RewardRedemption, PointsAdjustment)


async def add_written(database: Database, make: Factory) -> None:
    """Make them of what is there, and store them."""
    superuser = database.addresses.superuser
    assert superuser is not None
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: connect(superuser))
    try:
        async with AsyncSession(engine) as session:
            await session.execute(set_statement(Viewer.system().row_settings()))
            programmes = list(await session.scalars(sa.select(PointsProgramme.id).order_by(PointsProgramme.code)))
            tiers = list(await session.scalars(sa.select(Tier.id).order_by(Tier.code)))
            draw(make, programmes, tiers)
            for model in PARENTS_FIRST:
                for row in make.of(model):
                    await session.execute(sa.insert(model).values(row))
            await session.commit()
    finally:
        await engine.dispose()


def draw(make: Factory, programmes: list[UUID], tiers: list[UUID]) -> None:
    """A dozen rewards, and of every customer a few of all else."""
    for at in range(12):
        coupon = make.one(Coupon)["id"] if at % 2 else None
        make.add(
            Reward,
            programme_id=make.random.choice(programmes),
            code=f"R{make.number()}",
            kind=RewardKind.GOODS if coupon is None else RewardKind.VOUCHER,
            points=make.random.choice([1, 500, 500, 2**40]),
            tier_id=make.random.choice([None, *tiers]),
            coupon_id=coupon,
            voucher_days=None if coupon is None else 30,
            valid_from=make.random.choice([NOW, NOW.replace(year=2025), NOW.replace(year=2027)]),
            valid_until=make.random.choice([None, NOW.replace(year=2028)]),
        )
    for customer in make.of(Customer):
        of = {"customer_id": customer["id"]}
        for _ in make.times(0, 3):
            add_voucher(make, of)
        for _ in make.times(0, 2):
            make.add(
                RewardRedemption,
                **of,
                reward_id=make.one(Reward)["id"],
                voucher_id=make.perhaps(Voucher),
                spend_id=make.id(),
                status=make.random.choice(list(RedemptionStatus)),
                redeemed_at=make.random.choice(INSTANTS),
            )
    # One a request.
    for request in make.of(ApprovalRequest)[::3]:
        make.add(
            PointsAdjustment,
            customer_id=make.one(Customer)["id"],
            programme_id=make.random.choice(programmes),
            approval_id=request["id"],
            amount=make.random.choice([-(2**40), -1, 1, 99]),
        )


def add_voucher(make: Factory, of: dict[str, UUID]) -> None:
    """A voucher, perhaps with an order that took it."""
    voucher = make.add(
        Voucher,
        **of,
        coupon_id=make.one(Coupon)["id"],
        code=f"V{make.number()}",
        status=make.random.choice(STORED),
        issued_at=make.random.choice(INSTANTS),
        valid_until=make.random.choice(INSTANTS),
    )
    if make.random.random() < 0.5:
        make.add(
            CouponUse,
            **of,
            coupon_id=voucher["coupon_id"],
            voucher_id=voucher["id"],
            order_id=make.one(Order)["id"],
            status=UseStatus.GIVEN_BACK,
            discount_amount=make.random.choice([1, 99]),
            discount_currency="CNY",
        )
