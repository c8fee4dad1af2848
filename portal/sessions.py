"""Browsers' sessions at the door: who a cookie names, signing in by password, signing out.

A session costs one indexed read a request and is not remembered between requests, so that signing out, leaving the
enterprise and losing a right count at once, on every worker.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from domain.audit.recording import record
from domain.audit.tables import AuditKind
from domain.identity.attempts import AttemptLimits, count_attempt, forgive_account
from domain.identity.authenticators import new_secret
from domain.identity.farewells import note_ended
from domain.identity.passwords import dummy_hash, hash_password, needs_rehash, verify_password
from domain.identity.people import is_member, normal_email, person_by_email
from domain.identity.sealing import Seal
from domain.identity.second_factors import factors_of
from domain.identity.sessions import (
    SECRET_BYTES,
    SEEN_AGAIN_AFTER,
    LiveSession,
    SessionTerms,
    end_session,
    forget_sessions,
    keep_session,
    live_session,
    open_session,
)
from domain.identity.tables import LoginSession, Person
from domain.identity.viewers import viewer_of_session
from domain.notices.notifying import unread_count
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.refusals import Refusal
from foundation.session import transaction
from foundation.settings import Settings
from portal.pages.visitors import Visitor
from portal.refused_sign_ins import Attempt, noting_refusals
from portal.session_cookie import SessionCookie
from segments.audiences import CONSUMER, ENTERPRISE, Audience
from segments.classification import Classification
from segments.factors import PASSWORD, proves_second_factor
from segments.viewer import Language, Viewer

SYSTEM = Viewer.system().row_settings()
# Who is told things inside the platform, and sees a bell.
NOTIFIED = (CONSUMER, ENTERPRISE)
LOGGER = structlog.get_logger("portal.sessions")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just opened. With `awaits_second_factor` it is nobody's yet, and its viewer is anonymous."""

    viewer: Viewer
    secret: str
    cookie: SessionCookie
    awaits_second_factor: bool = False

    def set_cookie(self, response: Response) -> None:
        """Hand the secret of the session to the browser."""
        self.cookie.give(response, self.secret)


class Sessions:
    """The sessions of one process."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, ids: Ids) -> None:
        self.cookie = SessionCookie.of(settings)
        self.seal = Seal.of(settings)
        self.terms = SessionTerms.of(settings)
        self._limits = AttemptLimits.of(settings)
        self._ceiling = Classification(settings.ceiling)
        self._served = frozenset(Audience(name) for name in settings.served_views)
        self._database = database
        # The lookup sets its own row settings inside its one statement, so it needs no transaction around it.
        self._reads = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._clock = clock
        self._ids = ids
        # Hashing costs processor and memory: more at once than processors would only make everybody wait longer.
        self.hashing = CapacityLimiter(max(1, os.cpu_count() or 1))

    async def viewer(self, connection: HTTPConnection, language: Language) -> Viewer | None:
        """Whom the session cookie names; None without a session that is alive."""
        live = await self._live(connection)
        return None if live is None else viewer_of_session(live, language, self._ceiling)

    async def live(self, request: Request) -> LiveSession | None:
        """The session of a request, when its person is served here."""
        live = await self._live(request)
        return live if live is not None and live.audience in self._served else None

    async def is_member(self, viewer: Viewer) -> bool:
        """Whether the person of a token is still active in the token's audience."""
        if viewer.person_id is None or viewer.audience is None:
            return False
        async with self._reads.connect() as reads:
            return await is_member(reads, viewer.person_id, viewer.audience)

    async def visitor(self, request: Request, language: Language) -> Visitor:
        """Whom the session cookie names, as pages show them; anonymous without a session that is alive.

        Somebody whom this installation does not serve is a stranger to its pages.
        """
        live = await self.live(request)
        if live is None:
            return Visitor(Viewer.anonymous(language))
        viewer = viewer_of_session(live, language, self._ceiling)
        unread = 0
        if live.audience in NOTIFIED and live.customer_id is not None:
            async with self._reads.connect() as reads:
                unread = await unread_count(reads, live.customer_id, live.person_id)
        return Visitor(viewer, live.name, live.organisation, str(live.session_id), unread)

    async def sign_in(self, request: Request, account: str, password: str) -> SignedIn:
        """Open a session, or refuse: with one and the same refusal, in the same time, whatever was wrong.

        Whoever has a second factor, or must have one, is not signed in yet: the session awaits the second step.
        """
        email = normal_email(account)
        async with self.noting_refusals(request, "password") as attempt:
            attempt.account = email
            return await self._by_password(request, email, password, attempt)

    def noting_refusals(self, request: Request, step: str) -> AbstractAsyncContextManager[Attempt]:
        """A block whose refusals the audit log keeps."""
        attempt = Attempt(network_address(request), step)
        return noting_refusals(self._database, self._ids, self._clock, self._limits, attempt)

    async def _by_password(self, request: Request, email: str, password: str, attempt: Attempt) -> SignedIn:
        now = self._clock()
        async with self._transaction() as session:
            refusal = await count_attempt(session, email, network_address(request), now, self._limits, self._ids)
        if refusal is not None:
            LOGGER.warning("sign-in refused", reason="too many attempts")
            raise refusal
        async with self._transaction() as session:
            person = await person_by_email(session, email)
        attempt.person_id = None if person is None else person.id
        # No connection is held while the password is hashed.
        stored = dummy_hash() if person is None else person.password_hash
        right = await run_sync(verify_password, stored, password, limiter=self.hashing)
        if person is None or not right or not person.active or person.audience not in self._served:
            LOGGER.info("sign-in refused", reason="account or password")
            raise Refusal("SIGN_IN_REFUSED")
        stronger = await run_sync(hash_password, password, limiter=self.hashing) if needs_rehash(stored) else None
        async with self._transaction() as session:
            # Held, so that a new password ends this session too, or finds it refused: hashing took its time.
            present = await session.get(Person, person.id, with_for_update=True)
            if present is None or present.password_hash != stored:
                raise Refusal("SIGN_IN_REFUSED")
            if stronger is not None:
                present.password_hash = stronger
            return await self.admitted(session, request, present, now, (PASSWORD,))

    async def sign_out(self, request: Request, response: Response) -> None:
        """End the session, take its cookie back, and have the programs told that were let in during it."""
        async with self._transaction() as session:
            live = await self.live_in(session, request)
            if live is not None:
                await note_ended(session, [live.session_id], self._clock(), self._ids)
            await end_session(session, self.secret(request), self._clock())
        self.cookie.take(response)

    async def admitted(
        self, session: AsyncSession, request: Request, person: Person, now: dt.datetime, amr: tuple[str, ...]
    ) -> SignedIn:
        """A session of somebody who took the first step; it awaits the second where one is due and `amr` proves none."""
        factors = await factors_of(session, person.id)
        due = factors or self.terms.second_factor.demands(person.audience, person.clearance)
        if due and not proves_second_factor(amr):
            return await self._awaiting(session, request, person, now, amr, enrols=not factors)
        return await self.opened(session, request, person, now, amr)

    async def opened(
        self, session: AsyncSession, request: Request, person: Person, now: dt.datetime, amr: tuple[str, ...]
    ) -> SignedIn:
        """A session of somebody who has proved all that is asked of them; their attempts are forgiven."""
        await forgive_account(session, person.email)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        row = await self._renewed(session, request, person, secret, now, amr)
        live = await live_session(await session.connection(), secret, now, self.terms)
        if live is None:
            # Deactivated between the look and the opening.
            raise Refusal("SIGN_IN_REFUSED")
        LOGGER.info(
            "signed in", session=str(row.id), person=str(person.id), audience=person.audience.value, amr=list(amr)
        )
        viewer = viewer_of_session(live, "zh", self._ceiling)
        details = {"address": network_address(request), "amr": list(amr), "session": str(row.id)}
        await record(session, viewer, AuditKind.SIGN_IN, row_id=self._ids(), subjects=[person.id], details=details)
        return SignedIn(viewer, secret, self.cookie)

    async def _awaiting(
        self,
        session: AsyncSession,
        request: Request,
        person: Person,
        now: dt.datetime,
        amr: tuple[str, ...],
        *,
        enrols: bool,
    ) -> SignedIn:
        """A session that leads to the second step.

        The secret of whom `enrols` there is this session's alone: nobody else who knows the password can slip theirs in.
        """
        secret = secrets.token_urlsafe(SECRET_BYTES)
        row = await self._renewed(session, request, person, secret, now, amr, awaits_second_factor=True)
        if enrols:
            row.enrolment_secret = self.seal.closed(new_secret(), enrolment_owner(row.id))
        LOGGER.info("second step awaited", session=str(row.id), person=str(person.id))
        return SignedIn(Viewer.anonymous(), secret, self.cookie, awaits_second_factor=True)

    async def _renewed(
        self,
        session: AsyncSession,
        request: Request,
        person: Person,
        secret: str,
        now: dt.datetime,
        amr: tuple[str, ...],
        *,
        awaits_second_factor: bool = False,
    ) -> LoginSession:
        """A new session in place of the browser's former one, whose secret may have been planted or be known."""
        await forget_sessions(session, now)
        await end_session(session, self.secret(request), now)
        return await open_session(
            session,
            person,
            secret,
            request.headers.get("user-agent", ""),
            session_id=self._ids(),
            now=now,
            terms=self.terms,
            amr=amr,
            awaits_second_factor=awaits_second_factor,
        )

    async def _live(self, connection: HTTPConnection) -> LiveSession | None:
        secret = self.secret(connection)
        if not secret:
            return None
        now = self._clock()
        async with self._reads.connect() as reads:
            live = await live_session(reads, secret, now, self.terms)
        if live is not None and now - live.last_seen_at >= SEEN_AGAIN_AFTER:
            async with self._transaction() as session:
                await keep_session(session, live.session_id, now)
        return live

    async def live_in(self, session: AsyncSession, connection: HTTPConnection) -> LiveSession | None:
        """The live session of a cookie, read in a transaction of the system's."""
        live = await live_session(await session.connection(), self.secret(connection), self._clock(), self.terms)
        return live if live is not None and live.audience in self._served else None

    def serves(self, audience: Audience) -> bool:
        """Whether people of this audience sign in here."""
        return audience in self._served

    def secret(self, connection: HTTPConnection) -> str:
        """What the session cookie holds."""
        return connection.cookies.get(self.cookie.name, "")

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(self._database, SYSTEM)


def enrolment_owner(session_id: UUID) -> str:
    """Whose secret a session holds, so that nobody's can be put in another's place."""
    return f"login_session {session_id}"


def network_address(request: Request) -> str:
    """The network address that asks. Forwarding headers count when they come from a proxy of the settings (uvicorn)."""
    return request.client.host if request.client is not None else ""
