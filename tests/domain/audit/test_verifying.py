"""The log is verified as it was written, and nothing that its owner does to it stays hidden."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncGenerator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit.tables import AuditEvent, AuditHead, AuditKind
from domain.audit.verifying import BrokenLink, Verified, entry_hash, verify
from foundation.database import Database
from foundation.settings import Settings
from tests.domain.audit.chains import fill, owning, verified
from tests.people import IDS

ENTRIES = 6
COLUMNS = (*AuditEvent.__table__.c, *AuditHead.__table__.c)


@pytest.fixture(scope="module")
async def owner(own_database: Database, settings: Settings) -> AsyncGenerator[AsyncSession]:
    await fill(own_database, ENTRIES)
    name = own_database.addresses.owner.database
    async with owning(settings.model_copy(update={"database_name": name})) as session:
        yield session


async def found_by_auditor(owner: AsyncSession, *changes: sa.Executable) -> Verified | BrokenLink:
    """What is found after changes, which are taken back."""
    async with owner.begin_nested() as savepoint:
        for change in changes:
            await owner.execute(change)
        owner.expunge_all()
        found = await verify(owner)
        await savepoint.rollback()
    owner.expunge_all()
    return found


async def chain(owner: AsyncSession) -> list[sa.Row[Any]]:
    """The longest chain, first entry first."""
    table = AuditEvent.__table__
    longest = sa.select(AuditHead.stripe).order_by(AuditHead.entries.desc()).limit(1).scalar_subquery()
    rows = await owner.execute(sa.select(table).where(table.c.stripe == longest).order_by(table.c.sequence))
    return list(rows)


def changed(value: Any, column: sa.Column[Any], at: int, mask: int) -> Any:
    """The value with one byte of it changed; of nothing, something."""
    if isinstance(value, list):
        return [changed(value[0], column, at, mask), *value[1:]] if value else [uuid.UUID(int=mask)]
    if isinstance(value, uuid.UUID):
        return uuid.UUID(bytes=changed(value.bytes, column, at, mask))
    if isinstance(value, AuditKind):
        return next(each for each in AuditKind if each is not value)
    if isinstance(value, (dt.date, int)):
        return changed_number(value, column, at, mask)
    if value:
        where = at % len(value)
        other = bytes([value[where] ^ mask]) if isinstance(value, bytes) else chr(ord(value[where]) ^ (mask & 7 or 1))
        return value[:where] + other + value[where + 1 :]
    return {sa.Uuid: uuid.UUID(int=mask), sa.LargeBinary: bytes([mask])}.get(type(column.type), "x")


def changed_number(value: Any, column: sa.Column[Any], at: int, mask: int) -> Any:
    """The same for numbers, days and instants, which stay within their columns' bounds."""
    if isinstance(value, dt.datetime):
        return value + dt.timedelta(microseconds=mask << (at % 4 * 8))
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=mask)
    return (value + mask % 15 + 1) % 16 if column.name == "stripe" else value ^ (mask << (at % 4 * 8))


async def test_a_log_that_nobody_touched_is_verified(owner: AsyncSession, own_database: Database) -> None:
    await owner.rollback()
    found = await verified(own_database)
    assert isinstance(found, Verified)
    assert found.entries == ENTRIES + 1
    assert await found_by_auditor(owner) == found


@pytest.mark.parametrize("column", COLUMNS, ids=str)
@given(row=st.integers(0, ENTRIES), at=st.integers(0, 255), mask=st.integers(1, 255))
@examples(max_examples=6, suppress_health_check=list(HealthCheck))
async def test_any_changed_byte_is_found(
    owner: AsyncSession, column: sa.Column[Any], row: int, at: int, mask: int
) -> None:
    rows = list(await owner.execute(sa.select(column.table.c.id, column.label("value")).order_by(column.table.c.id)))
    there = rows[row % len(rows)]
    value = changed(there.value, column, at, mask)
    assert value != there.value
    change = sa.update(column.table).where(column.table.c.id == there.id).values({column.name: value})
    # Two entries in one place are refused by the database itself, its owner's too.
    with suppress(sa.exc.IntegrityError):
        found = await found_by_auditor(owner, change)
        assert isinstance(found, BrokenLink), value


@pytest.mark.parametrize("at", range(ENTRIES))
async def test_a_deleted_entry_is_found_where_it_stood(owner: AsyncSession, at: int) -> None:
    rows = await chain(owner)
    found = await found_by_auditor(owner, sa.delete(AuditEvent).where(AuditEvent.id == rows[at].id))
    assert isinstance(found, BrokenLink)
    assert (found.day, found.stripe, found.sequence) == (rows[at].day, rows[at].stripe, rows[at].sequence)


@pytest.mark.parametrize("kept", [0, 1, ENTRIES - 1])
async def test_a_tail_that_was_cut_off_is_found(owner: AsyncSession, kept: int) -> None:
    rows = await chain(owner)
    cut = sa.delete(AuditEvent).where(AuditEvent.stripe == rows[0].stripe, AuditEvent.sequence > kept)
    found = await found_by_auditor(owner, cut)
    assert isinstance(found, BrokenLink)
    assert found.sequence == kept + 1


async def test_entries_that_changed_places_are_found(owner: AsyncSession) -> None:
    first, second, *_ = await chain(owner)
    swap = [
        sa.update(AuditEvent).where(AuditEvent.id == one.id).values(sequence=sequence)
        for one, sequence in ((first, 1000), (second, first.sequence), (first, second.sequence))
    ]
    found = await found_by_auditor(owner, *swap)
    assert isinstance(found, BrokenLink)
    assert found.sequence == first.sequence


async def test_an_entry_hashed_anew_no_longer_leads_to_the_next(owner: AsyncSession) -> None:
    first, *_ = await chain(owner)
    forged = SimpleNamespace(**first._asdict() | {"details": "{}"})
    values = {"details": "{}", "hash": entry_hash(forged)}
    found = await found_by_auditor(owner, sa.update(AuditEvent).where(AuditEvent.id == first.id).values(values))
    assert isinstance(found, BrokenLink)
    assert found.sequence == 2


async def test_a_day_goes_on_from_the_day_before_it(owner: AsyncSession) -> None:
    """So neither can a whole day be removed nor one be put before: here one is put, sound in itself."""
    first, *_ = await chain(owner)
    yesterday = first.day - dt.timedelta(days=1)
    values = first._asdict() | {"id": IDS(), "day": yesterday, "sequence": 1, "previous_hash": b""}
    values["hash"] = entry_hash(SimpleNamespace(**values))
    head = {"id": values["id"], "day": yesterday, "stripe": first.stripe, "entries": 1, "hash": values["hash"]}
    insert = (sa.insert(AuditEvent).values(values), sa.insert(AuditHead).values(head))
    found = await found_by_auditor(owner, sa.text("alter table audit_event disable trigger chain"), *insert)
    assert isinstance(found, BrokenLink)
    assert (found.day, found.sequence) == (first.day, 1)
