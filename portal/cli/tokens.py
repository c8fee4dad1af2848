"""`quadrant token`: a bearer token for a program of a person, until the OAuth server issues them."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated

import typer

from domain.audit.recording import record_token
from domain.identity.keys import signing_key
from domain.identity.people import normal_email, person_by_email
from domain.identity.sealing import Seal
from domain.identity.tokens import Authority, granted_scopes, lifetime, mint
from foundation.clock import system_clock
from foundation.ids import system_ids
from foundation.session import transaction
from foundation.settings import Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import CommandError, reported
from segments.viewer import Viewer

CLIENT = "quadrant-cli"

app = typer.Typer(add_completion=False)


@app.command()
def token(
    person: Annotated[str, typer.Option(metavar="EMAIL", help="Whose token; `quadrant demo --people` lists them.")],
    scope: Annotated[
        list[str] | None, typer.Option(metavar="SCOPE", help="A scope the token shall hold; may be given again.")
    ] = None,
) -> None:
    """Print a bearer token of a person, alone on standard output. Without --scope it holds no scope."""
    with reported():
        typer.echo(asyncio.run(minted(read_settings(), person, scope or [])))


async def minted(settings: Settings, email: str, scopes: list[str]) -> str:
    """A token of whoever signs in with this address."""
    now, ids = system_clock(), system_ids(system_clock)
    async with opened(settings) as database, transaction(database, Viewer.system().row_settings()) as session:
        person = await person_by_email(session, normal_email(email))
        if person is None or not person.active:
            raise CommandError(f"nobody signs in as {email}")
        if person.audience.value not in settings.served_views:
            raise CommandError(f"this installation does not serve the audience {person.audience.value}")
        granted, token_id, valid_for = granted_scopes(person, scopes), ids(), lifetime(settings, person.audience)
        await record_token(
            session,
            Viewer(person.audience, person_id=person.id, client_id=CLIENT),
            row_id=ids(),
            token_id=token_id,
            grant_id=None,
            scopes=granted,
            expires_at=now + valid_for,
        )
        return mint(
            person,
            granted,
            client_id=CLIENT,
            authority=Authority.of(settings),
            key=await signing_key(session, Seal.of(settings), now, ids, dt.timedelta(days=settings.signing_key_days)),
            token_id=token_id,
            now=now,
            valid_for=valid_for,
            standings=[person.standing],
        )
