"""What the authorization server stands on, put together once a process, and how it signs an access token."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit.recording import record_token
from domain.identity.client_tables import AuthorizationGrant, Client
from domain.identity.grants import GrantTerms
from domain.identity.keys import signing_key
from domain.identity.sealing import Seal
from domain.identity.second_factors import SecondFactorRule
from domain.identity.tables import Person
from domain.identity.tokens import Authority, lifetime, mint
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.session import transaction
from foundation.settings import Settings
from portal.bearer import BearerTokens
from segments.audiences import Audience
from segments.classification import Classification
from segments.viewer import Viewer

# What people see above this degree they see after a second factor, which a machine has none of.
MACHINE_CEILING = Classification.INTERNAL
SYSTEM = Viewer.system().row_settings()


@dataclass(frozen=True)
class Issuer:
    """The authorization server of one process. `served`: the audiences whose people may sign in here at all."""

    settings: Settings
    database: Database
    authority: Authority
    seal: Seal
    clock: Clock
    ids: Ids
    tokens: BearerTokens
    served: frozenset[Audience]

    @cached_property
    def terms(self) -> GrantTerms:
        """How long codes and refresh tokens are good for."""
        return GrantTerms.of(self.settings)

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """One request's transaction, as the system: whoever asks is known only after it was looked up."""
        return transaction(self.database, SYSTEM)

    @cached_property
    def second_factor(self) -> SecondFactorRule:
        """Who must have proved a second factor."""
        return SecondFactorRule.of(self.settings)

    async def key(self, session: AsyncSession, now: dt.datetime) -> ECKey:
        """The key that signs now."""
        age_max = dt.timedelta(days=self.settings.signing_key_days)
        return await signing_key(session, self.seal, now, self.ids, age_max)

    def lifetime(self, person: Person | None, grant: AuthorizationGrant | None) -> dt.timedelta:
        """How long an access token lives: a machine's is short because nobody can take it back by signing out."""
        if person is None or grant is None:
            return dt.timedelta(seconds=self.settings.machine_token_seconds)
        return lifetime(self.settings, person.audience)

    async def access_token(
        self,
        session: AsyncSession,
        client: Client,
        person: Person | None,
        grant: AuthorizationGrant | None,
        scopes: frozenset[str],
        jkt: str | None,
        now: dt.datetime,
    ) -> str:
        """A signed token of a client for a person; of a machine, without a grant, for who made it or for nobody."""
        token_id, valid_for = self.ids(), self.lifetime(person, grant)
        audience = None if person is None else person.audience
        await record_token(
            session,
            Viewer(audience, person_id=None if person is None else person.id, client_id=client.client_id),
            row_id=self.ids(),
            token_id=token_id,
            grant_id=None if grant is None else grant.id,
            scopes=scopes,
            expires_at=now + valid_for,
        )
        return mint(
            person,
            scopes,
            client_id=client.client_id,
            authority=self.authority,
            key=await self.key(session, now),
            token_id=token_id,
            now=now,
            valid_for=valid_for,
            amr=() if grant is None else grant.amr,
            auth_time=None if grant is None else grant.authenticated_at,
            grant_id=None if grant is None else grant.id,
            jkt=jkt,
            standings=standings(client, person),
            ceiling=MACHINE_CEILING if grant is None else Classification.TOP_SECRET,
        )


def standings(client: Client, person: Person | None) -> frozenset[UUID]:
    """What a token rests on: its program, who made that, and the person for whom it acts."""
    people = (person, client.owner)
    return frozenset([client.standing, *(someone.standing for someone in people if someone is not None)])
