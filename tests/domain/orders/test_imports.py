"""Storing an imported purchase history."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, ExternalId
from domain.orders.importing import Fault, Faults, OrderRow
from domain.orders.imports import Entry, Imported, entry_of, import_orders
from domain.orders.tables import Order, OrderLine, OrderStatus
from domain.tables import METADATA
from foundation.database import Database, connect
from foundation.refusals import Refusal
from foundation.session import set_statement
from segments.classification import Classification
from segments.outbox import OutboxEvent
from segments.viewer import Viewer
from tests.domain.customers.accounts import NOW, new_id
from tests.rows import Bundle

ROW = OrderRow(2, "00001", dt.date(1997, 1, 1), "CD", 2, 1177, "USD")
# The last is equal to the first but for its line: another order.
ROWS = [ROW, replace(ROW, line=3, customer_ref="00002", amount=0), replace(ROW, line=4)]


async def batches(rows: list[OrderRow]) -> AsyncGenerator[list[Entry]]:
    """Two at a time, so that what one batch makes the next one finds."""
    for at in range(0, len(rows), 2):
        yield [entry_of(row, new_id) for row in rows[at : at + 2]]


async def attempted(
    session: AsyncSession, rows: list[OrderRow], source: str = "history", *, dry_run: bool = False
) -> tuple[Imported, Faults]:
    faults = Faults()
    done = await import_orders(
        session, NOW, new_id, source=source, batches=batches(rows), faults=faults, dry_run=dry_run
    )
    return done, faults


async def imported(session: AsyncSession, rows: list[OrderRow], source: str = "history") -> Imported:
    done, faults = await attempted(session, rows, source)
    assert not faults
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
    done, faults = await attempted(session, [replace(ROWS[0], **change), *ROWS[1:], replace(ROW, line=9)])  # type: ignore[arg-type]
    assert [(fault.line, fault.reason) for fault in faults.kept] == [(2, "line_changed")]
    assert (done.orders, done.present, await count(session, Order)) == (1, 3, 3)


async def test_what_becomes_of_an_order_afterwards_does_not_change_its_line(session: AsyncSession) -> None:
    await imported(session, ROWS)
    await session.execute(sa.update(Order).values(units=7, status=OrderStatus.CANCELLED))
    await session.execute(sa.update(ExternalId).values(value=ExternalId.value + " (merged)"))
    assert await imported(session, ROWS) == Imported(orders=0, customers=0, present=3)


async def test_no_table_is_read_as_a_whole_though_it_was_small_when_plans_were_made(
    session: AsyncSession, database: Database
) -> None:
    assert database.addresses.superuser is not None
    administrator = await connect(database.addresses.superuser)
    await administrator.execute('vacuum analyze external_id, "order", variant')
    await administrator.close()
    rows = [replace(ROW, line=line, customer_ref=str(line % 40)) for line in range(2, 60)]
    # The numbers of a connection hold those of its last transactions too.
    before = await whole_scans(session)
    await imported(session, rows)
    await imported(session, rows)
    assert await whole_scans(session) == before


async def whole_scans(session: AsyncSession) -> dict[str, int]:
    query = (
        "select relname, seq_scan from pg_stat_xact_user_tables where relname in ('external_id', 'order', 'variant')"
    )
    return {name: scans or 0 for name, scans in await session.execute(sa.text(query))}


async def test_a_dry_run_tells_what_is_new_and_stores_nothing(session: AsyncSession) -> None:
    done, _ = await attempted(session, ROWS, dry_run=True)
    assert (done, await count(session, Order)) == (Imported(orders=3), 0)
    await imported(session, ROWS)
    changed = [replace(ROWS[0], quantity=9), *ROWS[1:], replace(ROW, line=9)]
    done, faults = await attempted(session, changed, dry_run=True)
    assert (done.orders, done.present, len(faults.kept), await count(session, Order)) == (1, 3, 1, 3)


async def test_what_was_wrong_before_keeps_the_rest_from_being_stored(session: AsyncSession) -> None:
    faults = Faults()
    faults.note([Fault(7, "sku", "", "empty")])
    await import_orders(session, NOW, new_id, source="history", batches=batches(ROWS), faults=faults)
    assert (await count(session, Order), await count(session, OutboxEvent)) == (0, 0)


async def test_a_line_finds_the_variant_that_consumers_are_offered(session: AsyncSession) -> None:
    rows = [replace(ROW, line=line, sku=f"SKU-{line}") for line in range(2, 6)]
    skus = [row.sku for row in rows]
    everybody = ["consumer", "military"]
    for sku, (degree, compartments, audiences) in zip(
        skus,
        [
            (Classification.PUBLIC, [], everybody),
            (Classification.SECRET, [], everybody),
            (Classification.PUBLIC, ["orchard"], everybody),
            (Classification.PUBLIC, [], ["military"]),
        ],
        strict=True,
    ):
        bundle = Bundle(
            classification=degree, compartments=compartments, audiences=audiences, sku=sku, name=f"名 {sku}"
        )
        for table in ("region", "customer", "employee", "programme", "category", "product", "variant"):
            await session.execute(sa.insert(METADATA.tables[table]).values(bundle.row(METADATA.tables[table])))
    await imported(session, rows)
    found = await session.execute(sa.select(OrderLine.name, OrderLine.variant_id.is_not(None)).order_by(OrderLine.sku))
    assert [tuple(row) for row in found] == [("名 SKU-2", True), *((sku, False) for sku in skus[1:])]


@pytest.mark.parametrize("source", ["", "  ", "a\nb", "源" * 61])
async def test_a_source_has_a_name(session: AsyncSession, source: str) -> None:
    with pytest.raises(Refusal) as refused:
        await imported(session, ROWS, source)
    assert refused.value.code == "IMPORT_SOURCE"


async def test_two_imports_of_one_source_do_not_run_beside_each_other(
    session: AsyncSession, database: Database
) -> None:
    await imported(session, ROWS)
    async with AsyncSession(database.engine) as other:
        await other.execute(set_statement(Viewer.system().row_settings()))
        with pytest.raises(Refusal) as refused:
            await imported(other, ROWS)
        assert refused.value.code == "IMPORT_RUNNING"
        assert await imported(other, ROWS, "other") == Imported(orders=3, customers=2, present=0)
        await other.rollback()
