"""Who asks: buyers of enterprises with a customer, a clearance and compartments, each with a bearer token."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from bench.seed import VIEWERS, key_of
from domain.identity.keys import signing_key
from domain.identity.sealing import Seal
from domain.identity.tables import Person
from domain.identity.tokens import Authority, mint
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import Ids, system_ids
from foundation.session import transaction
from foundation.settings import Settings
from segments.scopes import scopes_of
from segments.viewer import Viewer

VALID_FOR = dt.timedelta(hours=12)


@dataclass(frozen=True)
class Caller:
    """One of them: the token that ours verifies, and the same facts for subjects that believe what they are told."""

    token: str
    settings: tuple[str, ...]


async def token_of(
    settings: Settings, session: AsyncSession, person: Person, now: dt.datetime, new_id: Ids, *, valid_for: dt.timedelta
) -> str:
    """A bearer token of somebody with all their scopes."""
    key = await signing_key(session, Seal.of(settings), now, new_id, dt.timedelta(days=settings.signing_key_days))
    return mint(
        person,
        scopes_of(person.audience, person.roles),
        client_id="bench",
        authority=Authority.of(settings),
        key=key,
        token_id=new_id(),
        now=now,
        valid_for=valid_for,
    )


async def callers(settings: Settings, database: Database) -> list[Caller]:
    """The viewers of a seeded database by number, from 1; the first place is nobody's."""
    now, new_id = system_clock(), system_ids(system_clock)
    found: list[Caller] = []
    async with transaction(database, Viewer.system().row_settings()) as session:
        for number in range(VIEWERS + 1):
            person = await session.scalar(sa.select(Person).where(Person.id == key_of("person", max(number, 1))))
            assert person is not None, "the seed makes them"
            token = await token_of(settings, session, person, now, new_id, valid_for=VALID_FOR)
            viewer = Viewer(
                person.audience,
                person.id,
                person.customer_id,
                clearance=person.clearance,
                compartments=frozenset(person.compartments),
                roles=frozenset(person.roles),
            )
            found.append(Caller(token, viewer.settings))
    return found
