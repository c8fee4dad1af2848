"""Appending to the audit log, in the transaction of what it tells of."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit.tables import AuditEvent, AuditKind
from segments.viewer import Viewer


async def record(
    session: AsyncSession,
    viewer: Viewer,
    kind: AuditKind,
    *,
    row_id: UUID,
    subjects: Iterable[UUID] = (),
    operation: str | None = None,
    document: str | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Append an entry; instant, place and hashes are the database's to write.

    Not by the ORM, which would read back what it wrote: only auditors may.
    """
    written = (
        sa.insert(AuditEvent)
        .inline()
        .values(
            id=row_id,
            kind=kind,
            person_id=viewer.person_id,
            client_id=viewer.client_id,
            audience=viewer.settings[0],
            operation=operation,
            document=document,
            subjects=sorted(set(subjects)),
            details=canonical_json(details or {}),
        )
    )
    await session.execute(written)


async def record_token(
    session: AsyncSession,
    viewer: Viewer,
    *,
    row_id: UUID,
    token_id: UUID,
    grant_id: UUID | None,
    scopes: Iterable[str],
    expires_at: dt.datetime,
) -> None:
    """An access token was issued: to which program, for whom, with which scopes, until when. Never the token itself."""
    details = {
        "scopes": sorted(scopes),
        "expires": expires_at.isoformat(),
        "grant": None if grant_id is None else str(grant_id),
    }
    subjects = [token_id] if grant_id is None else [token_id, grant_id]
    await record(session, viewer, AuditKind.TOKEN_ISSUED, row_id=row_id, subjects=subjects, details=details)


def canonical_json(value: Mapping[str, object]) -> str:
    """JSON with its keys in order and no space: one text for one value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
