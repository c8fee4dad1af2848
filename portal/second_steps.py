"""The second step of signing in: who waits for it, a code that passes it, and setting up a factor where one is needed."""

from __future__ import annotations

import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from domain.identity.attempts import AttemptLimits, count_attempt
from domain.identity.authenticators import add_authenticator, address_of, code_of, matching_step, shown_code, step_at
from domain.identity.passkeys import (
    RelyingParty,
    add_passkey,
    new_challenge,
    proved_by_passkey,
    registration_options,
    spend_challenge,
)
from domain.identity.recovery import renew_recovery_codes
from domain.identity.second_factors import BY_CODE, Factors, factors_of, proved_by
from domain.identity.sessions import waiting_session
from domain.identity.tables import LoginSession
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.refusals import Refusal
from foundation.session import transaction
from foundation.settings import Settings
from portal.refused_sign_ins import Attempt
from portal.sessions import SYSTEM, Sessions, SignedIn, enrolment_owner, network_address

LOGGER = structlog.get_logger("portal.second_steps")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What somebody puts into their authenticator app."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who gave the right password and must prove more. Without factors they set one up: `enrolment`.

    `shown_code` is the code itself, in a demonstration only.
    """

    person_id: UUID
    email: str
    factors: Factors
    enrolment: Enrolment | None
    shown_code: str | None


class SecondSteps:
    """The second steps of one process."""

    def __init__(self, settings: Settings, database: Database, sessions: Sessions, clock: Clock, ids: Ids) -> None:
        self._sessions = sessions
        self._seal = sessions.seal
        self._party = RelyingParty.of(settings)
        self._limits = AttemptLimits.of(settings)
        self._demonstration = settings.demonstration
        self._database = database
        self._clock = clock
        self._ids = ids

    async def waiting(self, request: Request) -> Waiting | None:
        """Who waits at this browser."""
        async with self._transaction() as session:
            row = await waiting_session(session, self._sessions.secret(request), self._clock())
            return None if row is None else await self._described(session, row)

    async def by_code(self, request: Request, code: str) -> SignedIn:
        """Sign in with a one-time code or a recovery code, or refuse."""
        async with self._sessions.noting_refusals(request, "code") as attempt:
            return await self._by_code(request, code, attempt)

    async def _by_code(self, request: Request, code: str, attempt: Attempt) -> SignedIn:
        await self._count(request, attempt)
        now = self._clock()
        async with self._transaction() as session:
            row = await self._held(session, request)
            amr = await proved_by(session, self._seal, row.person_id, code, now)
            if not amr:
                LOGGER.info("second step refused", person=str(row.person_id))
                raise Refusal("SECOND_FACTOR_REFUSED")
            return await self._sessions.opened(session, request, row.person, now, (*row.amr, *amr))

    async def enrol(self, request: Request, code: str) -> tuple[SignedIn, list[str]]:
        """Set the authenticator up with a code of it, and sign in; recovery codes go with it."""
        async with self._sessions.noting_refusals(request, "enrolment") as attempt:
            return await self._enrol(request, code, attempt)

    async def _enrol(self, request: Request, code: str, attempt: Attempt) -> tuple[SignedIn, list[str]]:
        await self._count(request, attempt)
        now = self._clock()
        async with self._transaction() as session:
            row = await self._enrolling(session, request)
            if row.enrolment_secret is None:
                raise Refusal("SIGN_IN_EXPIRED")
            secret = self._seal.opened(row.enrolment_secret, enrolment_owner(row.id))
            step = matching_step(secret, "".join(code.split()), now)
            if step is None:
                raise Refusal("SECOND_FACTOR_REFUSED")
            await add_authenticator(session, self._seal, row.person_id, secret, row_id=self._ids(), now=now, step=step)
            return await self._enrolled(session, request, row, BY_CODE)

    async def passkey_options(self, request: Request) -> str:
        """What the browser hands to a device that shall become the first factor of who waits, as JSON."""
        async with self._transaction() as session:
            row = await self._enrolling(session, request)
            challenge = await new_challenge(session, row.person_id, self._clock(), self._ids)
            return registration_options(self._party, row.person, [], challenge)

    async def enrol_passkey(self, request: Request, credential: str, name: str) -> tuple[SignedIn, list[str]]:
        """Take the passkey that a device made, and sign in; where telephones stay outside a key is the one factor."""
        async with self._sessions.noting_refusals(request, "enrolment") as attempt:
            return await self._enrol_passkey(request, credential, name, attempt)

    async def _enrol_passkey(
        self, request: Request, credential: str, name: str, attempt: Attempt
    ) -> tuple[SignedIn, list[str]]:
        now = self._clock()
        async with self._transaction() as session:
            row = await self._enrolling(session, request)
            attempt.person_id = row.person_id
            challenge = await spend_challenge(session, credential, row.person_id, now)
        if challenge is None:
            raise Refusal("PASSKEY_REFUSED")
        async with self._transaction() as session:
            row = await self._enrolling(session, request)
            made = await add_passkey(
                session, self._party, row.person_id, credential, challenge, name=name, row_id=self._ids(), now=now
            )
            return await self._enrolled(session, request, row, proved_by_passkey(made))

    async def _count(self, request: Request, attempt: Attempt) -> None:
        """Count an attempt at a code with those at the password: in a transaction of its own, whatever comes of it."""
        now = self._clock()
        async with self._transaction() as session:
            row = await self._held(session, request)
            attempt.person_id = row.person_id
            refusal = await count_attempt(
                session, row.person.email, network_address(request), now, self._limits, self._ids
            )
        if refusal is not None:
            LOGGER.warning("second step refused", reason="too many attempts")
            raise refusal

    async def _held(self, session: AsyncSession, request: Request) -> LoginSession:
        row = await waiting_session(session, self._sessions.secret(request), self._clock())
        if row is None:
            raise Refusal("SIGN_IN_EXPIRED")
        return row

    async def _enrolling(self, session: AsyncSession, request: Request) -> LoginSession:
        """Who waits and sets up a factor. Another window of theirs may have done so: then this one leads on to it."""
        row = await self._held(session, request)
        if await factors_of(session, row.person_id):
            raise Refusal("SIGN_IN_EXPIRED")
        return row

    async def _enrolled(
        self, session: AsyncSession, request: Request, row: LoginSession, amr: tuple[str, ...]
    ) -> tuple[SignedIn, list[str]]:
        now = self._clock()
        codes = await renew_recovery_codes(session, row.person_id, now, self._ids, secrets.token_bytes)
        LOGGER.info("second factor set up", person=str(row.person_id), amr=list(amr))
        return await self._sessions.opened(session, request, row.person, now, (*row.amr, *amr)), codes

    async def _described(self, session: AsyncSession, row: LoginSession) -> Waiting:
        factors, now, enrolment, shown = await factors_of(session, row.person_id), self._clock(), None, None
        if not factors and row.enrolment_secret is not None:
            secret = self._seal.opened(row.enrolment_secret, enrolment_owner(row.id))
            enrolment = Enrolment(secret, address_of(secret, row.person.email))
            shown = code_of(secret, step_at(now)) if self._demonstration else None
        elif self._demonstration:
            shown = await shown_code(session, self._seal, row.person_id, now)
        return Waiting(row.person_id, row.person.email, factors, enrolment, shown)

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(self._database, SYSTEM)
