"""A file of orders, from its bytes to the rows of the database or a report."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.customers.tables import Customer, CustomerKind, ExternalId, Segment
from domain.orders.imports import Entry, Imported
from domain.orders.tables import Channel, Order, OrderLine, OrderStatus
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import system_ids
from foundation.refusals import Refusal
from foundation.session import transaction
from portal.imports import orders
from portal.imports.orders import OrderFile, import_file, read_ahead
from segments.outbox import OutboxEvent
from segments.viewer import Viewer
from tests.portal.imports.sheets import saved

NEW_ID = system_ids(system_clock)
HEADER = "customer_ref,ordered_on,sku,quantity,amount,currency"
# In China it is the next day already.
NOW = dt.datetime(2026, 11, 24, 17, tzinfo=dt.UTC)


async def imported(database: Database, path: Path, source: str, *, dry_run: bool = False) -> tuple[OrderFile, Imported]:
    return await import_file(database, path, source, clock=lambda: NOW, new_id=NEW_ID, dry_run=dry_run)


async def scalar(database: Database, query: sa.Select[tuple[int]]) -> int:
    async with transaction(database, Viewer.system().row_settings()) as session:
        return await session.scalar(query) or 0


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "BATCH_ROWS", 2)


async def test_columns_stand_in_any_order_and_money_has_the_digits_of_its_currency(
    own_database: Database, tmp_path: Path
) -> None:
    path = written(
        tmp_path / "a.csv",
        "\ufeffcurrency,AMOUNT,quantity,sku,ordered_on,customer_ref,,",
        "JPY,1200,1,光盘,1997-01-01,甲",
        "",
        'KWD,1.234,2,"a,""b""",2026-11-25,乙,,',
    )
    found, done = await imported(own_database, path, "columns")
    assert (done, found.amounts, found.units) == (Imported(2, 2, 0), {"JPY": 1200, "KWD": 1234}, 3)
    query = (
        sa.select(
            Order.number,
            Order.channel,
            Order.status,
            Order.placed_at,
            Order.total_amount,
            OrderLine.amount_amount,
            OrderLine.sku,
            Customer.name,
            Customer.kind,
            Customer.segment,
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Customer, Customer.id == Order.customer_id)
        .where(Order.number.startswith("columns-"))
        .order_by(Order.source_line)
    )
    async with transaction(own_database, Viewer.system().row_settings()) as session:
        rows = [tuple(row) for row in await session.execute(query)]
    same = (Channel.IMPORT, OrderStatus.DELIVERED)
    person = (CustomerKind.PERSON, Segment.CONSUMER)
    assert rows == [
        ("columns-2", *same, dt.datetime(1997, 1, 1, tzinfo=dt.UTC), 1200, 1200, "光盘", "导入客户 甲", *person),
        ("columns-4", *same, dt.datetime(2026, 11, 25, tzinfo=dt.UTC), 1234, 1234, 'a,"b"', "导入客户 乙", *person),
    ]


@pytest.mark.usefixtures("small_batches")
async def test_a_workbook_and_a_csv_file_of_the_same_rows_are_the_same(own_database: Database, tmp_path: Path) -> None:
    rows = [f"{number:05},1997-01-0{number},CD,{number},{number}.50,USD" for number in range(1, 6)]
    path = written(tmp_path / "a.csv", HEADER, *rows)
    assert (await imported(own_database, path, "twin"))[1] == Imported(5, 5, 0)
    cells = [
        [f"{number:05}", dt.datetime(1997, 1, number), "CD", number, number + 0.5, "USD"]  # noqa: DTZ001 - as Excel has it
        for number in range(1, 6)
    ]
    book = saved(tmp_path / "a.xlsx", [HEADER.split(","), *cells])
    assert (await imported(own_database, book, "twin"))[1] == Imported(0, 0, 5)
    cells[3][3] = "=2*2"
    book = saved(tmp_path / "b.xlsx", [HEADER.split(","), *cells])
    found, _ = await imported(own_database, book, "other twin")
    assert [(fault.line, fault.column, fault.reason) for fault in found.faults.kept] == [(5, "quantity", "formula")]


@pytest.mark.usefixtures("small_batches")
async def test_people_of_later_batches_are_those_of_earlier_ones(own_database: Database, tmp_path: Path) -> None:
    rows = [f"{number % 3},1997-01-01,CD,1,1.00,USD" for number in range(20)]
    _, done = await imported(own_database, written(tmp_path / "a.csv", HEADER, *rows), "again")
    assert done == Imported(20, 3, 0)
    events = sa.select(sa.func.count()).where(OutboxEvent.payload["source"].astext == "again")
    assert await scalar(own_database, events) == 1


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("place", [0, 9, 19])
async def test_one_bad_line_anywhere_and_nothing_is_stored(own_database: Database, tmp_path: Path, place: int) -> None:
    rows = [f"{number},1997-01-01,CD,1,1.00,USD" for number in range(20)]
    rows[place] = "x,1997-01-01,CD,0,1.00,USD"
    found, _ = await imported(own_database, written(tmp_path / "a.csv", HEADER, *rows), "bad")
    assert [(fault.line, fault.column, fault.value) for fault in found.faults.kept] == [(place + 2, "quantity", "0")]
    assert await scalar(own_database, sa.select(sa.func.count()).where(Order.number.startswith("bad-"))) == 0
    references = sa.select(sa.func.count()).select_from(ExternalId).where(ExternalId.value == "1")
    before = await scalar(own_database, references)
    found, _ = await imported(own_database, tmp_path / "a.csv", "bad", dry_run=True)
    assert (len(found.faults.kept), await scalar(own_database, references)) == (1, before)


@pytest.mark.usefixtures("small_batches")
async def test_what_breaks_off_in_the_middle_stores_nothing(own_database: Database, tmp_path: Path) -> None:
    rows = [f"{number},1997-01-01,CD,1,1.00,USD" for number in range(20)]
    path = written(tmp_path / "a.csv", HEADER, *rows, '1,"')
    with pytest.raises(Refusal, match="IMPORT_NOT_CSV"):
        await imported(own_database, path, "broken")
    assert await scalar(own_database, sa.select(sa.func.count()).where(Order.number.startswith("broken-"))) == 0


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ((), [(1, name, "column_missing") for name in HEADER.split(",")]),
        ((HEADER.replace(",sku", ""),), [(1, "sku", "column_missing")]),
        (("", HEADER + ",colour"), [(2, "colour", "column_unknown")]),
        ((HEADER, "1,1997-01-01,CD,1,1.00"), [(2, "", "cell_count")]),
        ((HEADER, "1,1997-01-01,CD,1,1.00,USD,more"), [(2, "", "cell_count")]),
        ((HEADER, "1,2026-11-26,CD,1,1.00,USD"), [(2, "ordered_on", "in_future")]),
        ((HEADER, "1,1997-01-01,C\0D,1,1.00,USD"), [(2, "sku", "unprintable")]),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(
    own_database: Database, tmp_path: Path, lines: tuple[str, ...], faults: list[tuple[int, str, str]]
) -> None:
    found, _ = await imported(own_database, written(tmp_path / "a.csv", *lines), "wrong")
    assert [(fault.line, fault.column, fault.reason) for fault in found.faults.kept] == faults


@pytest.mark.usefixtures("small_batches")
async def test_progress_is_told_and_rises_to_the_whole(own_database: Database, tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    path = written(tmp_path / "a.csv", HEADER, *("1,1997-01-01,CD,1,1.00,USD" for _ in range(9)))
    await import_file(
        own_database,
        path,
        "told",
        clock=lambda: NOW,
        new_id=NEW_ID,
        progress=lambda rows, share: told.append((rows, share)),
    )
    assert told == sorted(told)
    assert (told[-1], len(told)) == ((9, 1.0), 5)


async def test_whoever_stops_listening_waits_for_the_reader() -> None:
    read: list[int] = []

    def batches() -> Iterator[list[Entry]]:
        for number in range(5):
            read.append(number)
            yield []

    ahead = read_ahead(batches(), lambda: None)
    assert await anext(ahead) == []
    await ahead.aclose()
    await asyncio.sleep(0)
    assert read == [0, 1]
