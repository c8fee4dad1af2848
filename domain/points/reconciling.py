"""Comparing a programme with the orders it rests on: what was paid against what was earned, refunds against what was taken back."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing
from domain.orders.tables import OrderStatus, Settlement
from domain.payments.tables import RefundReason
from domain.points.purchases import MEMBER_SEGMENTS
from domain.points.tables import PointsProgramme

DIFFERENCES_MAX = 1_000


class DifferenceKind(enum.Enum):
    """What does not agree, and in which unit its numbers are.

    UNDECIDED: a paid order that a basic rule was in force for has earned nothing (minor units paid, 0). POSTED: the ledger
    has another entry than what was decided (points). UNPAID: an order that is not paid, or no more, keeps points (0, points).
    REFUNDED: what came back of an order, or was cancelled, is not what was taken back for (minor units); money that was given by
    goodwill takes nothing back.
    """

    UNDECIDED = "UNDECIDED"
    POSTED = "POSTED"
    UNPAID = "UNPAID"
    REFUNDED = "REFUNDED"


@dataclass(frozen=True, slots=True)
class Difference:
    """An order of which the two sides say different numbers."""

    kind: DifferenceKind
    order_id: UUID
    number: str
    expected: int
    found: int


PAID = f"""(o.status not in ('{OrderStatus.PLACED.value}', '{OrderStatus.CANCELLED.value}')
    and (o.paid_at is not null or o.settlement = '{Settlement.PREPAID.value}'))"""
SEGMENTS = ", ".join(f"'{segment.value}'" for segment in MEMBER_SEGMENTS)

# Each selects an order, its number, what is expected and what is found.
STATED = {
    DifferenceKind.UNDECIDED: f"""
        select o.id, o.number, o.total_amount - o.points_amount, 0::bigint from "order" as o
        join customer as c on c.id = o.customer_id and c.segment in ({SEGMENTS})
        where o.placed_at >= :begins and o.placed_at < :ends and o.total_currency = :currency and {PAID}
            and not exists (select 1 from order_earning as e where e.order_id = o.id and e.programme_id = :programme)
            and exists (
                select 1 from earn_rule as r join lateral (
                    select * from earn_rule_version as v
                    where v.rule_id = r.id and v.activated_at is not null and v.valid_from <= o.placed_at
                    order by v.valid_from desc limit 1
                ) as held on held.ended_at is null or held.ended_at > o.placed_at
                where r.programme_id = :programme and r.kind = 'BASIC' and cardinality(held.channels) = 0
                    and held.order_amount_min <= o.total_amount - o.points_amount
                    and not exists (select 1 from earn_condition as asked where asked.version_id = held.id))""",  # noqa: S608 - labels of our own
    DifferenceKind.POSTED: """
        select o.id, o.number, e.points, coalesce(t.amount, 0)::bigint from order_earning as e
        join "order" as o on o.id = e.order_id
        left join points_transfer as t on t.id = e.transfer_id and t.code = 'EARN' and t.subject_id = e.order_id
            and t.customer_id = e.customer_id
        where e.programme_id = :programme and e.ordered_at >= :begins and e.ordered_at < :ends
            and coalesce(t.amount, 0) <> e.points""",
    DifferenceKind.UNPAID: f"""
        select o.id, o.number, 0::bigint, l.amount - l.clawed from order_earning as e
        join "order" as o on o.id = e.order_id join points_lot as l on l.id = e.transfer_id
        where e.programme_id = :programme and e.ordered_at >= :begins and e.ordered_at < :ends
            and not {PAID} and l.clawed < l.amount""",  # noqa: S608 - labels of our own
    DifferenceKind.REFUNDED: f"""
        select o.id, o.number, given.amount, taken.amount from order_earning as e
        join "order" as o on o.id = e.order_id
        cross join lateral (
            select coalesce(sum(each.amount), 0)::bigint as amount from (
                select r.amount_amount as amount from refund as r
                where r.order_id = e.order_id and r.reason = '{RefundReason.CANCELLED.value}'
                union all select r.amount_amount from order_return as r where r.order_id = e.order_id
            ) as each
        ) as given
        cross join lateral (
            select -coalesce(sum(q.amount), 0)::bigint as amount from qualifying_entry as q
            where q.order_id = e.order_id and q.programme_id = e.programme_id and q.source_id <> e.order_id
        ) as taken
        where e.programme_id = :programme and e.ordered_at >= :begins and e.ordered_at < :ends
            and (o.status <> '{OrderStatus.CANCELLED.value}' or exists (select 1 from payment as p where p.order_id = e.order_id))
            and given.amount <> taken.amount""",  # noqa: S608 - labels of our own
}


async def reconcile_orders(
    session: AsyncSession, programme_id: UUID, begins: dt.datetime, ends: dt.datetime
) -> list[Difference]:
    """What does not agree about orders placed from an instant until before another; of each kind the first thousand.

    Whether a rule with conditions should have given something only the engine knows: orders that it left undecided count as
    missing only where the basic rule then asked for nothing but an amount.
    """
    programme = await existing(session, PointsProgramme, programme_id, "programme")
    given = [
        sa.bindparam("programme", programme.id, sa.Uuid()),
        sa.bindparam("begins", begins, sa.DateTime(timezone=True)),
        sa.bindparam("ends", ends, sa.DateTime(timezone=True)),
    ]
    found: list[Difference] = []
    for kind, query in STATED.items():
        values = (
            [*given, sa.bindparam("currency", programme.worth_currency, sa.Text())] if ":currency" in query else given
        )
        limited = sa.text(f"{query} order by 1 limit {DIFFERENCES_MAX}").bindparams(*values)
        found += [Difference(kind, *row) for row in await session.execute(limited)]
    return found
