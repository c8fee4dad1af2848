"""The job of carts: those of nobody go when they have been left alone for long. A person's cart stays."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.cart.tables import Cart, CartLine
from foundation.ids import Ids

FORGOTTEN_AT_ONCE_MAX = 1_000


async def forget_carts(
    session: AsyncSession, now: dt.datetime, _new_id: Ids, *, days: int, at_once: int = FORGOTTEN_AT_ONCE_MAX
) -> int:
    """Delete carts without a person that nobody has changed for so many days, a few at once; answers how many: the step of a job.

    One that somebody is changing just now is left alone.
    """
    left = (
        sa.select(Cart.id)
        .where(Cart.person_id.is_(None), Cart.updated_at < now - dt.timedelta(days=days))
        .order_by(Cart.updated_at)
        .limit(at_once)
        .with_for_update(skip_locked=True)
    )
    keys = list(await session.scalars(left))
    if keys:
        await session.execute(sa.delete(CartLine).where(CartLine.cart_id.in_(keys)))
        await session.execute(sa.delete(Cart).where(Cart.id.in_(keys)))
    return len(keys)
