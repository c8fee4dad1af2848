"""Orders to earn on: customers who buy, a programme with rules, all through the rules of the domain."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, Region, Segment
from domain.orders.importing import Faults, OrderRow, parse_row
from domain.orders.imports import Entry, entry_of, import_orders
from domain.orders.tables import Channel, Order, OrderLine, OrderStatus
from domain.points import rules
from domain.points.programmes import ProgrammeSettings, set_programme
from domain.points.rule_tables import EarnKind, EarnRuleVersion
from domain.points.rules import Terms
from domain.shop.tables import StockLocation
from domain.stores.tables import Store
from foundation.ids import system_ids

NOW = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)
IDS = system_ids(lambda: NOW)
BATCH_ROWS = 5_000


async def programme(session: AsyncSession, **settings: object) -> UUID:
    """A programme, whose points are available at once unless told."""
    key = IDS()
    given = {"code": str(key), "name": "会员积分", "activation_days": 0} | settings
    await set_programme(session, key, 0, ProgrammeSettings(**given))  # type: ignore[arg-type]
    return key


async def rule(
    session: AsyncSession, programme_id: UUID, kind: EarnKind, code: str, valid_from: dt.datetime = NOW, **terms: object
) -> UUID:
    """A rule with an active version; the version's key."""
    rule_id = await rules.make_rule(
        session, valid_from, IDS, programme_id=programme_id, code=code, kind=kind, name=code
    )
    return await version(session, rule_id, valid_from, **terms)


async def version(session: AsyncSession, rule_id: UUID, valid_from: dt.datetime, **terms: object) -> UUID:
    """A further active version of a rule."""
    draft = await rules.draft_version(
        session,
        valid_from,
        IDS,
        rule_id=rule_id,
        terms=Terms(valid_from, **terms),  # type: ignore[arg-type]
    )
    return await rules.activate_version(session, valid_from, version_id=draft, version=1)


async def rule_of(session: AsyncSession, version_id: UUID) -> UUID:
    """The rule of a version."""
    return (await session.get_one(EarnRuleVersion, version_id)).rule_id


async def customer(session: AsyncSession, segment: Segment = Segment.CONSUMER) -> UUID:
    """Somebody who buys."""
    made = Customer(
        id=IDS(),
        kind=CustomerKind.ORGANISATION if segment is Segment.ENTERPRISE else CustomerKind.PERSON,
        segment=segment,
        status=CustomerStatus.ACTIVE,
        name="会员",
        key_account=False,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    session.add(made)
    await session.flush()
    return made.id


async def store(session: AsyncSession, code: str) -> UUID:
    """A store, with the place where its goods lie."""
    region, place, key = IDS(), IDS(), IDS()
    session.add(Region(id=region, code=code, name="成都市"))
    await session.flush()
    session.add(StockLocation(id=place, name="店仓", region_id=region))
    await session.flush()
    session.add(
        Store(
            id=key,
            code=code,
            name=code,
            region_id=region,
            location_id=place,
            address="示例路 1 号",
            phone="028-0000000",
            latitude_microdegrees=0,
            longitude_microdegrees=0,
            time_zone="Asia/Shanghai",
            slot_minutes=60,
            slot_capacity=1,
            cancel_hours_min=1,
            book_days_max=1,
            version=1,
        )
    )
    await session.flush()
    return key


async def order(
    session: AsyncSession,
    customer_id: UUID,
    *amounts: int,
    at: dt.datetime = NOW,
    status: OrderStatus = OrderStatus.PAID,
    variants: Sequence[UUID | None] = (),
    channel: Channel = Channel.SHOP,
    currency: str = "CNY",
    store_id: UUID | None = None,
) -> UUID:
    """An order with a line for each amount, in minor units."""
    key = IDS()
    made = Order(
        id=key,
        customer_id=customer_id,
        number=str(key),
        channel=channel if store_id is None else Channel.STORE,
        store_id=store_id,
        status=status,
        placed_at=at,
        units=len(amounts),
        total_amount=sum(amounts),
        total_currency=currency,
    )
    session.add(made)
    await session.flush()
    for position, amount in enumerate(amounts, 1):
        line = OrderLine(
            id=IDS(),
            order_id=key,
            customer_id=customer_id,
            variant_id=variants[position - 1] if variants else None,
            position=position,
            sku="SKU",
            name="商品",
            quantity=1,
            amount_amount=amount,
            amount_currency=currency,
        )
        session.add(line)
    await session.flush()
    return key


def rows_of(path: Path) -> list[OrderRow]:
    """The orders of a file of history."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = list(csv.reader(file))
    return [parse_row(number, header, cells, NOW.date()) for number, cells in enumerate(lines, 2)]


async def take_in(session: AsyncSession, rows: Sequence[OrderRow]) -> None:
    """Store a history as orders."""

    async def batches() -> AsyncIterator[list[Entry]]:
        for start in range(0, len(rows), BATCH_ROWS):
            yield [entry_of(row, IDS) for row in rows[start : start + BATCH_ROWS]]

    faults = Faults()
    await import_orders(session, NOW, IDS, source="history", batches=batches(), faults=faults)
    assert not faults
