"""Requests with a key: take it, keep what was answered, forget it after its days.

One request at a time has a key: the others wait for the lock, which ends with the transaction, and then find the answer
that the first has kept. Where it kept nothing, because it was refused or failed, the next one is the first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from asyncpg import LockNotAvailableError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.idempotency.keys import digest, lock_number
from domain.idempotency.tables import IdempotentRequest
from foundation.ids import Ids
from foundation.statements import fetch_row, fetch_value
from segments.classification import Classification
from segments.viewer import Viewer

WAIT_MILLISECONDS = 5_000
FORGOTTEN_AT_ONCE_MAX = 5_000
# The three are evaluated in their order; other locks of the transaction wait as ever.
TAKE = (
    """select set_config('lock_timeout', $2, true), pg_advisory_xact_lock($1), set_config('lock_timeout', '0', true)"""
)
FIND = """select fingerprint, answer, subjects from idempotent_request
    where key = $1 and audience = $2 and acts_for_id is not distinct from $3 and person_id is not distinct from $4
    and client_id is not distinct from $5"""
KEEP = """insert into idempotent_request (id, audience, acts_for_id, person_id, client_id, key, fingerprint, answer, subjects,
    at, classification, compartments) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    on conflict do nothing returning id"""


class KeyBusyError(Exception):
    """Another request with the key is still at work."""


class KeyTakenError(Exception):
    """The key stands for another request, or for an answer that its caller may not read any more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer, as JSON (None where it told a secret), and the rows above INTERNAL in it."""

    answer: str | None
    subjects: tuple[UUID, ...]


async def take_key(session: AsyncSession, viewer: Viewer, key: str, fingerprint: bytes) -> Kept | None:
    """Have a key until the transaction ends; what was kept under it, or None for who is first.

    Whoever takes several takes them in the order of their `lock_number`, or two could wait for each other.
    """
    try:
        await fetch_row(session, TAKE, lock_number(digest(viewer, key)), str(WAIT_MILLISECONDS))
    except LockNotAvailableError as error:
        raise KeyBusyError from error
    # A statement of its own: that of the lock saw the rows as they were before it waited.
    kept = await fetch_row(session, FIND, key, *owner(viewer))
    if kept is None:
        return None
    if kept["fingerprint"] != fingerprint:
        raise KeyTakenError
    return Kept(kept["answer"], tuple(kept["subjects"]))


async def keep_answer(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    key: str,
    fingerprint: bytes,
    answer: str | None,
    subjects: Iterable[UUID],
) -> None:
    """Keep the first answer under a key that was taken.

    It may hold what the caller could read when it was made, so it is for who may still read as much.
    """
    secrets = sorted(set(subjects))
    degree = viewer.clearance if secrets else min(viewer.clearance, Classification.INTERNAL, key=lambda each: each.rank)
    kept = (*owner(viewer), key, fingerprint, answer, secrets, now, degree.rank, sorted(viewer.compartments))
    # The key was free as far as the caller can see: what is in its way is an answer above what they may read now.
    if await fetch_value(session, KEEP, new_id(), *kept) is None:
        raise KeyTakenError


def owner(viewer: Viewer) -> tuple[str, UUID | None, UUID | None, str | None]:
    """Whose keys a viewer's are: the audience, for whom they act, the person and the program."""
    return viewer.settings[0], viewer.customer_id, viewer.person_id, viewer.client_id


async def forget_requests(session: AsyncSession, now: dt.datetime, *, days: int) -> int:
    """Delete what is older than so many days, 5,000 at most; answers how many, so that a job can go on until none is left."""
    table = IdempotentRequest.__table__
    old = (
        sa.select(table.c.id)
        .where(table.c.at < now - dt.timedelta(days=days))
        .order_by(table.c.at)
        .limit(FORGOTTEN_AT_ONCE_MAX)
        .with_for_update(skip_locked=True)
    )
    deleted = await session.execute(sa.delete(IdempotentRequest).where(table.c.id.in_(old)).returning(table.c.id))
    return len(deleted.all())
