"""What may be presented once only, on every server process: the database remembers it until it would be too old anyway."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.client_tables import UsedOnce
from domain.identity.secrets import hash_of

FORGOTTEN_AT_ONCE = 20


async def first_use(session: AsyncSession, name: str, until: dt.datetime, now: dt.datetime, row_id: UUID) -> bool:
    """Note that something was presented; False when it was before. Of two at once, the second waits and gets False."""
    stale = (
        sa.select(UsedOnce.id)
        .where(UsedOnce.expires_at < now)
        .order_by(UsedOnce.expires_at)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(sa.delete(UsedOnce).where(UsedOnce.id.in_(stale)))
    noted = insert(UsedOnce).values(id=row_id, key_hash=hash_of(name), expires_at=until)
    done = await session.execute(noted.on_conflict_do_nothing(index_elements=["key_hash"]).returning(UsedOnce.id))
    return done.first() is not None
