"""Letting a stored history of orders earn, as if each had been paid when it was placed: in batches, one call each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer
from domain.guards import existing
from domain.orders.tables import Order
from domain.points.earning import IDS, Decision, decide, post_decisions
from domain.points.purchases import (
    MEMBER_SEGMENTS,
    PAID,
    ProgrammeRules,
    categories_above,
    programme_rules,
    purchases,
)
from domain.points.refusals import ledger_refusals
from domain.points.rule_tables import EarnKind, OrderEarning
from domain.points.tables import PointsProgramme

BATCH_ORDERS = 2_000
PAGE_ORDERS = 50_000

Key = tuple[dt.datetime, UUID]


@dataclass(slots=True)
class History:
    """What a history earned."""

    orders: int = 0
    earned: int = 0
    points: int = 0


async def earn_history(
    session: AsyncSession, programme_id: UUID, until: dt.datetime, orders_max: int = 1_000_000
) -> History:
    """Let paid orders placed until an instant earn, dated to when they were placed; those that have earned stay as they are.

    Points wait and expire from then on. Orders that somebody else is changing are left to them, or to the next call. It may be ended and begun again; `orders_max` bounds what one call looks at.
    """
    programme = await existing(session, PointsProgramme, programme_id, "programme")
    rules = await programme_rules(session, programme)
    above = await categories_above(session)
    done = History()
    after: Key | None = None
    while done.orders < orders_max:
        page = await _undecided(session, rules, until, after, min(PAGE_ORDERS, orders_max - done.orders))
        if not page:
            break
        done.orders += len(page)
        after = (page[-1][2], page[-1][0])
        for batch in _batches([(order_id, customer_id) for order_id, customer_id, _ in page], apart=_apart(rules)):
            held = await _held(session, rules, batch)
            ordered = await purchases(session, held, above, programme.id if rules.tiered else None)
            reckoned = [(each, await decide(session, rules, each)) for each in ordered]
            decisions = [Decision(each, earned) for each, earned in reckoned if earned is not None]
            if decisions:
                await post_decisions(session, programme.id, decisions, dated=True)
            done.earned += len(decisions)
            done.points += sum(each.earned.points for each in decisions)
    return done


def _apart(rules: ProgrammeRules) -> bool:
    """Whether what a member's order earns depends on their orders before it."""
    return rules.tiered


def _batches(page: Sequence[tuple[UUID, UUID]], *, apart: bool) -> Iterator[list[UUID]]:
    """The orders in batches, in their order. Apart, none holds two of a member: first everybody's first, then their second."""
    rounds: dict[int, list[UUID]] = {}
    seen: dict[UUID, int] = {}
    for order_id, customer_id in page:
        number = seen.get(customer_id, 0) if apart else 0
        seen[customer_id] = number + 1
        rounds.setdefault(number, []).append(order_id)
    for _, orders in sorted(rounds.items()):
        for start in range(0, len(orders), BATCH_ORDERS):
            yield orders[start : start + BATCH_ORDERS]


async def _undecided(
    session: AsyncSession, rules: ProgrammeRules, until: dt.datetime, after: Key | None, limit: int
) -> list[tuple[UUID, UUID, dt.datetime]]:
    """The next paid orders of members in the programme's currency of which nothing was decided, with member and instant."""
    programme = rules.programme
    begins = min((effect.valid_from for effect in rules.effects if effect.kind is EarnKind.BASIC), default=until)
    query = (
        sa.select(Order.id, Order.customer_id, Order.placed_at)
        .join(Customer, Customer.id == Order.customer_id)
        .where(
            Order.placed_at.between(begins, until),
            Order.total_currency == programme.worth_currency,
            *_waiting(programme.id),
            Customer.segment.in_(MEMBER_SEGMENTS),
        )
        .order_by(Order.placed_at, Order.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(Order.placed_at, Order.id) > after)
    return [(order_id, customer_id, at) for order_id, customer_id, at in await session.execute(query)]


def _waiting(programme_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    """What is true of an order that may earn in a programme and has not."""
    decided = sa.select(OrderEarning.id).where(
        OrderEarning.programme_id == programme_id, OrderEarning.order_id == Order.id
    )
    return PAID, sa.not_(decided.exists())


async def _held(session: AsyncSession, rules: ProgrammeRules, batch: list[UUID]) -> list[UUID]:
    """Those of a batch that nobody else holds, locked, as far as they still wait: somebody may have paid or cancelled one since."""
    programme_id = rules.programme.id
    called = sa.func.points_lock_orders(programme_id, sa.literal(batch, IDS), type_=IDS)
    with ledger_refusals():
        locked: list[UUID] = [*(await session.execute(sa.select(called))).scalar_one()]
    of_them = Order.id == sa.any_(sa.literal(locked, IDS))
    still = set(await session.scalars(sa.select(Order.id).where(of_them, *_waiting(programme_id))))
    return [each for each in batch if each in still]
