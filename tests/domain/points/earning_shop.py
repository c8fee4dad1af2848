"""The shop that orders of the earning machine are of, and what the machine asks of the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.tables import Channel, OrderStatus
from domain.points.earning import claw_back_for_order, earn_for_order
from domain.points.verifying import INVARIANTS
from domain.returns.tables import OrderReturn, ReturnState
from domain.shop.tables import Category, Product, ProductStatus, Variant
from foundation.database import Addresses, Database
from foundation.session import set_statement
from foundation.settings import Settings
from segments.viewer import Viewer
from tests.domain.points.ledgers import IDS, START
from tests.domain.points.shops import order

# Goods of a category within another, of one beside it, and what the catalogue does not know.
GOODS: dict[str | None, set[str]] = {
    "camera": {"optics", "devices"},
    "drone": {"devices"},
    "book": {"books"},
    None: set(),
}
CATEGORIES = {"camera": "optics", "drone": "devices", "book": "books"}

# Every invariant of `points verify` in one statement: the names of those that do not hold.
BROKEN = sa.text(
    " union all ".join(f"select {n} where exists ({query})" for n, query in enumerate(INVARIANTS.values()))
)
STATE = sa.text(
    """select b.pending, b.available, b.held, b.debt, t.code from unnest(cast(:members as uuid[])) with ordinality as m (id, n)
    cross join lateral points_balance(:programme, m.id) as b
    left join tier as t on t.id = points_tier(:programme, m.id, :now) order by m.n"""
)
COUNTED = sa.text(
    """select v.id, coalesce((select sum(used) from earn_budget where version_id = v.id), 0)::bigint,
        coalesce((select sum(points) from earn_month where version_id = v.id), 0)::bigint
    from earn_rule_version as v join earn_rule as r on r.id = v.rule_id where r.programme_id = :programme"""
)
DECIDED = sa.text(
    """select e.points, e.basis, tier.code, t.breakdown from order_earning as e left join tier on tier.id = e.tier_id
    left join points_transfer as t on t.id = e.transfer_id where e.order_id = :id"""
)


@asynccontextmanager
async def owners_session(settings: Settings, places: Addresses) -> AsyncGenerator[AsyncSession]:
    """A session of the owner's, whose clock tests may set; all that it does is rolled back."""
    database = Database(settings, replace(places, application=places.owner))
    try:
        async with AsyncSession(database.engine, expire_on_commit=False) as session:
            await session.execute(set_statement(Viewer.system().row_settings()))
            yield session
            await session.rollback()
    finally:
        await database.close()


@dataclass(frozen=True)
class Shop:
    """Ids by name."""

    categories: dict[str, UUID]
    products: dict[str, UUID]
    variants: dict[str, UUID]


async def open_shop(session: AsyncSession) -> Shop:
    """A product with one variant in each of three categories; optics are devices too."""
    shop = Shop(
        {name: IDS() for name in ("devices", "optics", "books")},
        {name: IDS() for name in CATEGORIES},
        {name: IDS() for name in CATEGORIES},
    )
    for name, key in shop.categories.items():
        above = shop.categories["devices"] if name == "optics" else None
        session.add(Category(id=key, slug=str(key), name=name, summary="", position=0, parent_id=above))
        await session.flush()
    for name, key in shop.products.items():
        session.add(
            Product(
                id=key, category_id=shop.categories[CATEGORIES[name]], slug=str(key), name=name, summary="",
                description="", brand="四方", status=ProductStatus.ACTIVE, position=0, export_controlled=False,
                created_at=START, updated_at=START, search="", audiences=["consumer"],
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            Variant(
                id=shop.variants[name], product_id=key, sku=str(key), name="标准型", position=0, audiences=["consumer"]
            )
        )
    await session.flush()
    return shop


async def place(
    session: AsyncSession,
    shop: Shop,
    customer_id: UUID,
    lines: list[tuple[str | None, int]],
    at: dt.datetime,
    channel: Channel,
    *,
    account: bool,
    points: int,
) -> UUID:
    """An order, some of it paid in points; one on account is delivered before it is paid."""
    key = await order(
        session,
        customer_id,
        *(amount for _, amount in lines),
        at=at,
        channel=channel,
        status=OrderStatus.DELIVERED if account else OrderStatus.PLACED,
        variants=[None if name is None else shop.variants[name] for name, _ in lines],
    )
    change = sa.text('update "order" set points_amount = :points, settlement = :settlement where id = :id')
    terms = {"points": points, "settlement": "ON_ACCOUNT" if account else "PREPAID", "id": key}
    await session.execute(change, terms)
    return key


async def pay(session: AsyncSession, now: dt.datetime, order_id: UUID) -> Any:
    """Pay an order and let it earn, twice; what was decided, None if nothing was."""
    paid = sa.text(
        """update "order" set paid_at = :now, status = case status when 'PLACED' then 'PAID' else status end
        where id = :id"""
    )
    await session.execute(paid, {"now": now, "id": order_id})
    first = await earn_for_order(session, now, order_id)
    assert await earn_for_order(session, now, order_id) == first
    return (await session.execute(DECIDED, {"id": order_id})).one_or_none()


async def receive(
    session: AsyncSession, now: dt.datetime, order_id: UUID, key: UUID, customer_id: UUID, part: int
) -> None:
    """Goods of an order have come back and a part of its money with them, in minor units."""
    of = {"id": key, "order_id": order_id, "customer_id": customer_id, "reason": "x", "answer": None, "version": 1}
    times = dict.fromkeys(("requested_at", "decided_at", "received_at", "ended_at"), now)
    money = {"amount_amount": part, "amount_currency": "CNY", "points": 0, "refund_id": None}
    session.add(OrderReturn(**of, **times, **money, state=ReturnState.REFUNDED))
    await session.flush()
    await claw_back_for_order(session, now, order_id, key, part)


async def standing(
    session: AsyncSession, programme_id: UUID, members: list[UUID], now: dt.datetime
) -> list[tuple[Any, ...]]:
    """Pending, available, held and owed points of each member, and the code of its tier."""
    given = {"members": members, "programme": programme_id, "now": now}
    return [tuple(row) for row in await session.execute(STATE, given)]


async def counted(session: AsyncSession, programme_id: UUID) -> dict[UUID, tuple[int, int]]:
    """Points that are counted towards the budget of each version of a rule, and towards its months."""
    rows = await session.execute(COUNTED, {"programme": programme_id})
    return {key: (used, months) for key, used, months in rows}
