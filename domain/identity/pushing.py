"""Authorization requests that a client sent ahead, kept until the person who carries their name has decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.client_tables import Client, PushedRequest
from domain.identity.secrets import hash_of, new_secret

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = dt.timedelta(seconds=90)
# Once a browser has brought the name, its person may take their time to sign in and to decide.
TIME_TO_DECIDE = dt.timedelta(minutes=15)
FORGOTTEN_AT_ONCE = 20
PAIRS = "pairs"


async def keep_request(
    session: AsyncSession, client: Client, pairs: Iterable[tuple[str, str]], now: dt.datetime, row_id: UUID
) -> str:
    """Keep a request; answers its name, which nobody guesses."""
    over = (
        sa.select(PushedRequest.id)
        .where(PushedRequest.expires_at < now)
        .order_by(PushedRequest.expires_at)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(sa.delete(PushedRequest).where(PushedRequest.id.in_(over)))
    name = PREFIX + new_secret()
    parameters: dict[str, Any] = {PAIRS: [list(pair) for pair in pairs]}
    session.add(
        PushedRequest(
            id=row_id, client_id=client.id, uri_hash=hash_of(name), parameters=parameters, expires_at=now + LIFETIME
        )
    )
    await session.flush()
    return name


async def kept_request(
    session: AsyncSession, name: str, client_id: str, now: dt.datetime
) -> list[tuple[str, str]] | None:
    """The request of a name that its own client sent ahead, in time.

    It is held until the transaction ends: of two browsers that bring it at once, the second finds it spent.
    """
    wanted = sa.select(PushedRequest).join(Client, Client.id == PushedRequest.client_id)
    mine = (PushedRequest.uri_hash == hash_of(name), Client.client_id == client_id, PushedRequest.expires_at > now)
    row = await session.scalar(wanted.where(*mine).with_for_update(of=PushedRequest))
    if row is None:
        return None
    if row.presented_at is None:
        row.presented_at, row.expires_at = now, now + TIME_TO_DECIDE
    kept = cast("list[tuple[str, str]]", row.parameters[PAIRS])
    return [(parameter, value) for parameter, value in kept]


async def spend_request(session: AsyncSession, name: str) -> None:
    """Forget a request, because its person has decided: its name works once."""
    await session.execute(sa.delete(PushedRequest).where(PushedRequest.uri_hash == hash_of(name)))
