"""Sessions: which secret opens which, and when it no longer does."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain.identity.second_factors import SecondFactorRule
from domain.identity.sessions import (
    LiveSession,
    SessionTerms,
    end_other_sessions,
    end_own_session,
    end_session,
    forget_sessions,
    keep_session,
    live_session,
    open_session,
    secret_hash,
    sessions_of,
    waiting_session,
)
from domain.identity.tables import LoginSession, Person
from foundation.session import set_statement
from segments.audiences import CONSUMER, DIVISION, MILITARY, STAFF, Audience
from segments.classification import Classification
from segments.viewer import Viewer

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
TERMS = SessionTerms(
    idle=dt.timedelta(minutes=60),
    division_idle=dt.timedelta(minutes=30),
    lifetime=dt.timedelta(hours=12),
    second_factor=SecondFactorRule(required=False),
)
SECRET = "s" * 43
OTHER_SECRET = "t" * 43


@pytest.fixture
async def person(session: AsyncSession) -> Person:
    row = Person(
        id=uuid4(),
        email="zhang.min@quadrant.example",
        name="张敏",
        audience=STAFF,
        customer_id=None,
        employee_id=None,
        clearance=Classification.SECRET,
        compartments=["QL-03"],
        roles=["account_manager"],
        password_hash="",
        active=True,
        created_at=NOW,
    )
    session.add(row)
    await session.flush()
    return row


async def opened(session: AsyncSession, person: Person, secret: str = SECRET) -> LoginSession:
    return await open_session(session, person, secret, "Firefox", session_id=uuid4(), now=NOW, terms=TERMS)


async def live(session: AsyncSession, secret: str = SECRET, **after: float) -> LiveSession | None:
    connection: AsyncConnection = await session.connection()
    return await live_session(connection, secret, NOW + dt.timedelta(**after), TERMS)


async def test_a_secret_leads_to_its_person(session: AsyncSession, person: Person) -> None:
    row = await opened(session, person)
    assert await live(session) == LiveSession(
        session_id=row.id,
        last_seen_at=NOW,
        person_id=person.id,
        name="张敏",
        organisation="",
        audience=STAFF,
        customer_id=None,
        employee_id=None,
        clearance=Classification.SECRET,
        compartments=frozenset({"QL-03"}),
        roles=frozenset({"account_manager"}),
        authenticated_at=NOW,
        amr=("pwd",),
    )


async def test_only_the_hash_of_the_secret_is_stored(session: AsyncSession, person: Person) -> None:
    row = await opened(session, person)
    assert row.secret_hash == secret_hash(SECRET)
    assert SECRET.encode() not in row.secret_hash


@pytest.mark.parametrize("secret", [OTHER_SECRET, "", "s" * 42, "s" * 44, "s" * 42 + "\n", "' or true --", "四" * 43])
async def test_another_secret_leads_nowhere(session: AsyncSession, person: Person, secret: str) -> None:
    await opened(session, person)
    assert await live(session, secret) is None


async def test_the_lookup_needs_no_viewer_set_before(session: AsyncSession, person: Person) -> None:
    await opened(session, person)
    await session.execute(set_statement(Viewer.anonymous().row_settings()))
    assert await live(session) is not None


async def test_a_session_ends_when_it_is_idle(session: AsyncSession, person: Person) -> None:
    row = await opened(session, person)
    assert await live(session, minutes=59) is not None
    assert await live(session, minutes=60) is None
    await keep_session(session, row.id, NOW + dt.timedelta(minutes=59))
    assert await live(session, minutes=118) is not None


async def test_a_session_of_the_division_ends_sooner(session: AsyncSession, person: Person) -> None:
    person.audience = DIVISION
    await opened(session, person)
    assert await live(session, minutes=29) is not None
    assert await live(session, minutes=30) is None
    mine = [await sessions_of(session, person.id, DIVISION, NOW + dt.timedelta(minutes=m), TERMS) for m in (29, 30)]
    assert [len(found) for found in mine] == [1, 0]


async def test_a_person_sees_and_ends_their_own_sessions_alone(session: AsyncSession, person: Person) -> None:
    first = await opened(session, person)
    second = await opened(session, person, OTHER_SECRET)
    await end_own_session(session, uuid4(), first.id, NOW)
    assert {row.id for row in await sessions_of(session, person.id, STAFF, NOW, TERMS)} == {first.id, second.id}
    assert await sessions_of(session, uuid4(), STAFF, NOW, TERMS) == []
    await end_own_session(session, person.id, first.id, NOW)
    assert await live(session) is None
    assert [row.id for row in await sessions_of(session, person.id, STAFF, NOW, TERMS)] == [second.id]


async def test_all_sessions_but_one_end(session: AsyncSession, person: Person) -> None:
    kept = await opened(session, person)
    await opened(session, person, OTHER_SECRET)
    await end_other_sessions(session, person.id, kept.id, NOW)
    assert await live(session) is not None
    assert await live(session, OTHER_SECRET) is None


async def test_sessions_over_long_ago_are_removed(session: AsyncSession, person: Person) -> None:
    row = await opened(session, person)
    for days, left in ((30, 1), (31, 0)):
        await forget_sessions(session, NOW + dt.timedelta(days=days, hours=12))
        count = sa.select(sa.func.count()).select_from(LoginSession).where(LoginSession.id == row.id)
        assert await session.scalar(count) == left


async def test_a_session_ends_with_age_however_busy_it_is(session: AsyncSession, person: Person) -> None:
    row = await opened(session, person)
    for hour in range(1, 13):
        await keep_session(session, row.id, NOW + dt.timedelta(hours=hour, minutes=-5))
    assert await live(session, hours=11, minutes=59) is not None
    assert await live(session, hours=12) is None


async def test_the_last_use_is_written_at_most_once_a_minute(session: AsyncSession, person: Person) -> None:
    row = await opened(session, person)
    seen = sa.select(LoginSession.last_seen_at).where(LoginSession.id == row.id)
    await keep_session(session, row.id, NOW + dt.timedelta(seconds=59))
    assert await session.scalar(seen) == NOW
    await keep_session(session, row.id, NOW + dt.timedelta(seconds=61))
    assert await session.scalar(seen) == NOW + dt.timedelta(seconds=61)


async def test_signing_out_ends_this_session_alone(session: AsyncSession, person: Person) -> None:
    await opened(session, person)
    await opened(session, person, OTHER_SECRET)
    await end_session(session, SECRET, NOW)
    assert await live(session) is None
    assert await live(session, OTHER_SECRET) is not None


async def test_a_person_who_left_has_no_session(session: AsyncSession, person: Person) -> None:
    await opened(session, person)
    person.active = False
    await session.flush()
    assert await live(session) is None


async def test_changed_rights_count_at_once(session: AsyncSession, person: Person) -> None:
    await opened(session, person)
    person.clearance, person.compartments, person.roles = Classification.PUBLIC, [], ["sales"]
    await session.flush()
    found = await live(session)
    assert found is not None
    assert (found.clearance, found.compartments, found.roles) == (Classification.PUBLIC, frozenset(), {"sales"})


async def test_the_lookup_reads_one_entry_of_an_index(session: AsyncSession, person: Person) -> None:
    await opened(session, person)
    await session.execute(sa.text("set local enable_seqscan = off"))
    plan = await session.scalars(
        sa.text("explain (costs off) select 1 from login_session where secret_hash = :hash"),
        {"hash": secret_hash(SECRET)},
    )
    text = "\n".join(plan)
    assert "uq_login_session_secret_hash" in text
    assert "Index Cond" in text


@pytest.mark.parametrize("viewer", [Viewer.anonymous(), Viewer(CONSUMER, person_id=UUID(int=1)), Viewer(STAFF)])
async def test_nobody_else_sees_people_or_sessions(session: AsyncSession, person: Person, viewer: Viewer) -> None:
    await opened(session, person)
    await session.execute(set_statement(viewer.row_settings()))
    assert (await session.scalars(sa.select(Person))).all() == []
    assert (await session.scalars(sa.select(LoginSession))).all() == []


async def test_what_a_browser_says_of_itself_is_bounded(session: AsyncSession, person: Person) -> None:
    agent = "\x00" + "x" * 10_000
    row = await open_session(session, person, SECRET, agent, session_id=uuid4(), now=NOW, terms=TERMS)
    assert row.user_agent == "x" * 200


# ---- the second step


async def waiting(session: AsyncSession, person: Person) -> LoginSession:
    return await open_session(
        session, person, SECRET, "Firefox", session_id=uuid4(), now=NOW, terms=TERMS, awaits_second_factor=True
    )


async def test_a_session_that_awaits_the_second_factor_is_nobody_s(session: AsyncSession, person: Person) -> None:
    row = await waiting(session, person)
    assert await live(session) is None
    assert await sessions_of(session, person.id, STAFF, NOW, TERMS) == []
    found = await waiting_session(session, SECRET, NOW)
    assert found is not None
    assert (found.id, found.person.email) == (row.id, person.email)


async def test_waiting_ends_after_ten_minutes_and_with_the_person(session: AsyncSession, person: Person) -> None:
    await waiting(session, person)
    assert await waiting_session(session, SECRET, NOW + dt.timedelta(minutes=9, seconds=59)) is not None
    assert await waiting_session(session, SECRET, NOW + dt.timedelta(minutes=10)) is None
    assert await waiting_session(session, OTHER_SECRET, NOW) is None
    person.active = False
    await session.flush()
    assert await waiting_session(session, SECRET, NOW) is None


async def test_a_live_session_awaits_nothing(session: AsyncSession, person: Person) -> None:
    await opened(session, person)
    assert await waiting_session(session, SECRET, NOW) is None


@pytest.mark.parametrize(
    ("audience", "clearance", "amr", "alive"),
    [
        (STAFF, Classification.PUBLIC, ["pwd"], False),
        (STAFF, Classification.PUBLIC, ["pwd", "otp"], True),
        (DIVISION, Classification.PUBLIC, ["pwd"], False),
        (MILITARY, Classification.INTERNAL, ["pwd"], True),
        (MILITARY, Classification.CONFIDENTIAL, ["pwd"], False),
        (MILITARY, Classification.CONFIDENTIAL, ["hwk", "user"], True),
        (CONSUMER, Classification.PUBLIC, ["pwd"], True),
    ],
)
async def test_a_session_that_proved_too_little_for_its_person_is_none(
    session: AsyncSession, person: Person, audience: Audience, clearance: Classification, amr: list[str], alive: bool
) -> None:
    row = await opened(session, person)
    row.amr, person.audience, person.clearance = amr, audience, clearance
    await session.flush()
    terms = replace(TERMS, second_factor=SecondFactorRule(required=True))
    found = await live_session(await session.connection(), SECRET, NOW, terms)
    assert (found is not None) is alive
    assert await live(session) is not None, "where it is only offered the password is enough"
