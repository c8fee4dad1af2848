"""The keys that sign access tokens (ES256): one signs, the next is published before it does, retired ones still verify.

Private halves are sealed (`domain/identity/sealing.py`). A process that only verifies reads the public halves alone.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from uuid import UUID

import sqlalchemy as sa
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.sealing import Seal
from domain.identity.tables import SigningKey

CURVE = "P-256"
ALGORITHM = "ES256"

# One key signs, one is next and few are still remembered; a table that somehow holds more must not slow every process.
KEYS_MAX = 16

# No token lives longer (the bound of the settings), so a key may be forgotten this long after it signed its last one.
TOKEN_LIFETIME_MAX = dt.timedelta(days=1)

# Two processes that find the key too old rotate once: the second one waits here and looks again.
ROTATION_LOCK = sa.text("select pg_advisory_xact_lock(hashtext('signing_key'))")


async def signing_key(
    session: AsyncSession, seal: Seal, now: dt.datetime, new_id: Callable[[], UUID], age_max: dt.timedelta
) -> ECKey:
    """The key that signs now; rotated first when there is none yet or it has signed for `age_max`."""
    row = await _current(session)
    if row is None or _activated(row) <= now - age_max:
        await session.execute(ROTATION_LOCK)
        row = await _current(session)
        if row is None or _activated(row) <= now - age_max:
            row = await _rotated(session, seal, now, new_id)
    return ECKey.import_key(json.loads(seal.opened(row.private_jwk, row.kid)))


async def rotate_keys(session: AsyncSession, seal: Seal, now: dt.datetime, new_id: Callable[[], UUID]) -> str:
    """Retire the key that signs and let the next one sign; answers its `kid`. Tokens signed before stay valid."""
    await session.execute(ROTATION_LOCK)
    return (await _rotated(session, seal, now, new_id)).kid


async def revoke_keys(session: AsyncSession) -> int:
    """Forget every key, as after a theft: no token signed so far is valid any more. Answers how many keys there were."""
    forgotten = await session.execute(sa.delete(SigningKey).returning(SigningKey.id))
    return len(forgotten.all())


async def verification_keys(session: AsyncSession, now: dt.datetime) -> Mapping[str, ECKey]:
    """The public keys by `kid`: the next one, the one that signs, and those whose tokens may still be valid."""
    usable = sa.or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now - TOKEN_LIFETIME_MAX)
    rows = await session.execute(
        sa.select(SigningKey.kid, SigningKey.public_jwk).where(usable).order_by(SigningKey.id.desc()).limit(KEYS_MAX)
    )
    return {kid: ECKey.import_key(json.loads(public_jwk)) for kid, public_jwk in rows}


async def _current(session: AsyncSession) -> SigningKey | None:
    signs = (SigningKey.activated_at.is_not(None), SigningKey.retired_at.is_(None))
    newest = sa.select(SigningKey).where(*signs).order_by(SigningKey.id.desc()).limit(1)
    return await session.scalar(newest.execution_options(populate_existing=True))


async def _rotated(session: AsyncSession, seal: Seal, now: dt.datetime, new_id: Callable[[], UUID]) -> SigningKey:
    signs = (SigningKey.activated_at.is_not(None), SigningKey.retired_at.is_(None))
    await session.execute(sa.update(SigningKey).where(*signs).values(retired_at=now))
    await session.execute(sa.delete(SigningKey).where(SigningKey.retired_at < now - TOKEN_LIFETIME_MAX))
    waiting = sa.select(SigningKey).where(SigningKey.activated_at.is_(None)).order_by(SigningKey.id).limit(1)
    row = await session.scalar(waiting.execution_options(populate_existing=True))
    if row is None:
        row = _new_key(seal, now, new_id())
        session.add(row)
    row.activated_at = now
    session.add(_new_key(seal, now, new_id()))
    await session.flush()
    return row


def _activated(row: SigningKey) -> dt.datetime:
    if row.activated_at is None:
        raise AssertionError("a key that signs was activated")
    return row.activated_at


def _new_key(seal: Seal, now: dt.datetime, key_id: UUID) -> SigningKey:
    kid = str(key_id)
    key = ECKey.generate_key(CURVE, {"alg": ALGORITHM, "use": "sig", "kid": kid})
    return SigningKey(
        id=key_id,
        kid=kid,
        public_jwk=json.dumps(key.as_dict(private=False)),
        private_jwk=seal.closed(json.dumps(key.as_dict(private=True)), kid),
        created_at=now,
    )
