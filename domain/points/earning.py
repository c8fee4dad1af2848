"""What orders earn when they are paid, and what is taken back when a part of the money is.

The rules and the tier of the instant at which an order was placed decide, whenever it is paid. What was decided is stored
(`OrderEarning`, and the breakdown in the ledger) and decides about refunds: never the rules of a later day. The instant at which
points move is the database's, so the rules' `now` decides nothing here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing
from domain.orders.tables import Order
from domain.points.engine import Earned, breakdown_of, in_force, reckoned
from domain.points.purchases import (
    Ordered,
    ProgrammeRules,
    categories_above,
    is_members,
    programme_rules,
    purchases,
)
from domain.points.refusals import ledger_refusals
from domain.points.rule_tables import OrderEarning
from domain.points.tables import PointsProgramme
from domain.returns.tables import OrderReturn

IDS, NUMBERS = ARRAY(sa.Uuid()), ARRAY(sa.BigInteger())


class Decision(NamedTuple):
    """What an order earned."""

    ordered: Ordered
    earned: Earned


async def earn_for_order(session: AsyncSession, _now: dt.datetime, order_id: UUID) -> list[UUID]:
    """Let a paid order earn in every programme of its currency that had a basic rule when it was placed.

    Answers the ledger's transfers; the same ones when it is called again for the order. Orders of customers who are no
    members earn nothing. `NOT_FOUND` for an order that the viewer does not see.
    """
    order = await existing(session, Order, order_id, "order")
    if not await is_members(session, order.customer_id):
        return []
    # Two who are told at once that an order is paid would count it twice in a budget; two orders of a member would wait for
    # each other, each in another programme.
    await lock_order(session, order_id)
    above = await categories_above(session)
    transfers: list[UUID] = []
    for programme in await programmes_in(session, order.total_currency):
        decided = await session.scalar(
            sa.select(OrderEarning).where(OrderEarning.programme_id == programme.id, OrderEarning.order_id == order_id)
        )
        if decided is not None:
            transfers += [decided.transfer_id] if decided.transfer_id is not None else []
            continue
        rules = await programme_rules(session, programme)
        if rules.tiered:
            await review_tier(session, programme.id, order.customer_id, order.placed_at)
        tiers_of = programme.id if rules.tiered else None
        [ordered] = await purchases(session, [order_id], above, tiers_of)
        earned = await decide(session, rules, ordered)
        if earned is not None:
            transfers += await post_decisions(session, programme.id, [Decision(ordered, earned)], dated=False)
    return transfers


async def lock_order(session: AsyncSession, order_id: UUID) -> None:
    """Lock an order and then its member in all programmes, before anything of either is changed in more than one step."""
    with ledger_refusals():
        await session.execute(sa.select(sa.func.points_lock_order(order_id)))


async def claw_back_for_order(
    session: AsyncSession, _now: dt.datetime, order_id: UUID, refund_id: UUID, part: int
) -> list[UUID]:
    """Take back what `part` minor units of an order earned, because they were given back; once for a refund.

    All parts together ask back floor(points * parts / paid) of the stored earning, so they sum exactly. Answers the transfers;
    none where the part makes no whole point, or where nothing had been earned. `REFUND_EXCEEDED` beyond what was paid.
    """
    if part == 0:
        return []
    called = sa.func.points_claw_back_order(order_id, refund_id, sa.literal(part, sa.BigInteger()), type_=IDS)
    with ledger_refusals():
        return list((await session.execute(sa.select(called))).scalar_one())


async def programmes_in(session: AsyncSession, currency: str) -> list[PointsProgramme]:
    """The programmes that count in a currency."""
    query = sa.select(PointsProgramme).where(PointsProgramme.worth_currency == currency).order_by(PointsProgramme.code)
    return list(await session.scalars(query))


async def decide(session: AsyncSession, rules: ProgrammeRules, ordered: Ordered) -> Earned | None:
    """What an order earns; points of versions with a budget or a monthly bound are counted as far as there is room."""
    purchase = ordered.purchase
    effects = in_force(rules.effects, purchase.at)
    reckoning = reckoned(purchase, effects, rules.programme.rounding)
    month = rules.month_of(purchase.at)
    try:
        version_id, points = next(reckoning)
        while True:
            granted = await _count(session, version_id, ordered.customer_id, month, points)
            version_id, points = reckoning.send(granted)
    except StopIteration as end:
        return end.value


async def _count(session: AsyncSession, version_id: UUID, customer_id: UUID, month: dt.date, points: int) -> int:
    called = sa.func.points_count_earning(version_id, customer_id, month, sa.literal(points, sa.BigInteger()))
    with ledger_refusals():
        return (await session.execute(sa.select(called))).scalar_one()


async def review_tier(session: AsyncSession, programme_id: UUID, customer_id: UUID, at: dt.datetime) -> UUID | None:
    """Write down what has come of a member's tier until an instant; the tier then, None in a programme without tiers."""
    called = sa.func.points_review_tier(programme_id, customer_id, at, type_=sa.Uuid())
    with ledger_refusals():
        return (await session.execute(sa.select(called))).scalar_one()


async def post_decisions(
    session: AsyncSession, programme_id: UUID, decisions: Sequence[Decision], *, dated: bool
) -> list[UUID]:
    """Store what orders earned and post it, in one call; `dated` to the instants of the orders, as a history is."""
    called = sa.func.points_earn_orders(
        programme_id,
        sa.literal([each.ordered.order_id for each in decisions], IDS),
        sa.literal([each.ordered.customer_id for each in decisions], IDS),
        sa.literal([each.ordered.purchase.at for each in decisions], ARRAY(sa.DateTime(timezone=True))),
        sa.literal([each.earned.points for each in decisions], NUMBERS),
        sa.literal([each.ordered.purchase.paid for each in decisions], NUMBERS),
        sa.literal([each.earned.qualifying for each in decisions], NUMBERS),
        sa.literal([each.earned.version_id for each in decisions], IDS),
        sa.literal([each.ordered.purchase.tier_id for each in decisions], IDS),
        sa.literal([_breakdown(each) for each in decisions], ARRAY(sa.Text())),
        sa.literal(dated, sa.Boolean()),
        type_=IDS,
    )
    with ledger_refusals():
        posted: list[UUID | None] = [*(await session.execute(sa.select(called))).scalar_one()]
    await _claw_back_returned(session, [each.ordered.order_id for each in decisions])
    return [transfer for transfer in posted if transfer is not None]


async def _claw_back_returned(session: AsyncSession, order_ids: Sequence[UUID]) -> None:
    """Take back what came back before its order was decided: goods on account may be returned before they are paid."""
    returned = (
        sa.select(sa.func.points_claw_back_order(OrderReturn.order_id, OrderReturn.id, OrderReturn.amount_amount))
        .where(
            OrderReturn.order_id == sa.any_(sa.literal(list(order_ids), IDS)),
            OrderReturn.amount_amount > 0,
        )
        .order_by(OrderReturn.received_at, OrderReturn.id)
    )
    with ledger_refusals():
        await session.execute(returned)


def _breakdown(decision: Decision) -> str:
    return json.dumps(breakdown_of(decision.earned, decision.ordered.purchase.paid))
