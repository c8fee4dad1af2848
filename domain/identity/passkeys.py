"""Passkeys (WebAuthn): what a person's devices sign instead of a password and a code. Ours are the public halves."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.tables import Passkey

# Nobody has more devices; each is shown, and named to a device that registers.
PASSKEYS_MAX = 20


async def passkeys_of(session: AsyncSession, person_id: UUID) -> Sequence[Passkey]:
    """The passkeys of a person, the oldest first."""
    order = (Passkey.created_at, Passkey.id)
    found = await session.scalars(
        sa.select(Passkey).where(Passkey.person_id == person_id).order_by(*order).limit(PASSKEYS_MAX)
    )
    return found.all()


async def remove_passkey(session: AsyncSession, person_id: UUID, passkey_id: UUID) -> None:
    """Forget a passkey of a person. That of somebody else stays, and nothing tells whether there is one."""
    await session.execute(sa.delete(Passkey).where(Passkey.id == passkey_id, Passkey.person_id == person_id))
