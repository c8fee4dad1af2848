"""`quadrant points`: whether the ledger of points is in order, and agrees with the orders it rests on."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.reconciling import Difference, reconcile_orders
from domain.points.tables import PointsProgramme
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


@app.command("reconcile")
def reconcile_command(
    programme: Annotated[str, typer.Option(help="The programme's code.")],
    begins: Annotated[dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first local day.")],
    until: Annotated[dt.datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The local day after the last.")],
) -> None:
    """Compare paid orders with what they earned, and refunds with what was taken back; ends with code 1 where they differ."""
    with reported():
        found = asyncio.run(_differences(read_settings(), programme, begins, until))
        if found:
            raise CommandError(
                "\n".join(
                    f"✗ {each.kind.value} {each.number}: {each.expected} expected, {each.found} found" for each in found
                )
            )
        typer.echo("✓ orders and points agree")


async def _differences(settings: Settings, code: str, begins: dt.datetime, until: dt.datetime) -> list[Difference]:
    async with opened(settings) as database, AsyncSession(database.engine) as session:
        await session.execute(set_statement(Viewer.system().row_settings()))
        await session.execute(sa.text("set local statement_timeout = 0"))
        programme = await session.scalar(sa.select(PointsProgramme).where(PointsProgramme.code == code))
        if programme is None:
            raise CommandError(f"There is no points programme {code}.")
        zone = ZoneInfo(programme.time_zone)
        period = begins.replace(tzinfo=zone), until.replace(tzinfo=zone)
        return await reconcile_orders(session, programme.id, *period)
