"""Grants: the family of an authorization's code, refresh tokens and access tokens, which lives and dies as one.

A code or refresh token is used once, under a lock on its row. Using it again ends the family, because one of the two who
had it stole it (RFC 9700 §2.1.1, §4.14), but for the moment in which two tabs refresh at once: docs/adr/0009-oauth.md.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from domain.identity.client_tables import AuthorizationCode, AuthorizationGrant, Client, RefreshToken
from domain.identity.openid import OFFLINE
from domain.identity.revocations import revoke_subject
from domain.identity.secrets import SECRET_BYTES, hash_of, new_secret
from domain.identity.tables import Person
from foundation.settings import Settings

# Used codes and dead refresh tokens are kept this long, so that a replay is noticed, and removed some at a time.
KEPT = dt.timedelta(days=1)
FORGOTTEN_AT_ONCE = 20
# Nobody lets more programs in within all their sessions; the bound keeps a sign-out from sending without end.
INFORMED_MAX = 500

NewId = Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """How long codes and refresh tokens of this installation are good for."""

    code: dt.timedelta
    refresh_idle: dt.timedelta
    refresh_lifetime: dt.timedelta
    grace: dt.timedelta

    @classmethod
    def of(cls, settings: Settings) -> GrantTerms:
        """The terms of the settings."""
        return cls(
            code=dt.timedelta(seconds=settings.authorization_code_seconds),
            refresh_idle=dt.timedelta(days=settings.refresh_idle_days),
            refresh_lifetime=dt.timedelta(days=settings.refresh_days_max),
            grace=dt.timedelta(seconds=settings.refresh_grace_seconds),
        )


@dataclass(frozen=True, slots=True)
class SignedInAt:
    """The session in which somebody grants something."""

    session_id: UUID
    authenticated_at: dt.datetime
    amr: Collection[str]


@dataclass(frozen=True, slots=True)
class HeldCode:
    """A code that was presented, locked, with its grant."""

    row: AuthorizationCode
    grant: AuthorizationGrant


@dataclass(frozen=True, slots=True)
class HeldRefresh:
    """A refresh token that was presented, locked, with its grant."""

    row: RefreshToken
    grant: AuthorizationGrant


async def open_grant(
    session: AsyncSession,
    client: Client,
    person: Person,
    scopes: Collection[str],
    signed_in: SignedInAt,
    now: dt.datetime,
    grant_id: UUID,
) -> AuthorizationGrant:
    """A new family."""
    grant = AuthorizationGrant(
        id=grant_id,
        client_id=client.id,
        person_id=person.id,
        login_session_id=signed_in.session_id,
        scopes=sorted(scopes),
        authenticated_at=signed_in.authenticated_at,
        amr=list(signed_in.amr),
        created_at=now,
    )
    grant.client, grant.person = client, person
    session.add(grant)
    await session.flush()
    return grant


# ---- codes


async def issue_code(
    session: AsyncSession,
    grant: AuthorizationGrant,
    terms: GrantTerms,
    *,
    redirect_uri: str,
    code_challenge: str,
    nonce: str | None,
    jkt: str | None,
    now: dt.datetime,
    row_id: UUID,
) -> str:
    """A code for a grant, bound to address, challenge and, when the client said so, to its key."""
    await _forget(session, AuthorizationCode, now)
    code = new_secret()
    session.add(
        AuthorizationCode(
            id=row_id,
            grant_id=grant.id,
            code_hash=hash_of(code),
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
            nonce=nonce,
            jkt=jkt,
            expires_at=now + terms.code,
        )
    )
    await session.flush()
    return code


async def held_code(
    session: AsyncSession, code: str, client: Client, now: dt.datetime, new_id: NewId
) -> HeldCode | None:
    """A code that its own client presents for the first time, in time. One presented again ends the family."""
    row = await session.scalar(
        sa.select(AuthorizationCode).where(AuthorizationCode.code_hash == hash_of(code)).with_for_update()
    )
    grant = None if row is None else await _grant(session, row.grant_id)
    if row is None or grant is None or grant.client_id != client.id:
        return None
    if row.used_at is not None:
        await revoke_grant(session, grant.id, now, new_id)
        return None
    if row.expires_at <= now or grant.revoked_at is not None:
        return None
    return HeldCode(row, grant)


# ---- refresh tokens


async def issue_refresh(
    session: AsyncSession, grant: AuthorizationGrant, terms: GrantTerms, now: dt.datetime, row_id: UUID
) -> str | None:
    """The first refresh token of a grant; None when the person did not agree to the client staying on."""
    if OFFLINE not in grant.scopes:
        return None
    await _forget(session, RefreshToken, now)
    token = new_secret()
    await _store(session, grant, token, terms, now, row_id)
    return token


async def held_refresh(
    session: AsyncSession, token: str, client: Client, terms: GrantTerms, now: dt.datetime, new_id: NewId
) -> HeldRefresh | None:
    """A refresh token that its own client may use: unused, or used just now. One used long ago ends the family."""
    row = await session.scalar(
        sa.select(RefreshToken).where(RefreshToken.token_hash == hash_of(token)).with_for_update()
    )
    grant = None if row is None else await _grant(session, row.grant_id)
    if row is None or grant is None or grant.client_id != client.id:
        return None
    if grant.revoked_at is not None or row.expires_at <= now:
        return None
    if row.used_at is not None and now - row.used_at > terms.grace:
        await revoke_grant(session, grant.id, now, new_id)
        return None
    return HeldRefresh(row, grant)


async def rotate(
    session: AsyncSession, held: HeldRefresh, token: str, terms: GrantTerms, now: dt.datetime, row_id: UUID
) -> str:
    """The successor of a refresh token. Who asks twice in the time of grace gets the same one again.

    Only the hash of a successor is stored, so it is made from its predecessor and a random salt of the row: whoever reads
    the table cannot make it, and whoever holds the old token alone cannot either.
    """
    if held.row.successor_salt is not None:
        return _successor(held.row.successor_salt, token)
    salt = secrets.token_bytes(SECRET_BYTES)
    held.row.used_at, held.row.successor_salt = now, salt
    successor = _successor(salt, token)
    await _store(session, held.grant, successor, terms, now, row_id)
    return successor


async def revoke_grant(session: AsyncSession, grant: UUID, now: dt.datetime, new_id: NewId) -> None:
    """End a family: no refresh token of it works any more, and its access tokens are listed as revoked."""
    standing = (AuthorizationGrant.id == grant, AuthorizationGrant.revoked_at.is_(None))
    ended = sa.update(AuthorizationGrant).where(*standing).values(revoked_at=now)
    await session.execute(ended.execution_options(synchronize_session="fetch"))
    await revoke_subject(session, grant, now, new_id)


async def revoke_grants_of_sessions(
    session: AsyncSession, login_sessions: Collection[UUID], now: dt.datetime, new_id: NewId
) -> None:
    """End what was granted in these sessions: whoever ends one of them may not have sat there."""
    await _revoke_all(session, AuthorizationGrant.login_session_id.in_(login_sessions), now, new_id)


async def revoke_grants_of_person(
    session: AsyncSession, person_id: UUID, now: dt.datetime, new_id: NewId, *, kept_session: UUID | None = None
) -> None:
    """End everything that a person granted, but for what was granted in one session."""
    others = AuthorizationGrant.login_session_id.is_distinct_from(kept_session)
    mine = AuthorizationGrant.person_id == person_id
    await _revoke_all(session, mine if kept_session is None else sa.and_(mine, others), now, new_id)


async def revoke_grants_of_client(session: AsyncSession, client: UUID, now: dt.datetime, new_id: NewId) -> None:
    """End everything that anybody granted a program."""
    await _revoke_all(session, AuthorizationGrant.client_id == client, now, new_id)


async def _revoke_all(session: AsyncSession, which: sa.ColumnElement[bool], now: dt.datetime, new_id: NewId) -> None:
    standing = sa.update(AuthorizationGrant).where(which, AuthorizationGrant.revoked_at.is_(None))
    ended = standing.values(revoked_at=now).returning(AuthorizationGrant.id)
    for grant in (await session.scalars(ended)).all():
        await revoke_subject(session, grant, now, new_id)


async def grant_of_refresh(session: AsyncSession, token: str) -> HeldRefresh | None:
    """The grant of a refresh token, whatever became of it: for revoking and telling of it."""
    row = await session.scalar(sa.select(RefreshToken).where(RefreshToken.token_hash == hash_of(token)))
    grant = None if row is None else await _grant(session, row.grant_id)
    return None if row is None or grant is None else HeldRefresh(row, grant)


async def grants_of_sessions(session: AsyncSession, ended: Collection[UUID]) -> Sequence[AuthorizationGrant]:
    """What was granted in sessions to programs that want to know when they end, one a session and program."""
    informed = (
        AuthorizationGrant.login_session_id.in_(ended),
        AuthorizationGrant.revoked_at.is_(None),
        Client.backchannel_logout_uri.is_not(None),
        Client.active,
    )
    found = sa.select(AuthorizationGrant).join(AuthorizationGrant.client).where(*informed)
    latest_last = found.order_by(AuthorizationGrant.id).limit(INFORMED_MAX)
    grants = (await session.scalars(latest_last)).all()
    return list({(grant.login_session_id, grant.client_id): grant for grant in grants}.values())


async def find_grant(session: AsyncSession, grant: UUID) -> AuthorizationGrant | None:
    """A grant with its person and client."""
    return await _grant(session, grant)


async def _grant(session: AsyncSession, grant: UUID) -> AuthorizationGrant | None:
    whole = (joinedload(AuthorizationGrant.person), joinedload(AuthorizationGrant.client).joinedload(Client.owner))
    found = sa.select(AuthorizationGrant).where(AuthorizationGrant.id == grant).options(*whole)
    return await session.scalar(found.execution_options(populate_existing=True))


async def _store(
    session: AsyncSession, grant: AuthorizationGrant, token: str, terms: GrantTerms, now: dt.datetime, row_id: UUID
) -> None:
    session.add(
        RefreshToken(
            id=row_id,
            grant_id=grant.id,
            token_hash=hash_of(token),
            created_at=now,
            expires_at=min(now + terms.refresh_idle, grant.created_at + terms.refresh_lifetime),
        )
    )
    await session.flush()


def _successor(salt: bytes, token: str) -> str:
    made = hmac.new(salt, token.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


async def _forget(session: AsyncSession, table: type[AuthorizationCode | RefreshToken], now: dt.datetime) -> None:
    over = (
        sa.select(table.id)
        .where(table.expires_at < now - KEPT)
        .order_by(table.expires_at)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(sa.delete(table).where(table.id.in_(over)))
