"""Storing an imported purchase history."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, ExternalId
from domain.orders.importing import FaultyRow, OrderRow
from domain.orders.imports import Imported, import_orders
from domain.orders.tables import Order, OrderLine
from segments.outbox import OutboxEvent
from tests.domain.customers.accounts import NOW, new_id

ROW = OrderRow(2, "00001", dt.date(1997, 1, 1), "CD", 2, 1177, "USD")
# The last is equal to the first but for its line: another order.
ROWS = [ROW, replace(ROW, line=3, customer_ref="00002", amount=0), replace(ROW, line=4)]


async def imported(session: AsyncSession, rows: list[OrderRow], source: str = "history") -> Imported:
    told: list[tuple[int, int]] = []
    done = await import_orders(
        session, NOW, new_id, source=source, rows=rows, progress=lambda stored, total: told.append((stored, total))
    )
    assert told == ([(done.orders, done.orders)] if done.orders else [])
    return done


async def count(session: AsyncSession, table: type) -> int:
    return await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_each_line_is_an_order_of_its_person(session: AsyncSession) -> None:
    assert await imported(session, ROWS) == Imported(orders=3, customers=2, present=0)
    found = await session.execute(
        sa.select(Order.source_line, Order.placed_at, Order.units, Order.total_amount, ExternalId.value, OrderLine.sku)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(ExternalId, ExternalId.customer_id == Order.customer_id)
        .order_by(Order.source_line)
    )
    midnight = dt.datetime(1997, 1, 1, tzinfo=dt.UTC)
    assert [tuple(row) for row in found] == [
        (2, midnight, 2, 1177, "00001", "CD"),
        (3, midnight, 2, 0, "00002", "CD"),
        (4, midnight, 2, 1177, "00001", "CD"),
    ]
    assert await session.scalar(sa.select(OutboxEvent.payload)) == {"source": "history", "orders": 3, "customers": 2}


async def test_a_second_run_adds_what_is_new_and_nothing_else(session: AsyncSession) -> None:
    await imported(session, ROWS)
    again = [*ROWS, replace(ROW, line=5, customer_ref="00002")]
    assert await imported(session, again) == Imported(orders=1, customers=0, present=3)
    assert await imported(session, again) == Imported(orders=0, customers=0, present=4)
    assert (await count(session, Order), await count(session, Customer)) == (4, 2)
    assert await count(session, OutboxEvent) == 2


async def test_another_source_has_people_of_its_own(session: AsyncSession) -> None:
    await imported(session, ROWS)
    assert await imported(session, ROWS, "other") == Imported(orders=3, customers=2, present=0)


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 3},
        {"amount": 1178},
        {"currency": "CNY"},
        {"sku": "LP"},
        {"customer_ref": "00009"},
        {"ordered_on": dt.date(1997, 1, 2)},
    ],
)
async def test_a_stored_line_that_says_something_else_is_a_fault(
    session: AsyncSession, change: dict[str, object]
) -> None:
    await imported(session, ROWS)
    with pytest.raises(FaultyRow) as faulty:
        await imported(session, [replace(ROWS[0], **change), *ROWS[1:]])  # type: ignore[arg-type]
    assert [(fault.line, fault.reason) for fault in faulty.value.faults] == [(2, "line_changed")]
    assert await count(session, Order) == 3
