"""Walks through all pages of a portal: each found by the links of the page above it, as a person finds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.portal.pages.msgids import CHINESE
from tests.portal.pages.portals import Portals

ID = r"[\w-]+"


@dataclass(frozen=True)
class Walk:
    """The pages of a portal by the pattern of their addresses, each with the page whose links lead to it; `who` walks."""

    root: str
    who: str
    pages: Mapping[str, str | None]

    async def address(self, portals: Portals, pattern: str) -> str:
        """A page of this kind."""
        above = self.pages.get(pattern)
        if above is None:
            return pattern
        browser = await portals.browser(self.who)
        return await browser.find(await self.address(portals, above), pattern)

    def check_complete(self, portals: Portals) -> None:
        """No page of the portal is forgotten."""
        pages = portals.served.app.state.assembly.site.registry.pages.values()
        mine = {page.path for page in pages if page.audience.value == self.root}
        assert {re.sub(r"\{\w+\}", lambda _: ID, path) for path in mine} == set(self.pages)

    async def check_page(self, portals: Portals, pattern: str, language: str) -> None:
        """A page is shown, and what code says on it is in the language of its reader."""
        browser = await portals.browser(self.who, language)
        page = await browser.get(await self.address(portals, pattern))
        navigation = page[page.index("<nav") : page.index("</nav>")]
        assert language == "zh" or not CHINESE.search(navigation)

    async def check_closed(self, portals: Portals, pattern: str, others: Mapping[str, str]) -> None:
        """A stranger signs in first; people of other portals are refused, or led from the root to their own."""
        path = await self.address(portals, pattern)
        assert (await (await portals.browser()).location(path)).startswith(f"/sign-in?next=%2F{self.root}")
        for who, own in others.items():
            browser = await portals.browser(who)
            if path == f"/{self.root}":
                assert await browser.location(path) == own
            else:
                await browser.get(path, 403)
