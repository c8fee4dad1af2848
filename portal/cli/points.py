"""`quadrant points`: whether the ledger of points is in order."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.verifying import INVARIANTS, Broken, verify
from foundation.session import set_statement
from foundation.settings import Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import CommandError, reported
from segments.viewer import Viewer

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def points() -> None:
    """The ledger of points."""


@app.command("verify")
def verify_command() -> None:
    """Check every invariant of the ledger; names those that do not hold, with the first rows, and ends with code 1 then."""
    with reported():
        broken = asyncio.run(_broken(read_settings()))
        failed = {each.invariant for each in broken}
        for invariant in INVARIANTS:
            if invariant not in failed:
                typer.echo(f"✓ {invariant}")
        if broken:
            raise CommandError("\n".join(f"✗ {each}" for each in broken))


async def _broken(settings: Settings) -> list[Broken]:
    async with opened(settings) as database:
        # One snapshot, so that movements meanwhile are seen whole or not at all.
        engine = database.engine.execution_options(isolation_level="REPEATABLE READ")
        async with AsyncSession(engine) as session:
            await session.execute(set_statement(Viewer.system().row_settings()))
            # It reads the whole ledger, which takes as long as it takes.
            await session.execute(sa.text("set local statement_timeout = 0"))
            return await verify(session)
