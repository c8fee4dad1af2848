"""What people agreed to: remembered for the next time, and taken back by them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from domain.identity.client_tables import AuthorizationGrant, Client, Consent
from domain.identity.clients import is_known_by
from domain.identity.grants import revoke_grant
from domain.identity.openid import described

SHOWN_MAX = 50
REVOKED_AT_ONCE = 1_000


async def has_agreed(session: AsyncSession, person: UUID, client: Client, scopes: frozenset[str], address: str) -> bool:
    """Whether a person agreed to all of this before. For our own programs nobody is asked.

    `address`: where the answer goes. What may be another program at the program's address is asked for each time.
    """
    if not is_known_by(client, address):
        return False
    if client.first_party:
        return True
    mine = sa.select(Consent.scopes).where(Consent.person_id == person, Consent.client_id == client.id)
    agreed = await session.scalar(mine)
    return agreed is not None and scopes <= frozenset(agreed)


async def agree(
    session: AsyncSession, person: UUID, client: Client, scopes: frozenset[str], now: dt.datetime, row_id: UUID
) -> None:
    """Remember that a person agreed, beside what they agreed to before."""
    earlier = await session.scalar(
        sa.select(Consent.scopes).where(Consent.person_id == person, Consent.client_id == client.id).with_for_update()
    )
    everything = sorted(scopes.union(earlier or ()))
    given = insert(Consent).values(id=row_id, person_id=person, client_id=client.id, scopes=everything, given_at=now)
    changed = given.on_conflict_do_update(
        index_elements=["person_id", "client_id"], set_={"scopes": everything, "given_at": now}
    )
    await session.execute(changed)


async def consents_of(session: AsyncSession, person: UUID) -> Sequence[Consent]:
    """What a person agreed to, with the programs, the newest first."""
    mine = sa.select(Consent).where(Consent.person_id == person).options(joinedload(Consent.client))
    return (await session.scalars(mine.order_by(Consent.given_at.desc()).limit(SHOWN_MAX))).all()


async def withdraw(
    session: AsyncSession, person: UUID, consent: UUID, now: dt.datetime, new_id: Callable[[], UUID]
) -> None:
    """Take an agreement back: what the program holds of this person ends, and it must ask again."""
    mine = sa.delete(Consent).where(Consent.id == consent, Consent.person_id == person).returning(Consent.client_id)
    client = await session.scalar(mine)
    if client is None:
        return
    theirs = (
        AuthorizationGrant.person_id == person,
        AuthorizationGrant.client_id == client,
        AuthorizationGrant.revoked_at.is_(None),
    )
    for grant in (await session.scalars(sa.select(AuthorizationGrant.id).where(*theirs).limit(REVOKED_AT_ONCE))).all():
        await revoke_grant(session, grant, now, new_id)


def in_words(consent: Consent, language: str) -> list[str]:
    """The scopes of an agreement as people read them."""
    return [scope.zh if language == "zh" else scope.en for scope in described(consent.scopes)]
