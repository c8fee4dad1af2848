"""`quadrant factors`: everything is gone, and the person sets a factor up anew."""

from __future__ import annotations

import sqlalchemy as sa

from domain.identity.recovery import renew_recovery_codes
from domain.identity.second_factors import Factors, factors_of
from domain.identity.sessions import SessionTerms, open_session
from domain.identity.tables import LoginSession, Passkey
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from tests.people import IDS, SYSTEM, authenticator, person, store
from tests.portal.cli.program import run

EMAIL, OTHER = "li.wei@example.com", "wang.fang@example.com"


async def test_factors_codes_and_sessions_of_one_person_go(own_database: Database, own_settings: Settings) -> None:
    people = [person(EMAIL), person(OTHER)]
    now = system_clock()
    await store(own_database, *people, *(authenticator(each, own_settings) for each in people))
    async with transaction(own_database, SYSTEM) as session:
        for number, each in enumerate(people):
            await renew_recovery_codes(session, each.id, now, IDS)
            terms = SessionTerms.of(own_settings)
            await open_session(session, each, f"{number}" * 43, "", session_id=IDS(), now=now, terms=terms)
            session.add(passkey_of(each.id, number))
    ran = run(own_settings, "factors", "remove", "--person", EMAIL.upper())
    assert (ran.code, ran.out, ran.said) == (0, "", "")
    async with transaction(own_database, SYSTEM) as session:
        assert await factors_of(session, people[0].id) == Factors(authenticator=False, passkeys=0, recovery_codes=0)
        assert await factors_of(session, people[1].id) == Factors(authenticator=True, passkeys=1, recovery_codes=10)
        alive = sa.select(LoginSession.person_id).where(LoginSession.ended_at.is_(None))
        assert (await session.execute(alive)).scalars().all() == [people[1].id]


def passkey_of(person_id: object, number: int) -> Passkey:
    """A passkey that nobody signs with."""
    return Passkey(
        id=IDS(),
        person_id=person_id,
        name="",
        credential=bytes([number]),
        public_key=b"",
        signatures=0,
        synced=False,
        created_at=system_clock(),
    )


def test_nobody_is_said_to_be_nobody(own_settings: Settings) -> None:
    ran = run(own_settings, "factors", "remove", "--person", "nobody@example.com")
    assert ran.code == 1
    assert "nobody signs in as nobody@example.com" in ran.said
