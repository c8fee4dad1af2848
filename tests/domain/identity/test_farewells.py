"""Who has to be told of a session's end: taken by one process at a time, again and again, and in the end given up."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.client_tables import AuthorizationGrant, LogoutNotice
from domain.identity.clients import Registration, add_client
from domain.identity.farewells import ATTEMPTS_MAX, PATIENCE, forget_told, has_program, note_ended, take_due
from domain.identity.grants import SignedInAt, open_grant
from foundation.database import Database
from foundation.session import transaction
from tests.people import IDS, SYSTEM, person

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
HOOK = "https://program.example.com/logout"
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
async def ended(own_database: Database) -> AsyncIterator[UUID]:
    """A session in which a program was let in twice, another one that does not listen once; and its note."""
    login_session, someone = IDS(), person(f"{IDS()}@example.com")
    async with transaction(own_database, SYSTEM) as session:
        session.add(someone)
        await session.flush()
        for hook, times in ((HOOK, 2), (None, 1)):
            said = Registration(
                name="程序", redirect_uris=("https://program.example.com/",), backchannel_logout_uri=hook
            )
            client = await add_client(session, said, None, NOW, IDS(), IDS().hex)
            for _ in range(times):
                await open_grant(session, client, someone, (), SignedInAt(login_session, NOW, ()), NOW, IDS())
        await note_ended(session, [login_session], NOW, IDS)
    yield login_session
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.delete(LogoutNotice))


async def taken(session: AsyncSession, now: dt.datetime) -> list[UUID]:
    return [notice.login_session_id for notice in await take_due(session, now)]


async def test_a_program_is_told_once_of_a_session(own_database: Database, ended: UUID) -> None:
    async with transaction(own_database, SYSTEM) as session:
        [notice] = await take_due(session, NOW)
        assert (notice.login_session_id, has_program(notice)) == (ended, True)
        assert await forget_told(session, [notice.id]) == []
        assert await take_due(session, NOW + dt.timedelta(days=1)) == []


async def test_two_processes_take_it_once(own_database: Database, ended: UUID) -> None:
    async with transaction(own_database, SYSTEM) as one, transaction(own_database, SYSTEM) as other:
        assert await taken(one, NOW) == [ended]
        assert await taken(other, NOW) == []
    async with transaction(own_database, SYSTEM) as later:
        # Who took it may have died since: it is due again, though not yet.
        assert await taken(later, NOW + PATIENCE[0] - dt.timedelta(seconds=1)) == []
        assert await taken(later, NOW + PATIENCE[0]) == [ended]


async def test_patience_grows_and_ends(own_database: Database, ended: UUID) -> None:
    now = NOW
    async with transaction(own_database, SYSTEM) as session:
        for wait in (*PATIENCE, dt.timedelta(0)):
            assert await taken(session, now) == [ended]
            given_up = await forget_told(session, [])
            now += wait
        assert [notice.attempts for notice in given_up] == [ATTEMPTS_MAX]
        assert await taken(session, now + dt.timedelta(days=1)) == []


async def test_what_was_revoked_before_is_not_told(own_database: Database, ended: UUID) -> None:
    async with transaction(own_database, SYSTEM) as session:
        await forget_told(session, (await session.scalars(sa.select(LogoutNotice.id))).all())
        await session.execute(sa.update(AuthorizationGrant).values(revoked_at=NOW))
        await note_ended(session, [ended], NOW, IDS)
        assert await take_due(session, NOW + MINUTE) == []
