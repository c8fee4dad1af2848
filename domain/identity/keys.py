"""The keys that sign access tokens (ES256): made at first use, rotated by command, several of them valid at a time.

A process that only verifies holds public keys; the private half is read when a token is minted and not kept.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.tables import SigningKey

CURVE = "P-256"
ALGORITHM = "ES256"

# One key signs and few are still remembered; a table that somehow holds more must not slow every process.
KEYS_MAX = 16

# No token lives longer (the bound of the settings), so a key may be forgotten this long after it signed its last one.
TOKEN_LIFETIME_MAX = dt.timedelta(days=1)


async def signing_key(session: AsyncSession, now: dt.datetime, key_id: UUID) -> ECKey:
    """The key that signs now; made under `key_id` when there is none yet."""
    newest = sa.select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.id.desc()).limit(1)
    row = await session.scalar(newest)
    if row is None:
        row = _new_key(now, key_id)
        session.add(row)
        await session.flush()
    return ECKey.import_key(json.loads(row.private_jwk))


async def rotate_keys(session: AsyncSession, now: dt.datetime, key_id: UUID) -> str:
    """Retire the keys that sign and make a new one; answers its `kid`. Tokens signed before stay valid until they end."""
    retire = sa.update(SigningKey).where(SigningKey.retired_at.is_(None)).values(retired_at=now)
    await session.execute(retire)
    await session.execute(sa.delete(SigningKey).where(SigningKey.retired_at < now - TOKEN_LIFETIME_MAX))
    row = _new_key(now, key_id)
    session.add(row)
    await session.flush()
    return row.kid


async def revoke_keys(session: AsyncSession) -> int:
    """Forget every key, as after a theft: no token signed so far is valid any more. Answers how many keys there were."""
    forgotten = await session.execute(sa.delete(SigningKey).returning(SigningKey.id))
    return len(forgotten.all())


async def verification_keys(session: AsyncSession, now: dt.datetime) -> Mapping[str, ECKey]:
    """The public keys by `kid` whose tokens may still be valid."""
    usable = sa.or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now - TOKEN_LIFETIME_MAX)
    rows = await session.execute(
        sa.select(SigningKey.kid, SigningKey.private_jwk).where(usable).order_by(SigningKey.id.desc()).limit(KEYS_MAX)
    )
    return {kid: _public(private_jwk) for kid, private_jwk in rows}


def _new_key(now: dt.datetime, key_id: UUID) -> SigningKey:
    key = ECKey.generate_key(CURVE, {"alg": ALGORITHM, "use": "sig", "kid": str(key_id)})
    return SigningKey(id=key_id, kid=str(key_id), private_jwk=json.dumps(key.as_dict(private=True)), created_at=now)


def _public(private_jwk: str) -> ECKey:
    return ECKey.import_key(ECKey.import_key(json.loads(private_jwk)).as_dict(private=False))
