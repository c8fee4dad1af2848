"""What somebody does about the security of their own account: password, factors, recovery codes, sessions.

Factors are changed by who has proved who they are within the last minutes, so that a desk left alone gives nothing away.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
import structlog
from anyio.to_thread import run_sync
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from domain.identity.attempts import AttemptLimits, count_attempt, forgive_account
from domain.identity.authenticators import (
    add_authenticator,
    address_of,
    code_of,
    matching_step,
    new_secret,
    remove_authenticator,
    step_at,
)
from domain.identity.farewells import note_ended
from domain.identity.grants import revoke_grants_of_person, revoke_grants_of_sessions
from domain.identity.passkeys import (
    RelyingParty,
    add_passkey,
    new_challenge,
    passkeys_of,
    proved_by_passkey,
    registration_options,
    remove_passkey,
    spend_challenge,
)
from domain.identity.passwords import check_new_password, hash_password, verify_password
from domain.identity.recovery import renew_recovery_codes
from domain.identity.second_factors import BY_CODE, Factors, factors_of, require_another
from domain.identity.sessions import LiveSession, end_other_sessions, end_own_session, sessions_of
from domain.identity.tables import LoginSession, Passkey, Person
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.refusals import Refusal
from foundation.session import transaction
from foundation.settings import Settings
from portal.second_steps import Enrolment
from portal.sessions import SYSTEM, Sessions, enrolment_owner, network_address

LOGGER = structlog.get_logger("portal.account_security")
FRESH_FOR = dt.timedelta(minutes=15)


class Own(NamedTuple):
    """Somebody at work on their own account, in a transaction."""

    session: AsyncSession
    live: LiveSession
    row: LoginSession
    person: Person


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows. `fresh`: factors may be changed. `enrolment`: an authenticator is being set up."""

    email: str
    factors: Factors
    needs_factor: bool
    passkeys: Sequence[Passkey]
    sessions: Sequence[LoginSession]
    present: UUID
    fresh: bool
    enrolment: Enrolment | None
    shown_code: str | None


class AccountSecurity:
    """Everybody's own account, in one process."""

    def __init__(self, settings: Settings, database: Database, sessions: Sessions, clock: Clock, ids: Ids) -> None:
        self._sessions = sessions
        self._seal = sessions.seal
        self._terms = sessions.terms
        self._party = RelyingParty.of(settings)
        self._limits = AttemptLimits.of(settings)
        self._demonstration = settings.demonstration
        self._database = database
        self._clock = clock
        self._ids = ids

    async def overview(self, request: Request) -> Overview:
        """Everything about the account of who is signed in."""
        async with self.own(request) as (session, live, row, person):
            now, enrolment, code = self._clock(), None, None
            fresh = self._is_fresh(live)
            if fresh and row.enrolment_secret is not None:
                secret = self._seal.opened(row.enrolment_secret, enrolment_owner(row.id))
                enrolment = Enrolment(secret, address_of(secret, person.email))
                code = code_of(secret, step_at(now)) if self._demonstration else None
            return Overview(
                email=person.email,
                factors=await factors_of(session, person.id),
                needs_factor=self._terms.second_factor.demands(person.audience, person.clearance),
                passkeys=await passkeys_of(session, person.id),
                sessions=await sessions_of(session, person.id, person.audience, now, self._terms),
                present=row.id,
                fresh=fresh,
                enrolment=enrolment,
                shown_code=code,
            )

    async def prove(self, request: Request, password: str) -> None:
        """Prove by the password once more who is at the desk; factors may then be changed for some minutes."""
        await self._check_password(request, password)
        async with self.own(request) as (session, _, row, person):
            row.authenticated_at = self._clock()
            await forgive_account(session, person.email)

    async def change_password(self, request: Request, password: str, new_password: str) -> None:
        """Replace the password; all other sessions end, whoever sits at them, and what was granted to programs there."""
        async with self.own(request) as (_, _, _, person):
            check_new_password(new_password, person.email)
        await self._check_password(request, password)
        new_hash = await run_sync(hash_password, new_password, limiter=self._sessions.hashing)
        async with self.own(request) as (session, live, row, person):
            person.password_hash = new_hash
            row.authenticated_at = self._clock()
            await self._end_others(session, person.id, live.session_id)
            await revoke_grants_of_person(session, person.id, self._clock(), self._ids, kept_session=live.session_id)
            await forgive_account(session, person.email)
            LOGGER.info("password changed", person=str(person.id))

    async def begin_authenticator(self, request: Request) -> None:
        """Offer a secret; the authenticator from before stays until a code proves the new one."""
        async with self.own(request, fresh=True) as (_, _, row, _):
            row.enrolment_secret = self._seal.closed(new_secret(), enrolment_owner(row.id))

    async def finish_authenticator(self, request: Request, code: str) -> list[str]:
        """Take the new authenticator. The first factor brings recovery codes, which are answered."""
        now = self._clock()
        async with self.own(request, fresh=True) as (session, _, row, person):
            if row.enrolment_secret is None:
                raise Refusal("NOT_FOUND")
            secret = self._seal.opened(row.enrolment_secret, enrolment_owner(row.id))
            step = matching_step(secret, "".join(code.split()), now)
            if step is None:
                raise Refusal("SECOND_FACTOR_REFUSED", ("code",))
            before = await factors_of(session, person.id)
            await add_authenticator(session, self._seal, person.id, secret, row_id=self._ids(), now=now, step=step)
            await self._proved_first(session, row, before)
            row.enrolment_secret = None
            row.amr = [*row.amr, *(word for word in BY_CODE if word not in row.amr)]
            LOGGER.info("authenticator set up", person=str(person.id))
            return [] if before.recovery_codes else await self._new_codes(session, person)

    async def remove_authenticator(self, request: Request) -> None:
        """Do without the authenticator, if another factor is left or none is needed."""
        async with self.own(request, fresh=True) as (session, _, _, person):
            await remove_authenticator(session, person.id)
            await require_another(session, person, self._terms.second_factor)
            LOGGER.info("authenticator removed", person=str(person.id))

    async def passkey_options(self, request: Request) -> str:
        """What the browser hands to a device that shall become a passkey, as JSON."""
        async with self.own(request, fresh=True) as (session, _, _, person):
            challenge = await new_challenge(session, person.id, self._clock(), self._ids)
            return registration_options(self._party, person, await passkeys_of(session, person.id), challenge)

    async def add_passkey(self, request: Request, credential: str, name: str) -> list[str]:
        """Take the passkey that a device made. The first factor brings recovery codes, which are answered."""
        now = self._clock()
        async with self.own(request, fresh=True) as (session, _, _, person):
            challenge = await spend_challenge(session, credential, person.id, now)
        if challenge is None:
            raise Refusal("PASSKEY_REFUSED")
        async with self.own(request, fresh=True) as (session, _, row, person):
            before = await factors_of(session, person.id)
            made = await add_passkey(
                session, self._party, person.id, credential, challenge, name=name, row_id=self._ids(), now=now
            )
            await self._proved_first(session, row, before)
            row.amr = [*row.amr, *(word for word in proved_by_passkey(made) if word not in row.amr)]
            LOGGER.info("passkey added", person=str(person.id))
            return [] if before.recovery_codes else await self._new_codes(session, person)

    async def remove_passkey(self, request: Request, passkey_id: UUID) -> None:
        """Do without a passkey, likewise."""
        async with self.own(request, fresh=True) as (session, _, _, person):
            await remove_passkey(session, person.id, passkey_id)
            await require_another(session, person, self._terms.second_factor)
            LOGGER.info("passkey removed", person=str(person.id))

    async def renew_codes(self, request: Request) -> list[str]:
        """New recovery codes in place of the old, for who has a factor that they stand in for."""
        async with self.own(request, fresh=True) as (session, _, _, person):
            if not await factors_of(session, person.id):
                raise Refusal("SECOND_FACTOR_MISSING")
            return await self._new_codes(session, person)

    async def end_session(self, request: Request, session_id: UUID) -> None:
        """End one of the sessions, and what was granted to programs in it."""
        async with self.own(request) as (session, _, _, person):
            await self._ended(session, await end_own_session(session, person.id, session_id, self._clock()))

    async def end_others(self, request: Request) -> None:
        """End all sessions but this one, likewise."""
        async with self.own(request) as (session, live, _, person):
            await self._end_others(session, person.id, live.session_id)

    @asynccontextmanager
    async def own(self, request: Request, *, fresh: bool = False) -> AsyncGenerator[Own]:
        """The account of who is signed in; refused when nobody is, or not `fresh` enough for what they want."""
        async with transaction(self._database, SYSTEM) as session:
            live = await self._sessions.live_in(session, request)
            if live is None:
                raise Refusal("SIGN_IN_EXPIRED")
            if fresh and not self._is_fresh(live):
                raise Refusal("PASSWORD_NEEDED")
            found = sa.select(LoginSession, Person).join(LoginSession.person)
            held = found.where(LoginSession.id == live.session_id).with_for_update()
            row, person = (await session.execute(held)).one()
            yield Own(session, live, row, person)

    async def _proved_first(self, session: AsyncSession, row: LoginSession, before: Factors) -> None:
        """With somebody's first factor all other sessions end: they proved none, and one's password would change it there."""
        if not before:
            await self._end_others(session, row.person_id, row.id)

    async def _end_others(self, session: AsyncSession, person_id: UUID, kept: UUID) -> None:
        await self._ended(session, await end_other_sessions(session, person_id, kept, self._clock()))

    async def _ended(self, session: AsyncSession, ended: Sequence[UUID]) -> None:
        """Have the programs told of sessions that have ended, and end what was granted in them."""
        await note_ended(session, ended, self._clock(), self._ids)
        await revoke_grants_of_sessions(session, ended, self._clock(), self._ids)

    async def _check_password(self, request: Request, password: str) -> None:
        """Refuse a wrong password. Attempts are counted with those at the sign-in, before it is looked at."""
        async with self.own(request) as (session, _, _, person):
            email, stored, now = person.email, person.password_hash, self._clock()
            refusal = await count_attempt(session, email, network_address(request), now, self._limits, self._ids)
        if refusal is not None:
            raise refusal
        if not await run_sync(verify_password, stored, password, limiter=self._sessions.hashing):
            LOGGER.info("password refused", person=str(person.id))
            raise Refusal("PASSWORD_WRONG", ("password",))

    async def _new_codes(self, session: AsyncSession, person: Person) -> list[str]:
        LOGGER.info("recovery codes made", person=str(person.id))
        return await renew_recovery_codes(session, person.id, self._clock(), self._ids, secrets.token_bytes)

    def _is_fresh(self, live: LiveSession) -> bool:
        return self._clock() - live.authenticated_at < FRESH_FOR
