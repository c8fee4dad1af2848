"""Storing an imported purchase history: all or nothing, and nothing twice.

A line of a source is one order, once. A second run finds its lines stored and adds nothing; a stored line that now says
something else is a fault, since an order is not silently another. Rows come in batches, so that a file of any length takes
the same memory, and go in by sets, an array for each column: row security refuses COPY into guarded tables, and the
application's role may not make temporary ones. (COPY into one and INSERT … SELECT from it took as long.)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import CustomerKind, CustomerStatus, ExternalId, Segment, SourceSystem
from domain.orders.importing import Fault, Faults, OrderRow, cut
from domain.orders.tables import Channel, Order, OrderStatus
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.audiences import CONSUMER
from segments.classification import Classification
from segments.outbox import OutboxEvent, append

SOURCE_CHARACTERS_MAX = 60
# The first number of the advisory lock under which imports of one source run one after the other.
IMPORT_LOCK = 0x71756170

# Text, because statements of the ORM spend more on a row than PostgreSQL does.
ADD_CUSTOMERS = sa.text(f"""
    with given as (select * from unnest(:ids, :keys, :refs) as given (id, key, ref)),
    made as (
        insert into customer (id, kind, segment, status, name, name_en, key_account, version, created_at, updated_at)
        select id, '{CustomerKind.PERSON.value}', '{Segment.CONSUMER.value}', '{CustomerStatus.ACTIVE.value}',
            '导入客户 ' || ref, 'Imported customer ' || ref, false, 1, :now, :now from given)
    insert into external_id (id, customer_id, source_system_id, value) select key, id, :system, ref from given
""")  # noqa: S608 - labels of our own
# A consumer's order does not tell of goods that consumers are not offered, though the number in the file is theirs.
ADD_ORDERS = sa.text(f"""
    with given as (
        select * from unnest(:ids, :line_ids, :customers, :lines, :fingerprints, :days, :skus, :quantities, :amounts,
            :currencies) as given (id, line_id, customer, line, fingerprint, day, sku, quantity, amount, currency)),
    made as (
        insert into "order" (id, customer_id, number, channel, status, placed_at, units, total_amount, total_currency,
            source_system_id, source_line, source_fingerprint)
        select id, customer, :source || '-' || line, '{Channel.IMPORT.value}', '{OrderStatus.DELIVERED.value}',
            day::timestamp at time zone 'UTC', quantity, amount, currency, :system, line, fingerprint from given)
    insert into order_line (id, order_id, customer_id, variant_id, position, sku, name, quantity, shipped,
        amount_amount, amount_currency)
    select line_id, given.id, customer, variant.id, 1, given.sku, coalesce(variant.name, given.sku), quantity, quantity,
        amount, currency
    from given left join variant on variant.sku = given.sku and variant.classification = {Classification.PUBLIC.rank}
        and cardinality(variant.compartments) = 0 and '{CONSUMER.value}' = any(variant.audiences)
""")  # noqa: S608 - labels of our own


@dataclass(slots=True)
class Imported:
    """What an import did, or would do: orders and people added, and lines that were there already."""

    orders: int = 0
    customers: int = 0
    present: int = 0


class Entry(NamedTuple):
    """A line with what its order needs besides: made where the file is read, while PostgreSQL stores the lines before."""

    row: OrderRow
    fingerprint: bytes
    order_id: UUID
    line_id: UUID


def entry_of(row: OrderRow, new_id: Ids) -> Entry:
    """The entry of a good line."""
    return Entry(row, row.fingerprint, new_id(), new_id())


async def import_orders(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    source: str,
    batches: AsyncIterable[Sequence[Entry]],
    faults: Faults,
    dry_run: bool = False,
) -> Imported:
    """Store what is not stored yet, as orders of consumers whom `source` knows by their references.

    A date without a time is midnight UTC, which is the same day in China. Whoever reads the lines notes what is wrong in
    `faults`; here stored lines that now say something else are added. With a fault nothing more is stored, but the rest is
    still looked at; the caller rolls back. A dry run stores nothing and counts no people.
    """
    done = Imported()
    code = checked_source(source)
    await one_at_a_time(session, code)
    # Plans are made once, of tables that may be empty now and are not when the last batch comes: by an index, always.
    await session.execute(sa.select(sa.func.set_config("enable_seqscan", "off", sa.true())))
    system_id = await session.scalar(sa.select(SourceSystem.id).where(SourceSystem.code == code))
    if system_id is None and not dry_run:
        system_id = await add_system(session, new_id, code)
    async for entries in batches:
        lines = [entry.row.line for entry in entries]
        stored = {} if system_id is None else await stored_lines(session, system_id, lines)
        for row, fingerprint, _, _ in entries if stored else ():
            if stored.get(row.line, fingerprint) != fingerprint:
                faults.note([Fault(row.line, "", cut(row.shown), "line_changed")])
        new = [entry for entry in entries if entry.row.line not in stored]
        done.orders += len(new)
        done.present += len(entries) - len(new)
        if system_id is not None and new and not faults and not dry_run:
            done.customers += await add_orders(session, now, new_id, (code, system_id), new)
    if system_id is not None and done.orders and not faults and not dry_run:
        await append(session, imported_event(code, system_id, done, now, new_id))
    return done


def checked_source(source: str) -> str:
    """The name of a source without surrounding space: some printable characters, not too many."""
    code = source.strip()
    if not code or not code.isprintable() or len(code) > SOURCE_CHARACTERS_MAX:
        raise Refusal("IMPORT_SOURCE", ("source",), max=SOURCE_CHARACTERS_MAX)
    return code


async def one_at_a_time(session: AsyncSession, code: str) -> None:
    """Refuse to run beside another import of the same source, until the transaction ends."""
    lock = sa.func.pg_try_advisory_xact_lock(sa.cast(IMPORT_LOCK, sa.Integer()), sa.func.hashtext(code))
    if not await session.scalar(sa.select(lock)):
        raise Refusal("IMPORT_RUNNING", ("source",), source=code)


async def add_system(session: AsyncSession, new_id: Ids, code: str) -> UUID:
    """The system the file comes from, of which this is the first."""
    made = SourceSystem(id=new_id(), code=code, name=code)
    session.add(made)
    await session.flush()
    return made.id


async def stored_lines(session: AsyncSession, system_id: UUID, lines: list[int]) -> dict[int, bytes | None]:
    """Those of the lines that are orders already, with the fingerprint of what they said."""
    wanted = sa.bindparam("lines", lines, sa.ARRAY(sa.BigInteger()))
    query = sa.select(Order.source_line, Order.source_fingerprint).where(
        Order.source_system_id == system_id, Order.source_line == sa.any_(wanted)
    )
    return {line: fingerprint for line, fingerprint in await session.execute(query) if line is not None}


async def add_orders(
    session: AsyncSession, now: dt.datetime, new_id: Ids, system: tuple[str, UUID], entries: Sequence[Entry]
) -> int:
    """An order of one line for each entry; returns how many people were unknown and made for it."""
    code, system_id = system
    rows, fingerprints, order_ids, line_ids = zip(*entries, strict=True)
    references = list(dict.fromkeys(row.customer_ref for row in rows))
    customers = await known_customers(session, system_id, references)
    unknown = {reference: new_id() for reference in references if reference not in customers}
    if unknown:
        people = arrays(ids=(sa.Uuid(), unknown.values()), keys=(sa.Uuid(), (new_id() for _ in unknown)))
        names = arrays(refs=(sa.Text(), unknown))
        given = [sa.bindparam("system", system_id, sa.Uuid()), sa.bindparam("now", now, sa.DateTime(timezone=True))]
        await session.execute(ADD_CUSTOMERS.bindparams(*people, *names, *given))
    customers |= unknown
    given = arrays(
        ids=(sa.Uuid(), order_ids),
        line_ids=(sa.Uuid(), line_ids),
        customers=(sa.Uuid(), (customers[row.customer_ref] for row in rows)),
        lines=(sa.BigInteger(), (row.line for row in rows)),
        fingerprints=(sa.LargeBinary(), fingerprints),
        days=(sa.Date(), (row.ordered_on for row in rows)),
        skus=(sa.Text(), (row.sku for row in rows)),
        quantities=(sa.BigInteger(), (row.quantity for row in rows)),
        amounts=(sa.BigInteger(), (row.amount for row in rows)),
        currencies=(sa.Text(), (row.currency for row in rows)),
    )
    one = [sa.bindparam("system", system_id, sa.Uuid()), sa.bindparam("source", code, sa.Text())]
    await session.execute(ADD_ORDERS.bindparams(*given, *one))
    return len(unknown)


async def known_customers(session: AsyncSession, system_id: UUID, references: list[str]) -> dict[str, UUID]:
    """The customers whom the source calls by these references."""
    wanted = sa.bindparam("refs", references, sa.ARRAY(sa.Text()))
    query = sa.select(ExternalId.value, ExternalId.customer_id).where(
        ExternalId.source_system_id == system_id, ExternalId.value == sa.any_(wanted)
    )
    return {value: customer_id for value, customer_id in await session.execute(query)}  # noqa: C416 - typed pairs


def arrays(**columns: tuple[sa.types.TypeEngine[Any], Any]) -> list[sa.BindParameter[Any]]:
    """A parameter for each column: its values as one array."""
    return [sa.bindparam(name, list(values), sa.ARRAY(kind)) for name, (kind, values) in columns.items()]


def imported_event(code: str, system_id: UUID, done: Imported, now: dt.datetime, new_id: Ids) -> OutboxEvent:
    """One event for the whole import: nobody wants tens of thousands."""
    payload: Mapping[str, Any] = {"source": code, "orders": done.orders, "customers": done.customers}
    return OutboxEvent(
        id=new_id(), kind="orders.imported", subject_id=system_id, customer_id=None, payload=dict(payload), at=now
    )
