"""The program `quadrant`: its commands by name, each in a module of its own.

A command's module is imported when the command runs and not before: together they import the schema, the database layer and
the web server, 2.5 s on two cores, while `quadrant --help` should answer at once (0.25 s).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Entry:
    """A command as the help lists it. Its module `portal.cli.<module>` has a typer application called `app`."""

    module: str
    help: str


ENTRIES = {
    "demo": Entry("demo", "Start everything with demonstration data; one command from nothing to a running platform."),
    "serve": Entry("serve", "Serve the platform on a migrated database."),
    "worker": Entry("worker", "Do the jobs by the clock: expiry of points, notices, snapshots."),
    "migrate": Entry(
        "migrate", "Make roles and database where missing, apply migrations, set the installation's ceiling."
    ),
    "import": Entry("imports", "Import orders from a CSV or Excel file; a dry run reports every bad row."),
    "token": Entry("tokens", "Print a bearer token of a person."),
    "client": Entry("clients", "Register programs that may ask for tokens, give them secrets, switch them off."),
    "factors": Entry("factors", "Remove the second factor of somebody who has lost it."),
    "audit": Entry("audit", "Verify that the audit log is as it was written."),
    "points": Entry("points", "Verify that the ledger of points is in order."),
    "keys": Entry("keys", "Rotate or revoke the keys that sign bearer tokens."),
    "schema": Entry("schema", "Print the schema: of everything with its marks, or of one audience's view."),
    "check": Entry("check", "Check that views, snapshots, pages, documents and messages agree."),
    "docs": Entry("docs", "Write the documents and snapshots that are made from code."),
}


class Commands(TyperGroup):
    """The commands of `ENTRIES`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature.
        """All names, in the order of the help."""
        return list(ENTRIES)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:  # noqa: ARG002 - typer's signature.
        """What the help says of a command; `resolve_command` finds the command itself."""
        entry = ENTRIES.get(cmd_name)
        return None if entry is None else TyperCommand(cmd_name, help=entry.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Import the command that is asked for."""
        name, listed, rest = super().resolve_command(ctx, args)
        if name is None or listed is None:
            return name, listed, rest
        module = import_module(f"portal.cli.{ENTRIES[name].module}")
        return name, typer.main.get_command(module.app), rest


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def quadrant() -> None:
    """四方 Quadrant: one GraphQL schema, and for every audience exactly one view of it.

    Settings are environment variables: docs/settings.md.
    """
