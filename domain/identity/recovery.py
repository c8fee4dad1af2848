"""Recovery codes, for who has lost their second factor: ten at a time, each good once, only their hashes kept."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.tables import RecoveryCode

CODES = 10
# 80 random bits are beyond trying out, so a plain hash is as good as a slow one.
CODE_BYTES = 10
CODE = re.compile(r"[A-Z2-7]{16}", re.ASCII)


async def renew_recovery_codes(
    session: AsyncSession,
    person_id: UUID,
    now: dt.datetime,
    ids: Callable[[], UUID],
    randomness: Callable[[int], bytes] = secrets.token_bytes,
) -> list[str]:
    """New codes, as they are written down (`ABCD-EFGH-IJKL-MNOP`); those from before are void."""
    await remove_recovery_codes(session, person_id)
    codes = [base64.b32encode(randomness(CODE_BYTES)).decode() for _ in range(CODES)]
    session.add_all(
        RecoveryCode(id=ids(), person_id=person_id, code_hash=code_hash(code), created_at=now) for code in codes
    )
    await session.flush()
    return ["-".join(re.findall("....", code)) for code in codes]


async def remove_recovery_codes(session: AsyncSession, person_id: UUID) -> None:
    """Void the person's codes."""
    await session.execute(sa.delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


async def use_recovery_code(session: AsyncSession, person_id: UUID, text: str, now: dt.datetime) -> bool:
    """Whether this is an unused code of the person, which it then no longer is. Case, spaces and hyphens do not count."""
    code = re.sub(r"[\s-]", "", text).upper()
    if not CODE.fullmatch(code):
        return False
    mine = (
        RecoveryCode.person_id == person_id,
        RecoveryCode.code_hash == code_hash(code),
        RecoveryCode.used_at.is_(None),
    )
    used = sa.update(RecoveryCode).where(*mine).values(used_at=now).returning(RecoveryCode.id)
    return await session.scalar(used) is not None


def code_hash(code: str) -> bytes:
    """What is stored of a code."""
    return hashlib.sha256(code.encode()).digest()
