"""Reading the chains again: every hash is computed anew here, by other code than wrote it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit.tables import AuditEvent, AuditHead

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
ENTRIES = sa.select(AuditEvent.__table__)


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first entry that is not what was written. `sequence` counts within the day and stripe."""

    day: dt.date
    stripe: int
    sequence: int
    wrong: str

    def __str__(self) -> str:
        return f"day {self.day}, stripe {self.stripe}, sequence {self.sequence}: {self.wrong}"


@dataclass(frozen=True, slots=True)
class Verified:
    """How many entries are as they were written, and a SHA-256 over the heads of their chains.

    Whoever keeps the digest elsewhere can tell later that the chains were not written anew as a whole.
    """

    entries: int
    digest: str


async def verify(session: AsyncSession, day: dt.date | None = None) -> Verified | BrokenLink:
    """Check all chains, or those of one day, in the order of days; the session sees one snapshot and is an auditor's."""
    heads = {(head.day, head.stripe): head for head in await session.scalars(sa.select(AuditHead))}
    places = set(heads) | set(await _places(session))
    last: dict[int, bytes] = {}
    count, digest = 0, hashlib.sha256()
    for place in sorted(places):
        head = heads.get(place)
        if day is None or place[0] == day:
            broken = await _verify_chain(session, place, last.get(place[1], b""), head)
            if broken is not None:
                return broken
            assert head is not None, "a chain without a head is broken"
            count += head.entries
            digest.update(f"{place[0]} {place[1]} {head.entries} {head.hash.hex()}\n".encode())
        if head is not None:
            last[place[1]] = head.hash
    return Verified(count, digest.hexdigest())


async def _places(session: AsyncSession) -> list[tuple[dt.date, int]]:
    return [
        (day, stripe) for day, stripe in await session.execute(sa.select(AuditEvent.day, AuditEvent.stripe).distinct())
    ]


async def _verify_chain(
    session: AsyncSession, place: tuple[dt.date, int], previous: bytes, head: AuditHead | None
) -> BrokenLink | None:
    """What is wrong first in the chain of a day and stripe, which continues the stripe's chain of an earlier day."""
    day, stripe = place
    query = ENTRIES.where(AuditEvent.day == day, AuditEvent.stripe == stripe).order_by(AuditEvent.sequence)
    sequence, first = 0, None
    async for entry in await session.stream(query):
        sequence += 1
        first = first or entry.id
        wrong = _wrong(entry, sequence, previous)
        if wrong is not None:
            return BrokenLink(day, stripe, sequence, wrong)
        previous = entry.hash
    if head is None:
        return BrokenLink(day, stripe, sequence, "the head of the chain is missing")
    if head.entries != sequence:
        lost = min(head.entries, sequence) + 1
        return BrokenLink(day, stripe, lost, f"the chain has {sequence} entries, its head says {head.entries}")
    if head.hash != previous or head.id != first:
        return BrokenLink(day, stripe, sequence, "the head is not the one of these entries")
    return None


def _wrong(entry: Any, sequence: int, previous: bytes) -> str | None:
    if entry.sequence != sequence:
        return f"the entry is missing, the next one there is {entry.sequence}"
    if entry.previous_hash != previous:
        return "the entry does not follow from the one before it"
    if entry.hash != entry_hash(entry):
        return "the entry is not what was hashed"
    return None


def entry_hash(entry: Any) -> bytes:
    """SHA-256 over an entry's fields in their order, each with its length in bytes before it, as netstrings are written."""
    fields: Sequence[str | None] = (
        str(entry.id),
        str((entry.at - EPOCH) // MICROSECOND),
        entry.day.isoformat(),
        str(entry.stripe),
        str(entry.sequence),
        getattr(entry.kind, "value", entry.kind),
        None if entry.person_id is None else str(entry.person_id),
        entry.client_id,
        entry.audience,
        entry.operation,
        entry.document,
        "{" + ",".join(map(str, entry.subjects)) + "}",
        entry.details,
        entry.previous_hash.hex(),
    )
    return hashlib.sha256(b",".join(map(_field, fields))).digest()


def _field(text: str | None) -> bytes:
    if text is None:
        return b"~"
    raw = text.encode()
    return b"%d:%b" % (len(raw), raw)
