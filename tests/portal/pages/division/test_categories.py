"""Shelves of civil products with their counts."""

from __future__ import annotations

import re

from tests.portal.pages.portals import TRANSFER, Portals, text_of


async def test_shelves_count_their_products(portals: Portals) -> None:
    browser = await portals.browser(TRANSFER)
    said = text_of(await browser.get("/division/categories"))
    assert sum(int(each) for each in re.findall(r"共 (\d+) 款", said)) > 200
    assert "装备备件" not in said
    path = await browser.find("/division/categories", r"/division/categories/comms")
    assert "自组网对讲" in text_of(await browser.get(path))
