"""`quadrant audit`: whether the audit log is as it was written."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from domain.audit.verifying import BrokenLink, Verified, verify
from foundation.session import set_statement
from foundation.settings import Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import CommandError, reported
from segments.audiences import STAFF
from segments.viewer import Viewer

# Row policies let nobody else read the log, the system included.
AUDITOR = Viewer(STAFF, roles=frozenset({"audit_administrator"}))

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The audit log."""


@app.command("verify")
def verify_command(
    day: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only the chains of this day (UTC).")
    ] = None,
) -> None:
    """Check every hash of the log; names the first broken link and ends with code 1.

    Prints how many entries there are and a digest over the heads of the chains: kept elsewhere, it tells later whether
    somebody wrote the whole log anew.
    """
    with reported():
        found = asyncio.run(_verified(read_settings(), None if day is None else day.date()))
        typer.echo(f"{found.entries} {found.digest}")


async def _verified(settings: Settings, day: dt.date | None) -> Verified:
    async with opened(settings) as database:
        # One snapshot, so that entries written meanwhile are not missed by heads that were read before them.
        engine = database.engine.execution_options(isolation_level="REPEATABLE READ")
        async with AsyncSession(engine) as session:
            await session.execute(set_statement(AUDITOR.row_settings()))
            found = await verify(session, day)
    if isinstance(found, BrokenLink):
        raise CommandError(str(found))
    return found
