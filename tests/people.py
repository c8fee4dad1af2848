"""People for tests of identity: rows in a database of the test's own, so that edges may commit."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, Segment
from domain.identity.authenticators import owner_of
from domain.identity.keys import signing_key
from domain.identity.passwords import hash_password
from domain.identity.sealing import Seal
from domain.identity.tables import Authenticator, Person
from domain.identity.tokens import Authority, mint
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import system_ids
from foundation.session import transaction
from foundation.settings import Settings
from segments.audiences import STAFF, Audience
from segments.classification import Classification
from segments.viewer import Viewer

IDS = system_ids(system_clock)
SYSTEM = Viewer.system().row_settings()
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "correct horse 电池"
PASSWORD_HASH = hash_password(PASSWORD)


def person(
    email: str,
    audience: Audience = STAFF,
    *,
    name: str = "李伟",
    roles: tuple[str, ...] = (),
    clearance: Classification = Classification.INTERNAL,
    compartments: tuple[str, ...] = (),
    customer_id: UUID | None = None,
    active: bool = True,
    password_hash: str = PASSWORD_HASH,
) -> Person:
    """Somebody who can sign in with `PASSWORD`."""
    return Person(
        id=IDS(),
        email=email,
        name=name,
        audience=audience,
        customer_id=customer_id,
        employee_id=None,
        clearance=clearance,
        compartments=list(compartments),
        roles=list(roles),
        password_hash=password_hash,
        active=active,
        created_at=system_clock(),
    )


def organisation(name: str) -> Customer:
    """An enterprise customer."""
    now = system_clock()
    return Customer(
        id=IDS(),
        kind=CustomerKind.ORGANISATION,
        segment=Segment.ENTERPRISE,
        status=CustomerStatus.ACTIVE,
        name=name,
        key_account=False,
        created_at=now,
        updated_at=now,
    )


def authenticator(someone: Person, settings: Settings) -> Authenticator:
    """The app of a person that shows the codes of `TOTP_SECRET`."""
    sealed = Seal.of(settings).closed(TOTP_SECRET, owner_of(someone.id))
    return Authenticator(id=IDS(), person_id=someone.id, secret=sealed, created_at=system_clock())


async def store(database: Database, *rows: Person | Customer | Authenticator) -> None:
    """Commit rows as the system."""
    async with transaction(database, SYSTEM) as session:
        for row in rows:
            session.add(row)
            await session.flush()


async def token_of(
    database: Database,
    settings: Settings,
    someone: Person,
    *scopes: str,
    now: dt.datetime | None = None,
    valid_for: dt.timedelta = dt.timedelta(minutes=5),
    amr: tuple[str, ...] = (),
) -> str:
    """An access token of a person, as `quadrant token` mints it."""
    instant = now or system_clock()
    async with transaction(database, SYSTEM) as session:
        key = await signing_key(session, Seal.of(settings), instant, IDS, dt.timedelta(days=settings.signing_key_days))
    return mint(
        someone,
        frozenset(scopes),
        client_id="test",
        authority=Authority.of(settings),
        key=key,
        token_id=IDS(),
        now=instant,
        valid_for=valid_for,
        amr=amr,
        auth_time=instant,
        # Nobody whom no database knows loses a right there.
        standings=[] if sa.inspect(someone).transient else [someone.standing],
    )
