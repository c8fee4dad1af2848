"""`quadrant points`: whether the ledger of points is in order, agrees with the orders it rests on, and what is owed by it."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import sys
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.liability import Liability, Part, end_of_day, liability
from domain.points.reconciling import Difference, reconcile_orders
from domain.points.tables import PointsProgramme
from domain.points.tier_tables import Tier
from domain.points.verifying import INVARIANTS, Broken, verify
from foundation.clock import system_clock
from foundation.session import set_statement
from foundation.settings import Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import CommandError, reported
from segments.viewer import Viewer

# Points first, then the money of what is outstanding and of what expired, in the major unit of `currency`.
COLUMNS = (
    *("at", "part", "key", "pending", "available", "held", "debt", "outstanding"),
    *("issued", "withdrawn", "redeemed", "expired", "breakage", "owed", "broken", "currency"),
)

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
        programme = await _programme(session, code)
        zone = ZoneInfo(programme.time_zone)
        period = begins.replace(tzinfo=zone), until.replace(tzinfo=zone)
        return await reconcile_orders(session, programme.id, *period)


@app.command("liability")
def liability_command(
    programme: Annotated[str, typer.Option(help="The programme's code.")],
    on: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The local day at whose end it is told, or so far while it lasts; now unless given.",
        ),
    ] = None,
) -> None:
    """Tell as CSV what a programme owed its members: the whole, by tier, by month of earning and by month of expiry."""
    with reported():
        told, codes = asyncio.run(_liability(read_settings(), programme, on.date() if on else None))
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerow(_row(told, told.whole, "whole", ""))
        rows.writerows(_row(told, part, "tier", codes[part.key] if part.key else "") for part in told.tiers)
        rows.writerows(_row(told, part, "earned", part.key.strftime("%Y-%m")) for part in told.cohorts)
        rows.writerows(
            _row(told, part, "expires", part.key.strftime("%Y-%m") if part.key else "never") for part in told.expiries
        )


def _row(told: Liability, part: Part[Any], name: str, key: str) -> tuple[object, ...]:
    """A part in the order of the columns; no breakage where nothing was issued that stayed."""
    sums = part.sums
    return (
        *(told.at.isoformat(), name, key, sums.pending, sums.available, sums.held, sums.debt, sums.outstanding),
        *(sums.issued, sums.withdrawn, sums.redeemed, sums.expired),
        "" if sums.breakage is None else str(sums.breakage),
        *(part.owed.decimal(), part.broken.decimal(), part.owed.currency),
    )


async def _liability(settings: Settings, code: str, day: dt.date | None) -> tuple[Liability, dict[UUID, str]]:
    """The report, and the codes of the tiers in it."""
    async with opened(settings) as database, AsyncSession(database.engine) as session:
        await session.execute(set_statement(Viewer.system().row_settings()))
        await session.execute(sa.text("set local statement_timeout = 0"))
        programme = await _programme(session, code)
        now = system_clock()
        at = await end_of_day(session, now, programme.id, day)
        told = await liability(session, now, programme.id, at)
        tiers = await session.execute(sa.select(Tier.id, Tier.code).where(Tier.programme_id == programme.id))
        return told, {tier_id: code for tier_id, code in tiers}  # noqa: C416 - typed pairs


async def _programme(session: AsyncSession, code: str) -> PointsProgramme:
    programme = await session.scalar(sa.select(PointsProgramme).where(PointsProgramme.code == code))
    if programme is None:
        raise CommandError(f"There is no points programme {code}.")
    return programme
