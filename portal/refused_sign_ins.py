"""Sign-ins that are refused leave an entry in the audit log: in a transaction of its own, because theirs rolls back.

Whoever has no account can be refused as often as they like, so of many refusals of one address only some are told of, with
their number. What succeeds is always told of.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit.recording import record
from domain.audit.tables import AuditKind
from domain.identity.attempts import REFUSALS_TOLD_SINGLY, AttemptLimits, account_hash, count_refusal, is_told
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.refusals import Refusal
from foundation.session import transaction
from segments.viewer import Viewer

ANONYMOUS, SYSTEM = Viewer.anonymous(), Viewer.system()


@dataclass
class Attempt:
    """What is known of who tries. The account is kept as its SHA-256: passwords are typed into that field by mistake."""

    address: str
    step: str
    account: str | None = None
    person_id: UUID | None = None


@asynccontextmanager
async def noting_refusals(
    database: Database, ids: Ids, clock: Clock, limits: AttemptLimits, attempt: Attempt
) -> AsyncGenerator[Attempt]:
    """Record a refusal that leaves the block, then let it go on. Transactions within have ended by then."""
    try:
        yield attempt
    except Refusal as refusal:
        async with transaction(database, SYSTEM.row_settings()) as session:
            refusals = await count_refusal(session, attempt.address, clock(), limits, ids())
            if is_told(refusals):
                await note(session, attempt, refusal, refusals, ids())
        raise


async def note(session: AsyncSession, attempt: Attempt, refusal: Refusal, refusals: int, row_id: UUID) -> None:
    """Append the entry of a refusal; `refusals`: how many the address has had within the window."""
    details: dict[str, object] = {"address": attempt.address, "code": refusal.code, "step": attempt.step}
    if attempt.account is not None:
        details["account"] = account_hash(attempt.account).hex()
    if refusals > REFUSALS_TOLD_SINGLY:
        details["refusals"] = refusals
    subjects = [] if attempt.person_id is None else [attempt.person_id]
    await record(session, ANONYMOUS, AuditKind.SIGN_IN_REFUSED, row_id=row_id, subjects=subjects, details=details)
