"""Coupons of both kinds; vouchers are written by functions (`written`)."""

from __future__ import annotations

from domain.shop.tables import Category
from domain.vouchers.tables import Coupon, CouponKind
from tests.resolvers.planner.seeded.factory import NOW, Factory


def add_vouchers(make: Factory) -> None:
    """Twelve coupons."""
    for at in range(12):
        by_share = at % 2 == 1
        make.add(
            Coupon,
            code=f"C{make.number()}",
            kind=CouponKind.PERCENT if by_share else CouponKind.AMOUNT,
            value_amount=None if by_share else make.random.choice([1, 999, 250_031_563]),
            percent=make.random.choice([1, 100]) if by_share else None,
            most_amount=make.random.choice([None, 99]) if by_share else None,
            least_amount=make.random.choice([0, 1, 5_000]),
            currency=make.random.choice(["CNY", "JPY", "KWD"]),
            category_id=make.perhaps(Category),
            valid_from=make.random.choice([NOW, NOW.replace(year=2025)]),
            valid_until=None,
            uses_max=None,
            member_max=make.random.choice([None, 1]),
            uses=make.random.choice([0, 3]),
        )
