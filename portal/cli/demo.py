"""`quadrant demo`: from nothing to a running platform with invented data."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from domain.identity.sealing import Seal
from foundation.clock import system_clock
from foundation.settings import Settings
from portal.cli.migrate import analyze, prepare
from portal.cli.opening import opened
from portal.cli.reporting import NOTES, CommandError, reported
from portal.cli.serve import chosen, held_server, run_server
from portal.demo import partner
from portal.demo.people import PASSWORD, PEOPLE, DemoPerson
from portal.demo.seeding import seed
from portal.pages.page import portal_root
from segments.audiences import Audience

# The same world on every machine, but for its dates, which are relative to today.
SEED = 20260901

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    *,
    people: Annotated[bool, typer.Option("--people", help="Print who signs in, as JSON, and do nothing else.")] = False,
    serving: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve when everything is ready.")] = True,
    host: Annotated[str | None, typer.Option(help="The address to listen on, instead of the setting.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on, instead of the setting.")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes, instead of the setting.")] = None,
) -> None:
    """Start everything with demonstration data. It is kept in the data directory: the next start takes seconds."""
    with reported():
        settings = chosen(host=host, port=port, workers=workers, demonstration="true", payment_provider="sandbox")
        everybody = [person for person in PEOPLE if person.audience.value in settings.served_views]
        if people:
            typer.echo(json.dumps([described(person) for person in everybody], ensure_ascii=False, indent=1))
            return
        if serving:
            require_free(settings)
        # Held from here on, so that the server is not stopped and started between the steps.
        with held_server(settings):
            with step("database"):
                asyncio.run(prepare(settings))
            asyncio.run(fill(settings))
            show(settings, everybody)
            if serving:
                run_server(settings)


def described(person: DemoPerson) -> dict[str, object]:
    """A person as programs read it."""
    return {
        "email": person.email,
        "name": person.name,
        "audience": person.audience.value,
        "clearance": person.clearance.value,
        "compartments": sorted(person.compartments),
        "roles": sorted(person.roles),
        "password": PASSWORD,
        "totp_secret": person.totp_secret,
    }


async def fill(settings: Settings) -> None:
    """Store the demonstration world, unless it is there."""
    columns = (
        TextColumn("  {task.description:24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    async with opened(settings) as database:
        progress = Progress(*columns, console=NOTES, transient=True, disable=not NOTES.is_terminal)
        with step("demonstration data"), progress:
            bar = progress.add_task("…", total=None)

            def told(table: str, stored: int, total: int) -> None:
                progress.update(bar, description=table, completed=stored, total=total)

            stored_anew = await seed(database, Seal.of(settings), system_clock(), Random(SEED), told)  # noqa: S311 - invented data, no secrets.
    if stored_anew:
        with step("statistics"):
            await analyze(settings)


def show(settings: Settings, people: list[DemoPerson]) -> None:
    """Where the portals are and who signs in there; lines and no table, so that a narrow terminal cuts nothing off."""
    shown = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound.
    base = settings.public_url or f"http://{shown}:{settings.port}"
    for audience in Audience:
        members = [person for person in people if person.audience is audience]
        if members:
            NOTES.print(f"\n[bold]{audience.value:12}[/] {base}{portal_root(audience) or '/'}")
        for person in members:
            NOTES.print(f"  {person.email:34} {person.clearance.value:13} {rights(person)}".rstrip(), markup=False)
    NOTES.print(
        f"\npassword of all   {PASSWORD}\nsecond step       the page shows the code of who needs one\nGraphQL           {base}/graphql"
    )
    NOTES.print("bearer token      quadrant token --person EMAIL --scope SCOPE")
    if any(person.email == partner.OWNER for person in people):
        # Unwrapped, so that it can be copied.
        NOTES.print(f"partner's token   {partner.curl(base)}", soft_wrap=True, markup=False)
    NOTES.print()


def rights(person: DemoPerson) -> str:
    """Roles and compartments in a few words."""
    count = len(person.compartments)
    compartments = " ".join(sorted(person.compartments)) if count <= 3 else f"{count} compartments"
    return "; ".join(part for part in (", ".join(person.roles), compartments) if part)


@contextmanager
def step(name: str) -> Generator[None]:
    """Say when a step is done and how long it took."""
    started = time.perf_counter()
    yield
    NOTES.print(f"[green]✓[/] {name} [dim]{time.perf_counter() - started:.1f} s[/]")


def require_free(settings: Settings) -> None:
    """Refuse at once when another program listens there, and not after the minute that seeding takes."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CommandError(
                f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); PORT=9000 make demo takes another port"
            ) from error
