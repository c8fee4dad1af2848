"""`quadrant client`: programs that may ask for tokens."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from domain.identity.client_tables import Client, ClientAuthentication, ClientSecret
from domain.identity.clients import CODE_GRANT, REFRESH_GRANT, Registration, add_client, add_secret, find_client
from domain.identity.invitations import invite as invite_programs
from domain.identity.people import normal_email, person_by_email
from foundation.clock import system_clock
from foundation.ids import system_ids
from foundation.session import transaction
from foundation.settings import Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import CommandError, reported
from segments.audiences import Audience
from segments.viewer import Viewer

SYSTEM = Viewer.system().row_settings()
SECRETS = (ClientAuthentication.SECRET_BASIC, ClientAuthentication.SECRET_POST)
LISTED_MAX = 1_000

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def client() -> None:
    """Register programs that may ask for tokens, give them secrets, switch them off."""


@app.command()
def add(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID", help="The program's public name.")],
    name: Annotated[str, typer.Option(help="What people read on the consent page.")],
    grant: Annotated[
        list[str] | None, typer.Option(help="A grant; by default authorization_code, refresh_token.")
    ] = None,
    redirect: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Where people are led back to.")] = None,
    signed_out: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Where people are led after signing out.")
    ] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A scope it may ask for; may be given again.")] = None,
    audience: Annotated[list[Audience] | None, typer.Option(help="Whose people may use it; by default all.")] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Whose rights it never exceeds; a machine acts for them.")
    ] = None,
    auth: Annotated[
        ClientAuthentication, typer.Option(help="How it proves who it is.")
    ] = ClientAuthentication.SECRET_BASIC,
    jwks: Annotated[typer.FileText | None, typer.Option(help="Its public keys, for private_key_jwt.")] = None,
    backchannel: Annotated[
        str | None, typer.Option("--backchannel-logout", metavar="ADDRESS", help="Told when a session of its ends.")
    ] = None,
    first_party: Annotated[bool, typer.Option("--first-party", help="Our own: nobody is asked to agree.")] = False,
    introspects: Annotated[bool, typer.Option("--introspects", help="May ask about anybody's tokens.")] = False,
    dpop: Annotated[bool, typer.Option("--dpop", help="Gets tokens bound to its key only (DPoP).")] = False,
) -> None:
    """Register a program. Prints its secret, if it has one, alone on standard output: it is shown this once."""
    with reported():
        registration = Registration(
            name=name,
            authentication=auth,
            grants=grant or ([CODE_GRANT, REFRESH_GRANT] if redirect else []),
            redirect_uris=redirect or [],
            post_logout_redirect_uris=signed_out or [],
            scopes=scope or [],
            audiences=audience or [],
            jwks=None if jwks is None else jwks.read(),
            backchannel_logout_uri=backchannel,
            dpop_bound=dpop,
            first_party=first_party,
            introspects=introspects,
        )
        secret = asyncio.run(_added(read_settings(), client_id, registration, owner))
        if secret is not None:
            typer.echo(secret)


@app.command("list")
def listed() -> None:
    """Print all programs, one JSON object a line."""
    with reported():
        for facts in asyncio.run(_listed(read_settings())):
            typer.echo(json.dumps(facts, ensure_ascii=False))


@app.command()
def secret(client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID")]) -> None:
    """Give a program another secret; the one it has works on. Two live at most. Prints it alone, this once."""
    with reported():
        typer.echo(asyncio.run(_another_secret(read_settings(), client_id)))


@app.command()
def retire(client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID")]) -> None:
    """Revoke all secrets of a program but its newest. Prints how many there were."""
    with reported():
        typer.echo(asyncio.run(_retired(read_settings(), client_id)))


@app.command()
def disable(client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID")]) -> None:
    """Switch a program off: it gets no tokens any more, and what it holds ends at once."""
    with reported():
        asyncio.run(_disabled(read_settings(), client_id))


@app.command()
def invite(
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="Whose programs they will be, and whose rights at most.")],
    uses: Annotated[int, typer.Option(help="How many programs may register with it.")] = 1,
    days: Annotated[int, typer.Option(help="How long it is good for.")] = 7,
) -> None:
    """Print an initial access token, with which programs register themselves at /oauth/register (RFC 7591)."""
    with reported():
        typer.echo(asyncio.run(_invited(read_settings(), owner, uses, dt.timedelta(days=days))))


async def _invited(settings: Settings, owner: str, uses: int, valid_for: dt.timedelta) -> str:
    now, ids = system_clock(), system_ids(system_clock)
    async with opened(settings) as database, transaction(database, SYSTEM) as session:
        person = await person_by_email(session, normal_email(owner))
        if person is None or not person.active:
            raise CommandError(f"nobody signs in as {owner}")
        return await invite_programs(session, person, uses=uses, valid_for=valid_for, now=now, row_id=ids())


async def _added(settings: Settings, client_id: str, registration: Registration, owner: str | None) -> str | None:
    now, ids = system_clock(), system_ids(system_clock)
    async with opened(settings) as database, transaction(database, SYSTEM) as session:
        person = None if owner is None else await person_by_email(session, normal_email(owner))
        if owner is not None and person is None:
            raise CommandError(f"nobody signs in as {owner}")
        if await session.scalar(sa.select(Client.id).where(Client.client_id == client_id)) is not None:
            raise CommandError(f"there is a program {client_id} already")
        row = await add_client(session, registration, person, now, ids(), client_id)
        return await add_secret(session, row, now, ids()) if row.authentication in SECRETS else None


async def _listed(settings: Settings) -> list[dict[str, Any]]:
    async with opened(settings) as database, transaction(database, SYSTEM) as session:
        rows = (await session.scalars(sa.select(Client).order_by(Client.client_id).limit(LISTED_MAX))).all()
    return [
        {
            "client_id": row.client_id,
            "name": row.name,
            "active": row.active,
            "authentication": row.authentication.value,
            "grants": row.grants,
            "scopes": row.scopes,
            "last_used_at": None if row.last_used_at is None else row.last_used_at.isoformat(),
        }
        for row in rows
    ]


async def _another_secret(settings: Settings, client_id: str) -> str:
    now, ids = system_clock(), system_ids(system_clock)
    async with opened(settings) as database, transaction(database, SYSTEM) as session:
        row = await find_client(session, client_id)
        if row is None:
            raise CommandError(f"there is no program {client_id}")
        return await add_secret(session, row, now, ids())


async def _retired(settings: Settings, client_id: str) -> int:
    async with opened(settings) as database, transaction(database, SYSTEM) as session:
        row = await find_client(session, client_id)
        if row is None:
            raise CommandError(f"there is no program {client_id}")
        live = (ClientSecret.client_id == row.id, ClientSecret.revoked_at.is_(None))
        newest = sa.select(sa.func.max(sa.cast(ClientSecret.id, sa.Text))).where(*live).scalar_subquery()
        older = sa.update(ClientSecret).where(*live, sa.cast(ClientSecret.id, sa.Text) != newest)
        ended = await session.execute(older.values(revoked_at=system_clock()).returning(ClientSecret.id))
        return len(ended.all())


async def _disabled(settings: Settings, client_id: str) -> None:
    async with opened(settings) as database, transaction(database, SYSTEM) as session:
        row = await find_client(session, client_id)
        if row is None:
            raise CommandError(f"there is no program {client_id}")
        row.active = False
