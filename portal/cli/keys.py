"""`quadrant keys`: the keys that sign bearer tokens."""

from __future__ import annotations

import asyncio

import typer

from domain.identity.keys import revoke_keys, rotate_keys
from domain.identity.sealing import Seal
from foundation.clock import system_clock
from foundation.ids import system_ids
from foundation.session import transaction
from foundation.settings import Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import reported
from segments.viewer import Viewer

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Rotate or revoke the keys that sign bearer tokens."""


@app.command()
def rotate() -> None:
    """Sign with a new key from now on; tokens signed before stay valid until they end. Prints the new key's id."""
    with reported():
        typer.echo(asyncio.run(_rotated(read_settings())))


@app.command()
def revoke() -> None:
    """Forget all keys, as after a theft: every token ends within half a minute. Prints how many keys there were."""
    with reported():
        typer.echo(asyncio.run(_revoked(read_settings())))


async def _rotated(settings: Settings) -> str:
    async with opened(settings) as database, transaction(database, Viewer.system().row_settings()) as session:
        return await rotate_keys(session, Seal.of(settings), system_clock(), system_ids(system_clock))


async def _revoked(settings: Settings) -> int:
    async with opened(settings) as database, transaction(database, Viewer.system().row_settings()) as session:
        return await revoke_keys(session)
