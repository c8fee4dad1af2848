"""All shelves with what is on them for the public."""

from __future__ import annotations

import re

from tests.portal.pages.portals import Portals, text_of


async def test_every_shelf_says_how_much_lies_on_it(portals: Portals) -> None:
    stranger = await portals.browser()
    said = text_of(await stranger.get("/categories"))
    counts = [int(each) for each in re.findall(r"共 (\d+) 款", said)]
    assert len(counts) >= 5
    assert all(counts)
    assert f"共 {sum(counts)} 款" in text_of(await stranger.get("/search"))
