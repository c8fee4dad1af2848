"""`quadrant migrate`: the database as this program needs it."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
import typer

from foundation.migrations import owner_connection, upgrade
from foundation.provision import provision
from foundation.settings import Settings, read_settings
from portal.cli.reporting import NOTES, reported
from segments.classification import Classification
from segments.installation import set_ceiling

app = typer.Typer(add_completion=False)


@app.command()
def migrate() -> None:
    """Make roles and database where missing, apply migrations, set the installation's ceiling. Safe to run again."""
    with reported():
        settings = read_settings()
        asyncio.run(prepare(settings))
        NOTES.print(f"the database is up to date; its ceiling is {settings.ceiling}")


async def prepare(settings: Settings) -> None:
    """Everything that a server needs of its database."""
    await provision(settings)
    await upgrade(settings)
    async with owner_connection(settings) as connection:
        await set_ceiling(connection, Classification(settings.ceiling))
        await connection.commit()


async def analyze(settings: Settings) -> None:
    """Let PostgreSQL look at what was stored in bulk; until then it plans as if the tables were empty."""
    async with owner_connection(settings) as connection:
        await connection.execute(sa.text("analyze"))
        await connection.commit()
