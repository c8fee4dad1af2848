"""Sign-ins that are refused leave an entry in the audit log: in a transaction of its own, because theirs rolls back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from domain.audit.recording import record
from domain.audit.tables import AuditKind
from domain.identity.attempts import account_hash
from foundation.database import Database
from foundation.ids import Ids
from foundation.refusals import Refusal
from foundation.session import transaction
from segments.viewer import Viewer

ANONYMOUS = Viewer.anonymous()


@dataclass
class Attempt:
    """What is known of who tries. The account is kept as its SHA-256: passwords are typed into that field by mistake."""

    address: str
    step: str
    account: str | None = None
    person_id: UUID | None = None


@asynccontextmanager
async def noting_refusals(database: Database, ids: Ids, attempt: Attempt) -> AsyncGenerator[Attempt]:
    """Record a refusal that leaves the block, then let it go on. Transactions within have ended by then."""
    try:
        yield attempt
    except Refusal as refusal:
        details = {"address": attempt.address, "code": refusal.code, "step": attempt.step}
        if attempt.account is not None:
            details["account"] = account_hash(attempt.account).hex()
        async with transaction(database, ANONYMOUS.row_settings()) as session:
            await record(
                session,
                ANONYMOUS,
                AuditKind.SIGN_IN_REFUSED,
                row_id=ids(),
                subjects=[] if attempt.person_id is None else [attempt.person_id],
                details=details,
            )
        raise
