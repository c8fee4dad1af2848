"""Signed-in browsers: a random secret in a cookie, its hash in a row, ended by signing out, by idleness or by age."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import contains_eager

from domain.identity.second_factors import SecondFactorRule
from domain.identity.tables import LoginSession, Person
from foundation.settings import Settings
from segments.audiences import DIVISION, Audience
from segments.classification import DEGREES, Classification
from segments.factors import PASSWORD

SECRET_BYTES = 32
# 32 bytes as URL-safe base64 without padding; whatever else a cookie holds is no secret of ours and is not looked up.
SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
USER_AGENT_CHARACTERS_MAX = 200

# Nobody has more browsers open; whoever does sees those used last.
SESSIONS_SHOWN_MAX = 50

# An ended session is kept this long, so that an inquiry can still see it, and removed by later sign-ins, some at a time.
ENDED_KEPT = dt.timedelta(days=30)
FORGOTTEN_AT_ONCE = 20

# How long somebody has for the second step, and for finding their telephone.
WAITING_MAX = dt.timedelta(minutes=10)

# `last_seen_at` is written when it is this old, because a write per request would cost more than the request.
SEEN_AGAIN_AFTER = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """When sessions end by themselves."""

    idle: dt.timedelta
    division_idle: dt.timedelta
    lifetime: dt.timedelta
    second_factor: SecondFactorRule

    @classmethod
    def of(cls, settings: Settings) -> SessionTerms:
        """The terms of this installation."""
        return cls(
            idle=dt.timedelta(minutes=settings.session_idle_minutes),
            division_idle=dt.timedelta(minutes=settings.division_session_idle_minutes),
            lifetime=dt.timedelta(hours=settings.session_hours_max),
            second_factor=SecondFactorRule.of(settings),
        )

    def idle_of(self, audience: Audience) -> dt.timedelta:
        """How long a session of this audience may stay unused."""
        return self.division_idle if audience is DIVISION else self.idle


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session in use and its person as the database knows both now."""

    session_id: UUID
    last_seen_at: dt.datetime
    person_id: UUID
    name: str
    organisation: str
    audience: Audience
    customer_id: UUID | None
    employee_id: UUID | None
    clearance: Classification
    compartments: frozenset[str]
    roles: frozenset[str]
    authenticated_at: dt.datetime
    amr: tuple[str, ...]


# The reader of a session is not known before it is read, so the statement reads as the system: it sets that itself, as
# planned reads do, and costs one round trip and one index entry. `case` evaluates its condition first.
LIVE_SESSION = sa.text(
    """
    select case when
        set_config('q.audience', 'system', true) is not null and set_config('q.clearance', '4', true) is not null
    then (
        select json_build_object(
            'session', s.id, 'seen', s.last_seen_at, 'person', p.id, 'name', p.name, 'audience', p.audience,
            'organisation', coalesce(c.name, ''), 'customer', p.customer_id, 'employee', p.employee_id,
            'clearance', p.clearance, 'compartments', p.compartments, 'roles', p.roles,
            'authenticated', s.authenticated_at, 'amr', s.amr
        )::text
        from login_session s join person p on p.id = s.person_id left join customer c on c.id = p.customer_id
        where s.secret_hash = :secret_hash and s.ended_at is null and not s.awaits_second_factor and p.active
            and s.expires_at > :now
            and s.last_seen_at > case when p.audience = 'division'
                then cast(:division_seen_after as timestamptz) else cast(:seen_after as timestamptz) end
    ) end
    """
)


async def live_session(
    connection: AsyncConnection, secret: str, now: dt.datetime, terms: SessionTerms
) -> LiveSession | None:
    """The session of a secret, by one statement outside of any transaction; None when there is none or it has ended.

    A session whose person must have proved more than it did is none: somebody's clearance may rise, and so may the rule.
    """
    if not SECRET.fullmatch(secret):
        return None
    values = {
        "secret_hash": secret_hash(secret),
        "now": now,
        "seen_after": now - terms.idle,
        "division_seen_after": now - terms.division_idle,
    }
    found: str | None = (await connection.execute(LIVE_SESSION, values)).scalar_one()
    live = None if found is None else _live(json.loads(found))
    return live if live and terms.second_factor.allows(live.audience, live.clearance, live.amr) else None


async def open_session(
    session: AsyncSession,
    person: Person,
    secret: str,
    user_agent: str,
    *,
    session_id: UUID,
    now: dt.datetime,
    terms: SessionTerms,
    amr: tuple[str, ...] = (PASSWORD,),
    awaits_second_factor: bool = False,
) -> LoginSession:
    """A new session under a new secret: whatever secret the browser had before the sign-in is worth nothing after it.

    One that `awaits_second_factor` is soon over, and another one follows it.
    """
    row = LoginSession(
        id=session_id,
        person_id=person.id,
        secret_hash=secret_hash(secret),
        created_at=now,
        last_seen_at=now,
        expires_at=now + (WAITING_MAX if awaits_second_factor else terms.lifetime),
        user_agent=user_agent.replace("\x00", "")[:USER_AGENT_CHARACTERS_MAX],
        authenticated_at=now,
        amr=list(amr),
        awaits_second_factor=awaits_second_factor,
    )
    session.add(row)
    await session.flush()
    return row


async def waiting_session(session: AsyncSession, secret: str, now: dt.datetime) -> LoginSession | None:
    """The session of a secret that awaits the second factor, with its person, held until the transaction ends."""
    if not SECRET.fullmatch(secret):
        return None
    waiting = (
        LoginSession.secret_hash == secret_hash(secret),
        LoginSession.awaits_second_factor,
        LoginSession.ended_at.is_(None),
        LoginSession.expires_at > now,
        Person.active,
    )
    found = sa.select(LoginSession).join(LoginSession.person).where(*waiting).with_for_update()
    return await session.scalar(found.options(contains_eager(LoginSession.person)))


async def keep_session(session: AsyncSession, session_id: UUID, now: dt.datetime) -> None:
    """Note that a session was used. Two requests at once write it once."""
    stale = LoginSession.last_seen_at <= now - SEEN_AGAIN_AFTER
    note = sa.update(LoginSession).where(LoginSession.id == session_id, stale).values(last_seen_at=now)
    await session.execute(note)


async def end_session(session: AsyncSession, secret: str, now: dt.datetime) -> None:
    """End the session of a secret; nothing happens when there is none."""
    if not SECRET.fullmatch(secret):
        return
    mine = sa.and_(LoginSession.secret_hash == secret_hash(secret), LoginSession.ended_at.is_(None))
    await session.execute(sa.update(LoginSession).where(mine).values(ended_at=now))


async def sessions_of(
    session: AsyncSession, person_id: UUID, audience: Audience, now: dt.datetime, terms: SessionTerms
) -> list[LoginSession]:
    """The live sessions of a person, the one used last first; `SESSIONS_SHOWN_MAX` at most."""
    live = (
        LoginSession.person_id == person_id,
        LoginSession.ended_at.is_(None),
        sa.not_(LoginSession.awaits_second_factor),
        LoginSession.expires_at > now,
        LoginSession.last_seen_at > now - terms.idle_of(audience),
    )
    order = (LoginSession.last_seen_at.desc(), LoginSession.id.desc())
    found = await session.scalars(sa.select(LoginSession).where(*live).order_by(*order).limit(SESSIONS_SHOWN_MAX))
    return list(found)


async def end_own_session(session: AsyncSession, person_id: UUID, session_id: UUID, now: dt.datetime) -> Sequence[UUID]:
    """End one session of a person; the ids of what ended. Somebody else's does not, and nothing tells whether it exists."""
    return await _end(session, now, LoginSession.person_id == person_id, LoginSession.id == session_id)


async def end_other_sessions(session: AsyncSession, person_id: UUID, kept: UUID, now: dt.datetime) -> Sequence[UUID]:
    """End all sessions of a person but one; the ids of what ended."""
    return await _end(session, now, LoginSession.person_id == person_id, LoginSession.id != kept)


async def end_all_sessions(session: AsyncSession, person_id: UUID, now: dt.datetime) -> Sequence[UUID]:
    """End every session of a person, those that await the second step among them; their ids."""
    return await _end(session, now, LoginSession.person_id == person_id)


async def forget_sessions(session: AsyncSession, now: dt.datetime) -> None:
    """Remove some sessions whose time was over long ago; those that another sign-in removes are left to it."""
    over = (
        sa.select(LoginSession.id)
        .where(LoginSession.expires_at < now - ENDED_KEPT)
        .order_by(LoginSession.expires_at)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(sa.delete(LoginSession).where(LoginSession.id.in_(over)))


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret. It has 256 random bits, so a plain hash is as good as a slow one."""
    return hashlib.sha256(secret.encode()).digest()


async def _end(session: AsyncSession, now: dt.datetime, *which: sa.ColumnElement[bool]) -> Sequence[UUID]:
    ended = sa.update(LoginSession).where(LoginSession.ended_at.is_(None), *which).values(ended_at=now)
    return (await session.scalars(ended.returning(LoginSession.id))).all()


def _live(found: dict[str, Any]) -> LiveSession:
    return LiveSession(
        session_id=UUID(found["session"]),
        last_seen_at=dt.datetime.fromisoformat(found["seen"]),
        person_id=UUID(found["person"]),
        name=found["name"],
        organisation=found["organisation"],
        audience=Audience(found["audience"]),
        customer_id=_optional_id(found["customer"]),
        employee_id=_optional_id(found["employee"]),
        clearance=DEGREES[int(found["clearance"])],
        compartments=frozenset(found["compartments"]),
        roles=frozenset(found["roles"]),
        authenticated_at=dt.datetime.fromisoformat(found["authenticated"]),
        amr=tuple(found["amr"]),
    )


def _optional_id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
