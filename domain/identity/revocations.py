"""Access tokens that count no more before they expire. They verify without the database, so processes read this list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.client_tables import RevokedToken
from domain.identity.keys import TOKEN_LIFETIME_MAX

# What the table says when a row is added, for processes to look again.
CHANNEL = "revocation"
FORGOTTEN_AT_ONCE = 20
# What a process keeps in memory. More at once would mean that somebody should have revoked the keys; until they do, the
# database is asked about each token.
KNOWN_MAX = 10_000


async def revoke_subject(
    session: AsyncSession,
    subject: UUID,
    now: dt.datetime,
    new_id: Callable[[], UUID],
    *,
    until: dt.datetime | None = None,
) -> None:
    """Let a token, or all tokens of a grant, count no more; a token is remembered `until` it has ended anyway."""
    stale = (
        sa.select(RevokedToken.id)
        .where(RevokedToken.expires_at < now)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(sa.delete(RevokedToken).where(RevokedToken.id.in_(stale)))
    noted = insert(RevokedToken).values(id=new_id(), subject_id=subject, expires_at=until or now + TOKEN_LIFETIME_MAX)
    await session.execute(noted.on_conflict_do_nothing(index_elements=["subject_id"]))


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was revoked and might still be presented; not `complete` when there is more of it than a process keeps."""

    subjects: frozenset[UUID]
    complete: bool


async def revoked_subjects(session: AsyncSession, now: dt.datetime) -> Revoked:
    """All tokens, grants and standings that end tokens which might still be presented; `KNOWN_MAX` at most."""
    standing = sa.select(RevokedToken.subject_id).where(RevokedToken.expires_at >= now)
    # Grants first: a program that revokes its own short tokens by the thousand must not make others' be forgotten.
    order = (RevokedToken.expires_at.desc(), RevokedToken.id.desc())
    rows = (await session.scalars(standing.order_by(*order).limit(KNOWN_MAX + 1))).all()
    return Revoked(frozenset(rows[:KNOWN_MAX]), len(rows) <= KNOWN_MAX)


async def is_revoked(session: AsyncSession, *subjects: UUID | None) -> bool:
    """Whether any of these counts no more."""
    named = [subject for subject in subjects if subject is not None]
    found = await session.scalar(sa.select(RevokedToken.id).where(RevokedToken.subject_id.in_(named)).limit(1))
    return found is not None
