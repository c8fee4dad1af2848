"""Access tokens that count no more before they expire. They verify without the database, so processes read this list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.client_tables import RevokedToken
from domain.identity.keys import TOKEN_LIFETIME_MAX

FORGOTTEN_AT_ONCE = 20
# More at once would mean that somebody should have revoked the keys.
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


async def revoked_subjects(session: AsyncSession, now: dt.datetime) -> frozenset[UUID]:
    """All tokens and grants whose tokens might still be presented."""
    standing = sa.select(RevokedToken.subject_id).where(RevokedToken.expires_at >= now)
    # Grants first: a program that revokes its own short tokens by the thousand must not make others' be forgotten.
    order = (RevokedToken.expires_at.desc(), RevokedToken.id.desc())
    rows = await session.scalars(standing.order_by(*order).limit(KNOWN_MAX))
    return frozenset(rows)


async def is_revoked(session: AsyncSession, *subjects: UUID | None) -> bool:
    """Whether any of these counts no more."""
    named = [subject for subject in subjects if subject is not None]
    found = await session.scalar(sa.select(RevokedToken.id).where(RevokedToken.subject_id.in_(named)).limit(1))
    return found is not None
