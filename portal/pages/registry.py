"""All pages of all portals, found from the files themselves, and what their order and names mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from graphql import GraphQLSchema

from portal.pages.faults import PageFault
from portal.pages.held_scopes import Scopes
from portal.pages.page import PLACEHOLDER, Action, Page
from portal.pages.page_files import read_folder
from segments.audiences import Audience


class Registry:
    """The pages of every portal served."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self.pages: Mapping[str, Page] = {page.full_name: page for page in pages}

    def page(self, full_name: str) -> Page:
        """A page by `audience/name`; one that is not there is a mistake in a template."""
        if full_name not in self.pages:
            raise LookupError(f"there is no page {full_name}")
        return self.pages[full_name]

    def of(self, audience: Audience) -> list[Page]:
        """The pages of one portal."""
        return [page for page in self.pages.values() if page.audience is audience]

    def navigation(self, audience: Audience, held: Scopes) -> list[Page]:
        """The pages in a portal's navigation that somebody with these scopes may see, in their order."""
        open_to = [page for page in self.of(audience) if page.scopes <= held]
        placed = [(page.place, page.name, page) for page in open_to if page.place is not None]
        return [page for _, _, page in sorted(placed, key=lambda entry: entry[:2])]

    def search(self, audience: Audience) -> Page | None:
        """The page that a portal's search box leads to."""
        return next((page for page in self.of(audience) if page.search), None)

    def action(self, full_name: str) -> Action | None:
        """A form by `audience/page.action`, a name that has been at a browser and may be anything."""
        page, _, action = full_name.partition(".")
        return self.pages[page].actions.get(action) if page in self.pages else None


def read_pages(directories: Iterable[Path], schemas: Mapping[Audience, GraphQLSchema]) -> Registry:
    """The pages below some folders, one folder an audience; audiences without a schema are not served here."""
    pages: list[Page] = []
    for directory in directories:
        for audience, schema in schemas.items():
            pages += read_folder(directory / audience.value, audience, schema)
    check_addresses(pages)
    registry = Registry(pages)
    for page in pages:
        check_references(page, registry)
    return registry


def check_addresses(pages: Iterable[Page]) -> None:
    """No two pages at one address."""
    seen: dict[str, Page] = {}
    for page in pages:
        shape = PLACEHOLDER.sub("{}", page.path)
        if shape in seen:
            raise PageFault(page.document.file, f"has the same address as {seen[shape].document.file}")
        seen[shape] = page


def check_references(page: Page, registry: Registry) -> None:
    """The pages that a page names are there and take the values given."""
    if page.place is not None and page.path_parameters:
        raise PageFault(page.document.file, "nav: a page with variables in its path has no one address")
    if page.under and f"{page.audience.value}/{page.under}" not in registry.pages:
        raise PageFault(page.document.file, f"under: there is no page {page.under}")
    for action in page.actions.values():
        if strange := set(action.tries) - set(page.document.variables):
            raise PageFault(action.document.file, f"tries: the page has no variable {', '.join(sorted(strange))}")
        if action.then is None:
            continue
        target = registry.pages.get(f"{page.audience.value}/{action.then.page}")
        if target is None:
            raise PageFault(action.document.file, f"then: there is no page {action.then.page}")
        if not target.path_parameters <= set(action.then.values) <= set(target.document.variables):
            raise PageFault(action.document.file, f"then: {target.name} takes other variables")
