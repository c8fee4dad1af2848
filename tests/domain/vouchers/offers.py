"""Members, coupons and vouchers to test with."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, Segment
from domain.vouchers.giving import Terms, give_voucher, offer_coupon
from domain.vouchers.tables import CouponKind
from foundation.ids import system_ids
from foundation.money import Money
from segments.audiences import CONSUMER
from segments.viewer import Viewer

NOW = dt.datetime(2026, 11, 28, 2, tzinfo=dt.UTC)
IDS = system_ids(lambda: NOW)


def cny(fen: int) -> Money:
    return Money(fen, "CNY")


def member_viewer(customer_id: UUID) -> Viewer:
    return Viewer(CONSUMER, person_id=IDS(), customer_id=customer_id)


async def member(session: AsyncSession, segment: Segment = Segment.CONSUMER) -> UUID:
    customer = Customer(
        id=IDS(),
        kind=CustomerKind.PERSON,
        segment=segment,
        status=CustomerStatus.ACTIVE,
        name="李会员",
        key_account=False,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    session.add(customer)
    await session.flush()
    return customer.id


async def coupon(
    session: AsyncSession,
    code: str,
    *,
    value: int | None = 1_000,
    percent: int | None = None,
    most: int | None = None,
    least: int = 0,
    category: UUID | None = None,
    audiences: tuple[str, ...] = ("consumer",),
    **given: Any,
) -> UUID:
    terms = Terms(
        CouponKind.AMOUNT if percent is None else CouponKind.PERCENT,
        None if percent is not None or value is None else cny(value),
        percent,
        None if most is None else cny(most),
        cny(least),
        category,
        audiences,
    )
    usual: dict[str, Any] = {
        "name": "满减券",
        "name_en": None,
        "personal": False,
        "valid_from": NOW - dt.timedelta(days=1),
        "valid_until": NOW + dt.timedelta(days=30),
        "uses_max": None,
        "member_max": None,
    }
    return await offer_coupon(session, NOW, IDS, code=code, terms=terms, **(usual | given))


async def voucher(session: AsyncSession, customer_id: UUID, days: int = 10, code: str = "GIFT", **given: Any) -> UUID:
    """A voucher of a personal coupon of its own."""
    made = await coupon(session, f"{code}-{customer_id.hex[-8:].upper()}", personal=True, **given)
    return await give_voucher(
        session, NOW, IDS, coupon_id=made, customer_id=customer_id, reason="生日礼", valid_days=days
    )
