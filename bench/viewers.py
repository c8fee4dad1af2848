"""Who asks: buyers of enterprises with a customer, a clearance and compartments, each with a bearer token."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bench.seed import VIEWERS, key_of
from domain.identity.keys import signing_key
from domain.identity.sealing import Seal
from domain.identity.tables import Person
from domain.identity.tokens import Authority, mint
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import system_ids
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


async def callers(settings: Settings, database: Database) -> list[Caller]:
    """The viewers of a seeded database by number, from 1; the first place is nobody's."""
    now, new_id = system_clock(), system_ids(system_clock)
    authority = Authority.of(settings)
    found: list[Caller] = []
    async with transaction(database, Viewer.system().row_settings()) as session:
        key = await signing_key(session, Seal.of(settings), now, new_id, dt.timedelta(days=settings.signing_key_days))
        for number in range(VIEWERS + 1):
            person = await session.scalar(sa.select(Person).where(Person.id == key_of("person", max(number, 1))))
            assert person is not None, "the seed makes them"
            token = mint(
                person,
                scopes_of(person.audience, person.roles),
                client_id="bench",
                authority=authority,
                key=key,
                token_id=new_id(),
                now=now,
                valid_for=VALID_FOR,
            )
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
