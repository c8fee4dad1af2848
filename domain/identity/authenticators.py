"""One-time codes from an authenticator app (TOTP, RFC 6238): six digits, a new code every half minute, each good once."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import secrets
from collections.abc import Callable
from urllib.parse import quote, urlencode
from uuid import UUID

import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.sealing import Seal
from domain.identity.tables import Authenticator

ISSUER = "Quadrant"
DIGITS = 6
STEP_SECONDS = 30
# A clock may be half a minute off, in either direction.
STEPS_OFF_MAX = 1
# As long as the HMAC's output, as RFC 4226 recommends.
SECRET_BYTES = 20


def new_secret(randomness: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A secret as apps take it, in base32."""
    return base64.b32encode(randomness(SECRET_BYTES)).decode()


def step_at(now: dt.datetime) -> int:
    """Which half minute it is, counted from 1970."""
    return int(now.timestamp()) // STEP_SECONDS


def code_of(secret: str, step: int) -> str:
    """The code of a step. Apps know no other hash than SHA-1, which is sound in an HMAC."""
    hotp = HOTP(base64.b32decode(secret), DIGITS, SHA1())  # noqa: S303 - see above.
    return hotp.generate(step).decode()


def address_of(secret: str, account: str) -> str:
    """The `otpauth:` address of which apps take everything, as a QR code."""
    values = {"secret": secret, "issuer": ISSUER, "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{quote(f'{ISSUER}:{account}')}?{urlencode(values)}"


def matching_step(secret: str, code: str, now: dt.datetime) -> int | None:
    """The step whose code this is, if it is now or next to it. Every candidate is compared, whichever fits."""
    given, present, found = code.encode("utf-8", "surrogatepass"), step_at(now), None
    for step in range(present - STEPS_OFF_MAX, present + STEPS_OFF_MAX + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), given):
            found = step
    return found


async def add_authenticator(
    session: AsyncSession, seal: Seal, person_id: UUID, secret: str, *, row_id: UUID, now: dt.datetime, step: int
) -> None:
    """Make this the person's authenticator, in place of one they had. `step` is that of the code that proved it."""
    await remove_authenticator(session, person_id)
    sealed = seal.closed(secret, owner_of(person_id))
    session.add(Authenticator(id=row_id, person_id=person_id, secret=sealed, last_step=step, created_at=now))
    await session.flush()


async def remove_authenticator(session: AsyncSession, person_id: UUID) -> None:
    """Forget the person's authenticator."""
    await session.execute(sa.delete(Authenticator).where(Authenticator.person_id == person_id))


async def use_code(session: AsyncSession, seal: Seal, person_id: UUID, code: str, now: dt.datetime) -> bool:
    """Whether the code is right and was not used. One statement notes its step, so of two uses at once one succeeds."""
    row = await session.scalar(sa.select(Authenticator).where(Authenticator.person_id == person_id))
    if row is None:
        return False
    step = matching_step(seal.opened(row.secret, owner_of(person_id)), code, now)
    if step is None:
        return False
    unused = sa.or_(Authenticator.last_step.is_(None), Authenticator.last_step < step)
    note = sa.update(Authenticator).where(Authenticator.id == row.id, unused).values(last_step=step)
    return await session.scalar(note.returning(Authenticator.id)) is not None


async def shown_code(session: AsyncSession, seal: Seal, person_id: UUID, now: dt.datetime) -> str | None:
    """The next code that would be accepted, for a demonstration to show; None without an authenticator."""
    row = await session.scalar(sa.select(Authenticator).where(Authenticator.person_id == person_id))
    if row is None:
        return None
    present = step_at(now)
    step = present if row.last_step is None else max(present, row.last_step + 1)
    return code_of(seal.opened(row.secret, owner_of(person_id)), min(step, present + STEPS_OFF_MAX))


def owner_of(person_id: UUID) -> str:
    """Whose secret is sealed, so that nobody's can be put in another's place."""
    return f"authenticator {person_id}"
