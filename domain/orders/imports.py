"""Storing an imported purchase history: all or nothing, and nothing twice.

A line of a source is one order, once. A second run finds its lines stored and adds nothing; a stored line that now says
something else is a fault, since an order is not silently another. Rows go in by sets, several thousand a statement:
row security refuses COPY into guarded tables, and the application's role may not make temporary ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, ExternalId, Segment, SourceSystem
from domain.orders.importing import Fault, FaultyRow, OrderRow
from domain.orders.tables import Channel, Order, OrderLine, OrderStatus
from domain.shop.tables import Variant
from foundation.ids import Ids
from segments.outbox import OutboxEvent, append

BATCH_ROWS = 5_000
# The number of the advisory lock under which imports run one after the other.
IMPORT_LOCK = 0x71756170

T = TypeVar("T")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: orders and people added, and lines that were there already."""

    orders: int
    customers: int
    present: int


async def import_orders(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    source: str,
    rows: Sequence[OrderRow],
    progress: Progress,
) -> Imported:
    """Store what of `rows` is not stored yet, as orders of consumers known to `source` by their references.

    A date without a time is midnight UTC. Raises FaultyRow for stored lines that now say something else.
    """
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(IMPORT_LOCK)))
    system_id = await source_system(session, new_id, source)
    stored = await stored_lines(session, system_id)
    changed = [row for row in rows if row.line in stored and stored[row.line] != row.content]
    if changed:
        raise FaultyRow([Fault(row.line, "", ",".join(map(str, row.content)), "line_changed") for row in changed])
    new = [row for row in rows if row.line not in stored]
    known = await known_customers(session, system_id)
    unknown = list(dict.fromkeys(row.customer_ref for row in new if row.customer_ref not in known))
    await add_customers(session, now, new_id, system_id, unknown, known)
    variants = await variants_of(session, {row.sku for row in new})
    done = 0
    for batch in batches(new):
        await add_orders(session, new_id, source, system_id, batch, known, variants)
        done += len(batch)
        progress(done, len(new))
    if new:
        payload = {"source": source, "orders": len(new), "customers": len(unknown)}
        event = OutboxEvent(
            id=new_id(), kind="orders.imported", subject_id=system_id, customer_id=None, payload=payload, at=now
        )
        await append(session, event)
    return Imported(len(new), len(unknown), len(rows) - len(new))


async def source_system(session: AsyncSession, new_id: Ids, code: str) -> UUID:
    """The system the file comes from; made when this is its first."""
    found = await session.scalar(sa.select(SourceSystem.id).where(SourceSystem.code == code))
    if found is not None:
        return found
    made = SourceSystem(id=new_id(), code=code, name=code)
    session.add(made)
    await session.flush()
    return made.id


async def stored_lines(session: AsyncSession, system_id: UUID) -> dict[int, tuple[Any, ...]]:
    """The lines of the source that are orders already, with what they say."""
    query = (
        sa.select(
            Order.source_line,
            ExternalId.value,
            Order.placed_at,
            OrderLine.sku,
            OrderLine.quantity,
            OrderLine.amount_amount,
            OrderLine.amount_currency,
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(
            ExternalId,
            sa.and_(ExternalId.customer_id == Order.customer_id, ExternalId.source_system_id == system_id),
        )
        .where(Order.source_system_id == system_id, Order.source_line.is_not(None))
    )
    return {
        line: (reference, placed_at.astimezone(dt.UTC).date(), *rest)
        for line, reference, placed_at, *rest in await session.execute(query)
        if line is not None
    }


async def known_customers(session: AsyncSession, system_id: UUID) -> dict[str, UUID]:
    """The customers the source has references for."""
    query = sa.select(ExternalId.value, ExternalId.customer_id).where(ExternalId.source_system_id == system_id)
    return {value: customer_id for value, customer_id in await session.execute(query)}  # noqa: C416 - typed pairs


async def variants_of(session: AsyncSession, skus: set[str]) -> dict[str, UUID]:
    """The variants of the catalogue that bear these numbers."""
    found: dict[str, UUID] = {}
    for some in batches(sorted(skus)):
        query = sa.select(Variant.sku, Variant.id).where(Variant.sku.in_(some))
        found |= {sku: key for sku, key in await session.execute(query)}  # noqa: C416 - typed pairs
    return found


async def add_customers(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    system_id: UUID,
    references: Sequence[str],
    known: dict[str, UUID],
) -> None:
    """Make a consumer for each reference and remember it; the source says no more of them than that."""
    for some in batches(references):
        made = {reference: new_id() for reference in some}
        people = [
            {
                "id": key,
                "kind": CustomerKind.PERSON,
                "segment": Segment.CONSUMER,
                "status": CustomerStatus.ACTIVE,
                "name": f"导入客户 {reference}",
                "key_account": False,
                "version": 1,
                "created_at": now,
                "updated_at": now,
            }
            for reference, key in made.items()
        ]
        names = [
            {"id": new_id(), "customer_id": key, "source_system_id": system_id, "value": reference}
            for reference, key in made.items()
        ]
        await insert_all(session, Customer, people)
        await insert_all(session, ExternalId, names)
        known.update(made)


async def add_orders(
    session: AsyncSession,
    new_id: Ids,
    source: str,
    system_id: UUID,
    rows: Sequence[OrderRow],
    customers: Mapping[str, UUID],
    variants: Mapping[str, UUID],
) -> None:
    """An order of one line for each row."""
    keys = [new_id() for _ in rows]
    orders = [
        {
            "id": key,
            "customer_id": customers[row.customer_ref],
            "number": f"{source}-{row.line}",
            "channel": Channel.IMPORT,
            "status": OrderStatus.DELIVERED,
            "placed_at": dt.datetime.combine(row.ordered_on, dt.time(), dt.UTC),
            "units": row.quantity,
            "total_amount": row.amount,
            "total_currency": row.currency,
            "source_system_id": system_id,
            "source_line": row.line,
        }
        for key, row in zip(keys, rows, strict=True)
    ]
    lines = [
        {
            "id": new_id(),
            "order_id": key,
            "customer_id": customers[row.customer_ref],
            "variant_id": variants.get(row.sku),
            "position": 1,
            "sku": row.sku,
            "name": row.sku,
            "quantity": row.quantity,
            "amount_amount": row.amount,
            "amount_currency": row.currency,
        }
        for key, row in zip(keys, rows, strict=True)
    ]
    await insert_all(session, Order, orders)
    await insert_all(session, OrderLine, lines)


async def insert_all(session: AsyncSession, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of equal columns by one statement that takes an array per column."""
    if not rows:
        return
    columns: list[sa.Column[Any]] = [table.__table__.c[name] for name in rows[0]]
    arrays = [
        sa.bindparam(f"a{at}", [row[column.name] for row in rows], sa.ARRAY(column.type))
        for at, column in enumerate(columns)
    ]
    named: list[sa.ColumnClause[Any]] = [sa.column(column.name, column.type) for column in columns]
    given = sa.func.unnest(*arrays).table_valued(*named).render_derived(name="given")
    select: sa.Select[*tuple[Any, ...]] = sa.select(*(given.c[column.name] for column in columns))
    await session.execute(sa.insert(table.__table__).from_select([column.name for column in columns], select))


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    """The items, some thousands at a time."""
    waiting = iter(items)
    while batch := list(islice(waiting, BATCH_ROWS)):
        yield batch
