"""The rules of using what takes something off an order: taken with it, used when it is paid, given back when it is cancelled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.money import Money
from foundation.refusals import Refusal

CODE_CHARACTERS_MAX = 40
HERE = ("voucher",)


async def take_voucher(
    session: AsyncSession, now: dt.datetime, *, code: str, customer_id: UUID, order_id: UUID, subtotal: Money
) -> Money:
    """Take a member's voucher, or a coupon by its code, for an order; answers what it takes off, at most the subtotal.

    An order takes one at most. Of a coupon for a category the order's lines of that category count, which must be stored
    by then. Refuses with the path `("voucher",)`: `VOUCHER_UNKNOWN`, `VOUCHER_EXPIRED`, `VOUCHER_USED`, `COUPON_USED_UP`,
    `COUPON_MEMBER_MAX`, `COUPON_OTHER_CURRENCY`, `BELOW_LEAST`, `VOUCHER_USELESS`, `ORDER_HAS_VOUCHER`.
    """
    written = written_code(code)
    if not 0 < len(written) <= CODE_CHARACTERS_MAX:
        raise Refusal("VOUCHER_UNKNOWN", HERE)
    called = sa.func.voucher_take(
        customer_id,
        order_id,
        sa.literal(written, sa.Text()),
        sa.literal(subtotal.amount, sa.BigInteger()),
        sa.literal(subtotal.currency, sa.Text()),
        now,
    )
    with voucher_refusals():
        discount: int = (await session.execute(sa.select(called))).scalar_one()
    return Money(discount, subtotal.currency)


def written_code(code: str) -> str:
    """A code as it is stored: people write it in small letters and with spaces around."""
    return code.strip().upper()


async def use_voucher(session: AsyncSession, now: dt.datetime, *, order_id: UUID) -> bool:
    """What an order took is used for good, because it is paid; False when it took none, or a second time."""
    with voucher_refusals():
        return (await session.execute(sa.select(sa.func.voucher_use(order_id, now)))).scalar_one()


async def give_voucher_back(session: AsyncSession, now: dt.datetime, *, order_id: UUID) -> bool:
    """What an order took may be used again, as long as its time is not over; False when it took none, or a second time."""
    with voucher_refusals():
        return (await session.execute(sa.select(sa.func.voucher_give_back(order_id, now)))).scalar_one()


@contextmanager
def voucher_refusals(path: tuple[str, ...] = HERE) -> Generator[None]:
    """Turn what the functions refuse into refusals. The transaction is over then, as with every refusal."""
    known = {
        "QV001": Refusal("VOUCHER_UNKNOWN", path),
        "QV002": Refusal("VOUCHER_EXPIRED", path),
        "QV003": Refusal("VOUCHER_USED", path),
        "QV004": Refusal("COUPON_USED_UP", path),
        "QV005": Refusal("COUPON_MEMBER_MAX", path),
        "QV008": Refusal("VOUCHER_USELESS", path),
        "QV009": Refusal("ORDER_HAS_VOUCHER", path),
    }
    try:
        yield
    except DBAPIError as error:
        state: str = getattr(error.orig, "sqlstate", None) or ""
        # What the message tells, as the function said it.
        told: str = getattr(getattr(error.orig, "__cause__", None), "detail", None) or ""
        if state in known:
            raise known[state] from error
        if state == "QV006":
            raise Refusal("COUPON_OTHER_CURRENCY", path, currency=told) from error
        if state == "QV007":
            amount, currency = told.split(" ")
            least = Money(int(amount), currency)
            raise Refusal("BELOW_LEAST", path, least=f"{least.decimal()} {currency}") from error
        raise
