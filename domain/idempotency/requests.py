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
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.idempotency.keys import digest, lock_number
from domain.idempotency.tables import IdempotentRequest
from foundation.ids import Ids
from segments.classification import Classification
from segments.viewer import Viewer

WAIT_MILLISECONDS = 5_000
FORGOTTEN_AT_ONCE_MAX = 5_000
LOCK_NOT_AVAILABLE = "55P03"


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
    # The three stand in one statement and are evaluated in their order; other locks of the transaction wait as ever.
    number = lock_number(digest(viewer, key))
    waiting = sa.select(
        sa.func.set_config("lock_timeout", str(WAIT_MILLISECONDS), sa.true()),
        sa.func.pg_advisory_xact_lock(sa.cast(number, sa.BigInteger())),
        sa.func.set_config("lock_timeout", "0", sa.true()),
    )
    try:
        await session.execute(waiting)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise KeyBusyError from error
        raise
    # A statement of its own: that of the lock saw the rows as they were before it waited.
    table = IdempotentRequest.__table__
    found = await session.execute(
        sa.select(table.c.fingerprint, table.c.answer, table.c.subjects).where(
            table.c.key == key,
            table.c.audience == viewer.settings[0],
            table.c.acts_for_id.is_not_distinct_from(viewer.customer_id),
            table.c.person_id.is_not_distinct_from(viewer.person_id),
            table.c.client_id.is_not_distinct_from(viewer.client_id),
        )
    )
    kept = found.one_or_none()
    if kept is None:
        return None
    if bytes(kept.fingerprint) != fingerprint:
        raise KeyTakenError
    return Kept(kept.answer, tuple(kept.subjects))


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
    kept = (
        insert(IdempotentRequest)
        .inline()
        .values(
            id=new_id(),
            audience=viewer.settings[0],
            acts_for_id=viewer.customer_id,
            person_id=viewer.person_id,
            client_id=viewer.client_id,
            key=key,
            fingerprint=fingerprint,
            answer=answer,
            subjects=secrets,
            at=now,
            classification=degree,
            compartments=sorted(viewer.compartments),
        )
        .on_conflict_do_nothing()
        .returning(IdempotentRequest.id)
    )
    # The key was free as far as the caller can see: what is in its way is an answer above what they may read now.
    if (await session.execute(kept)).first() is None:
        raise KeyTakenError


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
