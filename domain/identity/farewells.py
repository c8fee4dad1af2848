"""Programs that have to be told that a session has ended: noted where it ends, told until they have heard or it is too late.

A note is written in the transaction that ends the session, so neither is there without the other, and deleted once its program
has answered. Whoever takes it on puts off its next time first: when that process dies, another one tries again then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from domain.identity.client_tables import Client, LogoutNotice
from domain.identity.grants import grants_of_sessions

# What the note's transaction says when it commits, for processes to begin at once.
CHANNEL = "logout"
# When a program is tried again. After the last time it is given up: its tokens have ended long before.
PATIENCE = (
    dt.timedelta(seconds=10),
    dt.timedelta(minutes=1),
    dt.timedelta(minutes=10),
    dt.timedelta(hours=1),
    dt.timedelta(hours=6),
)
ATTEMPTS_MAX = len(PATIENCE) + 1
TAKEN_AT_ONCE = 20


async def note_ended(
    session: AsyncSession, ended: Collection[UUID], now: dt.datetime, new_id: Callable[[], UUID]
) -> None:
    """Note whom to tell that these sessions have ended. What was granted in them must not have ended before."""
    for grant in await grants_of_sessions(session, ended):
        session.add(
            LogoutNotice(
                id=new_id(),
                client_id=grant.client_id,
                person_id=grant.person_id,
                login_session_id=grant.login_session_id,
                created_at=now,
                attempts=0,
                next_at=now,
            )
        )
    await session.flush()
    await session.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))


async def take_due(session: AsyncSession, now: dt.datetime) -> Sequence[LogoutNotice]:
    """Some notes whose time has come, with their programs, counted as tried. Two processes take none twice."""
    due = (
        sa.select(LogoutNotice)
        .join(LogoutNotice.client)
        .where(LogoutNotice.next_at <= now)
        .order_by(LogoutNotice.next_at)
        .limit(TAKEN_AT_ONCE)
        .with_for_update(of=LogoutNotice, skip_locked=True)
        .options(contains_eager(LogoutNotice.client))
    )
    taken = (await session.scalars(due)).all()
    for notice in taken:
        notice.next_at = now + PATIENCE[min(notice.attempts, len(PATIENCE) - 1)]
        notice.attempts += 1
    return taken


async def forget_told(session: AsyncSession, told: Collection[UUID]) -> Sequence[LogoutNotice]:
    """Forget the notes of programs that have heard, and those that were tried often enough; answers the latter."""
    await session.execute(sa.delete(LogoutNotice).where(LogoutNotice.id.in_(told)))
    spent = sa.delete(LogoutNotice).where(LogoutNotice.attempts >= ATTEMPTS_MAX)
    return (await session.scalars(spent.returning(LogoutNotice))).all()


def has_program(notice: LogoutNotice) -> bool:
    """Whether there is still anybody to tell."""
    client: Client = notice.client
    return client.active and client.backchannel_logout_uri is not None
