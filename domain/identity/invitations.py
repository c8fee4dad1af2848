"""Invitations to register programs (initial access tokens, RFC 7591): some uses, some days, for one person's programs."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.client_tables import Client, RegistrationToken
from domain.identity.secrets import hash_of, new_secret
from domain.identity.tables import Person
from foundation.refusals import Refusal

USES_MAX = 100
LIFETIME_MAX = dt.timedelta(days=90)


async def invite(
    session: AsyncSession, person: Person, *, uses: int, valid_for: dt.timedelta, now: dt.datetime, row_id: UUID
) -> str:
    """An invitation, told this once. What registers with it never does more than the person can."""
    if not 1 <= uses <= USES_MAX or not dt.timedelta() < valid_for <= LIFETIME_MAX:
        raise Refusal("INVITATION_TOO_WIDE", uses=USES_MAX, days=LIFETIME_MAX.days)
    token = new_secret()
    session.add(
        RegistrationToken(
            id=row_id, person_id=person.id, token_hash=hash_of(token), uses_left=uses, expires_at=now + valid_for
        )
    )
    await session.flush()
    return token


async def invited(session: AsyncSession, token: str, now: dt.datetime) -> tuple[RegistrationToken, Person] | None:
    """Whose programs an invitation registers, with the row locked; None when it is used up, over, or of nobody here."""
    standing = (
        RegistrationToken.token_hash == hash_of(token),
        RegistrationToken.uses_left > 0,
        RegistrationToken.expires_at > now,
    )
    row = await session.scalar(sa.select(RegistrationToken).where(*standing).with_for_update())
    person = None if row is None else await session.get(Person, row.person_id)
    return (row, person) if row is not None and person is not None and person.active else None


def registration_token(row: Client) -> str:
    """A secret by which a program changes its own registration (RFC 7592), told this once."""
    token = new_secret()
    row.registration_token_hash = hash_of(token)
    return token
