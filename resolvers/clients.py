"""How a company's programs are answered and changed."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from domain.identity import own_clients as rules
from domain.identity.own_clients import ClientKind
from resolvers.planner.declare import CUSTOMER, PERSON
from resolvers.planner.mutations import Act


def clients(client: sa.FromClause) -> sa.ColumnElement[bool]:
    """The company's programs that are not switched off."""
    return sa.and_(client.c.customer_id == CUSTOMER, client.c.active)


def live(secret: sa.FromClause) -> sa.ColumnElement[bool]:
    """Secrets that work."""
    return secret.c.revoked_at.is_(None)


def mine(client: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the viewer made the program, whose rights it has; nobody else makes it another secret."""
    return client.c.owner_id.is_not_distinct_from(PERSON)


async def register_client(
    act: Act, *, name: str, kind: ClientKind, scopes: list[str], redirect_uris: list[str] | None = None
) -> Mapping[str, UUID | str | None]:
    """See `domain.identity.own_clients`."""
    told = await rules.register_client(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        name=name,
        kind=kind,
        scopes=scopes,
        redirect_uris=redirect_uris or [],
    )
    return {"client": told.client_id, "secret": told.secret}


async def add_client_secret(act: Act, *, client: UUID) -> Mapping[str, UUID | str | None]:
    """See `domain.identity.own_clients`."""
    told = await rules.add_client_secret(act.session, act.viewer, act.now, act.new_id, client=client)
    return {"client": told.client_id, "secret": told.secret}


async def revoke_client_secret(act: Act, *, secret: UUID) -> UUID:
    """See `domain.identity.own_clients`."""
    return await rules.revoke_client_secret(act.session, act.viewer, act.now, secret=secret)


async def disable_client(act: Act, *, client: UUID) -> UUID:
    """See `domain.identity.own_clients`."""
    return await rules.disable_client(act.session, act.viewer, client=client)
