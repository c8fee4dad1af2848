"""Revoked tokens: which of very many a process knows."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from domain.identity.client_tables import RevokedToken
from domain.identity.revocations import KNOWN_MAX, revoke_subject, revoked_subjects
from foundation.database import Database
from foundation.session import transaction
from tests.people import IDS, SYSTEM

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
MANY = sa.text(
    "insert into revoked_token (id, subject_id, expires_at)"
    " select gen_random_uuid(), gen_random_uuid(), :until from generate_series(1, :many)"
)


async def test_short_tokens_by_the_thousand_make_no_grant_forgotten(own_database: Database) -> None:
    grant, soon = IDS(), NOW + dt.timedelta(minutes=5)
    async with transaction(own_database, SYSTEM) as session:
        await revoke_subject(session, grant, NOW, IDS)
        await session.execute(MANY, {"until": soon, "many": KNOWN_MAX})
        one = IDS()
        await revoke_subject(session, one, NOW, IDS, until=soon)
        assert await session.scalar(sa.select(RevokedToken.expires_at).where(RevokedToken.subject_id == one)) == soon
        known = await revoked_subjects(session, NOW)
        assert grant in known.subjects
        assert (len(known.subjects), known.complete) == (KNOWN_MAX, False)
        await session.rollback()
