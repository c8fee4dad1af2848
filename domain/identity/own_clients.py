"""A company's own programs: its people register them, choose among the company's rights, and replace their secrets."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, CustomerStatus
from domain.identity.client_tables import Client, ClientAuthentication, ClientSecret
from domain.identity.clients import CODE_GRANT, MACHINE_GRANT, REFRESH_GRANT, Registration, add_client, add_secret
from domain.identity.tables import Person
from foundation.refusals import Refusal
from segments.viewer import Viewer

# More than any partner has had; whoever needs more has forgotten to switch some off.
CLIENTS_MAX = 50


class ClientKind(enum.Enum):
    """What a program is: a machine acting for who made it, a web server, or an app that can keep no secret."""

    MACHINE = "MACHINE"
    WEB = "WEB"
    APP = "APP"


GRANTS: dict[ClientKind, tuple[str, ...]] = {
    ClientKind.MACHINE: (MACHINE_GRANT,),
    ClientKind.WEB: (CODE_GRANT, REFRESH_GRANT),
    ClientKind.APP: (CODE_GRANT, REFRESH_GRANT),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A program, and a secret of it that is told this once; none for one that can keep none."""

    client_id: UUID
    secret: str | None


async def register_client(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Callable[[], UUID],
    *,
    name: str,
    kind: ClientKind,
    scopes: Sequence[str],
    redirect_uris: Sequence[str],
) -> Told:
    """Register a program of the viewer's company, that never does more than the viewer can."""
    owner = None if viewer.person_id is None else await session.get(Person, viewer.person_id)
    company = None if owner is None or owner.customer_id is None else await session.get(Customer, owner.customer_id)
    if owner is None or company is None or company.status is CustomerStatus.CLOSED:
        raise Refusal("CLIENT_NEEDS_COMPANY")
    _check_handed_on(viewer, scopes, ("scopes",))
    # Two who register at once would not see each other's program.
    await session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"clients of {company.id}", 0)))
    )
    active = sa.select(sa.func.count()).where(Client.customer_id == owner.customer_id, Client.active)
    if (await session.scalar(active) or 0) >= CLIENTS_MAX:
        raise Refusal("CLIENTS_TOO_MANY", maximum=CLIENTS_MAX)
    secret = kind is not ClientKind.APP
    registration = Registration(
        name=name,
        authentication=ClientAuthentication.SECRET_BASIC if secret else ClientAuthentication.NONE,
        grants=GRANTS[kind],
        redirect_uris=redirect_uris,
        scopes=scopes,
        audiences=(owner.audience,),
    )
    row_id = new_id()
    row = await add_client(session, registration, owner, now, row_id, row_id.hex)
    return Told(row.id, await add_secret(session, row, now, new_id()) if secret else None)


async def add_client_secret(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Callable[[], UUID], *, client: UUID
) -> Told:
    """Another secret of a program; the one it has works on until it is revoked.

    Whoever has a secret acts with the rights of who made the program, so that person alone makes another.
    """
    row = await _own(session, viewer, client)
    if row.owner_id != viewer.person_id:
        raise Refusal("CLIENT_OF_ANOTHER", ("client",))
    _check_handed_on(viewer, row.scopes, ("client",))
    return Told(row.id, await add_secret(session, row, now, new_id()))


async def revoke_client_secret(session: AsyncSession, viewer: Viewer, now: dt.datetime, *, secret: UUID) -> UUID:
    """Let a secret work no more. Tokens that it brought end within minutes."""
    mine = (ClientSecret.id == secret, ClientSecret.customer_id == viewer.customer_id)
    row = await session.scalar(sa.select(ClientSecret).where(*mine, ClientSecret.revoked_at.is_(None)))
    if row is None:
        raise Refusal("NOT_FOUND", ("secret",))
    row.revoked_at = now
    return row.client_id


async def disable_client(session: AsyncSession, viewer: Viewer, *, client: UUID) -> UUID:
    """Switch a program off for good. The table ends what anybody granted it and the tokens it holds, which no colleague sees."""
    row = await _own(session, viewer, client)
    row.active = False
    return row.id


def _check_handed_on(viewer: Viewer, scopes: Sequence[str], path: tuple[str, ...]) -> None:
    """A program that manages programs hands on no right but its own."""
    for place, scope in enumerate(scopes):
        if ":" in scope and scope not in viewer.scopes:
            raise Refusal("SCOPE_NOT_HELD", (*path, place), scope=scope)


async def _own(session: AsyncSession, viewer: Viewer, client: UUID) -> Client:
    mine = (Client.id == client, Client.customer_id == viewer.customer_id, Client.active)
    row = await session.scalar(sa.select(Client).where(*mine))
    if row is None:
        raise Refusal("NOT_FOUND", ("client",))
    return row
