"""`quadrant factors`: for people who have lost their second factor and every recovery code."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from domain.identity.farewells import note_ended
from domain.identity.grants import revoke_grants_of_person
from domain.identity.people import normal_email, person_by_email
from domain.identity.second_factors import remove_factors
from domain.identity.sessions import end_all_sessions
from foundation.clock import system_clock
from foundation.ids import system_ids
from foundation.session import transaction
from foundation.settings import Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import CommandError, reported
from segments.viewer import Viewer

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def factors() -> None:
    """Second factors of people."""


@app.command()
def remove(
    person: Annotated[str, typer.Option(metavar="EMAIL", help="Whose; be sure that it is they who ask.")],
) -> None:
    """Remove somebody's authenticator, passkeys and recovery codes; end their sessions and what they granted to programs.

    Who must have a second factor sets one up at the next sign-in.
    """
    with reported():
        asyncio.run(_removed(read_settings(), person))


async def _removed(settings: Settings, email: str) -> None:
    async with opened(settings) as database, transaction(database, Viewer.system().row_settings()) as session:
        person = await person_by_email(session, normal_email(email))
        if person is None:
            raise CommandError(f"nobody signs in as {email}")
        await remove_factors(session, person.id)
        now = system_clock()
        ids = system_ids(system_clock)
        await note_ended(session, await end_all_sessions(session, person.id, now), now, ids)
        await revoke_grants_of_person(session, person.id, now, ids)
