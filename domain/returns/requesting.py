"""The rule by which customers ask to send goods back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import each_existing, existing, text_of
from domain.orders.tables import Order, OrderLine
from domain.returns.refusals import return_refusals
from foundation.ids import Ids

REASON_CHARACTERS_MAX = 500


async def request_return(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    order_id: UUID,
    pieces: Mapping[UUID, int],
    reason: str,
    days_max: int,
) -> UUID:
    """Ask to send back so many pieces of each line of a delivered order, within `days_max` days of its delivery.

    What is asked for in other returns, unless they were refused, is not there any more: `MORE_THAN_DELIVERED` names the
    goods. Lines of no pieces are left out; nothing at all is refused.
    """
    # Before anything is said of the order's state.
    await existing(session, Order, order_id, "order")
    await each_existing(session, OrderLine, list(pieces), ("lines", "line"), OrderLine.order_id == order_id)
    wanted = [
        {"id": str(new_id()), "line": str(line), "quantity": quantity} for line, quantity in pieces.items() if quantity
    ]
    called = sa.func.order_return_request(
        sa.literal(new_id(), sa.Uuid()),
        sa.literal(order_id, sa.Uuid()),
        sa.cast(sa.literal(json.dumps(wanted), sa.Text()), JSONB()),
        sa.literal(text_of(reason, "reason", REASON_CHARACTERS_MAX), sa.Text()),
        sa.literal(days_max, sa.BigInteger()),
        sa.literal(now, sa.DateTime(timezone=True)),
        type_=sa.Uuid(),
    )
    with return_refusals():
        return (await session.execute(sa.select(called))).scalar_one()
