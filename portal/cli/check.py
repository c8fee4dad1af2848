"""`quadrant check`: what can be said of the program without a database and without running its tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer
from jinja2 import TemplateError

from foundation.language import LANGUAGES, catalogues
from foundation.migrations import ROOT
from foundation.settings import read_settings
from portal.cli.reporting import NOTES
from portal.cli.snapshots import stale_files, written_files
from portal.pages.assets import read_assets
from portal.pages.environment import make_environment
from portal.pages.faults import PageFault
from portal.pages.page_limits import check_limits
from portal.pages.registry import read_pages
from portal.pages.site import HERE
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import Audience
from segments.views import View, ViewError

Views = Mapping[Audience, View]

app = typer.Typer(add_completion=False)


@app.command()
def check() -> None:
    """Check that views compile, snapshots and documents are up to date, pages are valid, and both languages are complete."""
    try:
        views = compiled_views()
    except ViewError as error:
        # Everything else stands on the views.
        _report("views", str(error).splitlines())
        raise typer.Exit(1) from error
    found = [
        _report("views", []),
        _report("snapshots and documents", stale_faults(views)),
        _report("pages", page_faults(views)),
        _report("messages", catalogues().faults()),
    ]
    if not all(found):
        raise typer.Exit(1)


def stale_faults(views: Views) -> list[str]:
    """Files that are written from code and are not up to date."""
    return [f"{path.relative_to(ROOT)} is not up to date: make docs" for path in stale_files(written_files(views))]


def page_faults(views: Views) -> list[str]:
    """Pages whose operation is not valid on their audience's view or over a limit, or whose template cannot be read."""
    schemas = {audience: view.core for audience, view in views.items()}
    try:
        registry = read_pages([HERE], schemas)
        check_limits(registry, schemas, DocumentLimits.of(read_settings()))
        address: Callable[[str], str] = read_assets(HERE / "static").address
        for language in LANGUAGES:
            environment = make_environment(language, [HERE], address)
            for page in registry.pages.values():
                environment.get_template(page.template)
    except PageFault as fault:
        return [str(fault)]
    except TemplateError as error:
        return [f"{getattr(error, 'name', '')}:{getattr(error, 'lineno', '')}: {error}"]
    return []


def _report(subject: str, faults: list[str]) -> bool:
    NOTES.print(f"{'✗' if faults else '✓'} {subject}", style="red" if faults else "green")
    for fault in faults:
        NOTES.print(f"    {fault}", markup=False)
    return not faults
