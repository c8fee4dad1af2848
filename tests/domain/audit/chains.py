"""A log of some entries, and its owner: who may change everything, and is found out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit.recording import record
from domain.audit.tables import AuditKind
from domain.audit.verifying import BrokenLink, Verified, verify
from foundation.database import Database
from foundation.migrations import owner_connection
from foundation.session import transaction
from foundation.settings import Settings
from segments.audiences import STAFF
from segments.viewer import Viewer
from tests.people import IDS

AUDITOR = Viewer(STAFF, roles=frozenset({"audit_administrator"}))
SOMEBODY = Viewer(STAFF, person_id=IDS(), client_id="某程序")


async def fill(database: Database, entries: int) -> None:
    """Entries as requests write them; two transactions at once take two chains."""
    async with transaction(database, SOMEBODY.row_settings()) as held:
        for number in range(entries):
            session = held
            await record(
                session,
                SOMEBODY,
                AuditKind.READ,
                row_id=IDS(),
                subjects=[IDS() for _ in range(number % 3)],
                operation="Programme" if number % 2 else None,
                details={"阶段": number, "text": 'a "quoted" line\n'},
            )
        async with transaction(database, Viewer.anonymous().row_settings()) as beside:
            await record(beside, Viewer.anonymous(), AuditKind.SIGN_IN_REFUSED, row_id=IDS())


async def verified(database: Database) -> Verified | BrokenLink:
    """What an auditor finds."""
    async with transaction(database, AUDITOR.row_settings()) as session:
        return await verify(session)


@asynccontextmanager
async def owning(settings: Settings) -> AsyncGenerator[AsyncSession]:
    """The owner, who has freed themselves from row security; what they do further is rolled back."""
    async with owner_connection(settings) as connection:
        for table in ("audit_event", "audit_head"):
            await connection.execute(sa.text(f"alter table {table} no force row level security"))
        await connection.commit()
        async with AsyncSession(connection) as session:
            yield session
            await session.rollback()
