"""The bound on guessing passwords: attempts are counted by account and by network address, before any password is looked at.

The count is kept whether the account exists or not, so a refusal tells nothing about accounts. The caller commits it
before it verifies the password; otherwise a refused sign-in would roll its own count back.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.tables import SignInAttempt, SignInSubject
from foundation.refusals import Refusal
from foundation.settings import Settings

# Each attempt adds two rows at most and removes more than that, so the table stays as small as the window is long.
FORGOTTEN_AT_ONCE = 20
# So many refusals of an address within a window are told of one by one, further ones with their number, ever more rarely.
REFUSALS_TOLD_SINGLY = 20


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """How many attempts within a window are looked at."""

    window: dt.timedelta
    per_account: int
    per_address: int

    @classmethod
    def of(cls, settings: Settings) -> AttemptLimits:
        """The limits of this installation."""
        return cls(
            dt.timedelta(minutes=settings.sign_in_window_minutes),
            settings.sign_in_attempts_per_account,
            settings.sign_in_attempts_per_address,
        )


async def count_attempt(
    session: AsyncSession, email: str, address: str, now: dt.datetime, limits: AttemptLimits, ids: Callable[[], UUID]
) -> Refusal | None:
    """Count an attempt; a refusal when there were too many. It is returned, not raised: the count must be committed."""
    waits = [
        await _count(session, subject, subject_hash, now, limits.window, maximum, ids())
        for subject, subject_hash, maximum in (
            (SignInSubject.ACCOUNT, account_hash(email), limits.per_account),
            (SignInSubject.ADDRESS, address_hash(address), limits.per_address),
        )
    ]
    await _forget(session, now - limits.window)
    wait = max(waits)
    if not wait:
        return None
    return Refusal("SIGN_IN_LIMITED", minutes=-(-wait // dt.timedelta(minutes=1)))


async def count_refusal(
    session: AsyncSession, address: str, now: dt.datetime, limits: AttemptLimits, row_id: UUID
) -> int:
    """Count a refused sign-in of an address; returns how many there were within the window."""
    refused = SignInSubject.REFUSED
    count, _ = await _counted(session, refused, address_hash(address), now, limits.window, row_id)
    return count


def is_told(refusals: int) -> bool:
    """Whether the audit log keeps the so-manieth refusal of an address: beyond the first ones, each power of two.

    So whoever has no account adds entries by the logarithm of their attempts, and the last entry still says how many.
    """
    return refusals <= REFUSALS_TOLD_SINGLY or refusals & (refusals - 1) == 0


async def forgive_account(session: AsyncSession, email: str) -> None:
    """Forget the attempts at an account after a right password. Those of the address stay: it may guess at others."""
    await session.execute(
        sa.delete(SignInAttempt).where(
            SignInAttempt.subject == SignInSubject.ACCOUNT, SignInAttempt.subject_hash == account_hash(email)
        )
    )


def account_hash(email: str) -> bytes:
    """What stands for an account; `email` as `normal_email` writes it."""
    return hashlib.sha256(email.encode("utf-8", "surrogatepass")).digest()


def address_hash(address: str) -> bytes:
    """What stands for a network address. Whoever has an IPv6 address has the other 2⁶⁴ of its network, so they are one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return hashlib.sha256(address.encode("utf-8", "surrogatepass")).digest()
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64))
    return hashlib.sha256(str(parsed).encode()).digest()


async def _count(
    session: AsyncSession,
    subject: SignInSubject,
    subject_hash: bytes,
    now: dt.datetime,
    window: dt.timedelta,
    maximum: int,
    row_id: UUID,
) -> dt.timedelta:
    """How long the subject must wait: nothing within the limit."""
    attempts, started_at = await _counted(session, subject, subject_hash, now, window, row_id)
    return started_at + window - now if attempts > maximum else dt.timedelta()


async def _counted(
    session: AsyncSession,
    subject: SignInSubject,
    subject_hash: bytes,
    now: dt.datetime,
    window: dt.timedelta,
    row_id: UUID,
) -> tuple[int, dt.datetime]:
    """Which attempt of its window this is, and when that began. One statement, so that parallel guesses all count."""
    table = SignInAttempt.__table__.c
    over = table.window_started_at <= now - window
    first = insert(SignInAttempt).values(
        id=row_id, subject=subject, subject_hash=subject_hash, attempts=1, window_started_at=now
    )
    counted = first.on_conflict_do_update(
        index_elements=["subject", "subject_hash"],
        set_={
            "attempts": sa.case((over, 1), else_=table.attempts + 1),
            "window_started_at": sa.case((over, now), else_=table.window_started_at),
        },
    ).returning(SignInAttempt.attempts, SignInAttempt.window_started_at)
    attempts, started_at = (await session.execute(counted)).one()
    return attempts, started_at


async def _forget(session: AsyncSession, before: dt.datetime) -> None:
    """Remove some rows whose window is over; those that another attempt holds are left to it."""
    stale = (
        sa.select(SignInAttempt.id)
        .where(SignInAttempt.window_started_at < before)
        .order_by(SignInAttempt.window_started_at)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(sa.delete(SignInAttempt).where(SignInAttempt.id.in_(stale)))
