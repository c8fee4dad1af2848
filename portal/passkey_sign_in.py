"""Signing in by passkey: a challenge for the browser, and a session for whoever's device signed it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from domain.identity.passkeys import (
    RelyingParty,
    new_challenge,
    proved_by_passkey,
    sign_in_options,
    spend_challenge,
    use_passkey,
)
from domain.identity.tables import Person
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.refusals import Refusal
from foundation.session import transaction
from foundation.settings import Settings
from portal.refused_sign_ins import Attempt
from portal.sessions import SYSTEM, Sessions, SignedIn

LOGGER = structlog.get_logger("portal.passkey_sign_in")


class PasskeySignIn:
    """Sign-ins by passkey of one process."""

    def __init__(self, settings: Settings, database: Database, sessions: Sessions, clock: Clock, ids: Ids) -> None:
        self._party = RelyingParty.of(settings)
        self._sessions = sessions
        self._database = database
        self._clock = clock
        self._ids = ids

    async def options(self) -> str:
        """What the browser asks a device to sign, as JSON."""
        async with self._transaction() as session:
            return sign_in_options(self._party, await new_challenge(session, None, self._clock(), self._ids))

    async def sign_in(self, request: Request, credential: str) -> SignedIn:
        """Open a session for the owner of the device that signed, or refuse: in the same words whatever was wrong."""
        async with self._sessions.noting_refusals(request, "passkey") as attempt:
            return await self._sign_in(request, credential, attempt)

    async def _sign_in(self, request: Request, credential: str, attempt: Attempt) -> SignedIn:
        now = self._clock()
        async with self._transaction() as session:
            challenge = await spend_challenge(session, credential, None, now)
        if challenge is None:
            LOGGER.info("passkey refused", reason="challenge")
            raise Refusal("PASSKEY_REFUSED")
        async with self._transaction() as session:
            passkey = await use_passkey(session, self._party, credential, challenge, now)
            person = await session.get_one(Person, passkey.person_id)
            attempt.person_id = person.id
            if not person.active or not self._sessions.serves(person.audience):
                LOGGER.info("passkey refused", reason="person")
                raise Refusal("PASSKEY_REFUSED")
            return await self._sessions.opened(session, request, person, now, proved_by_passkey(passkey))

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(self._database, SYSTEM)
