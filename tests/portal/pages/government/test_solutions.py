"""Solutions for authorities: from the catalogue, at their prices."""

from __future__ import annotations

import re

from tests.portal.pages.portals import OFFICIAL, Portals, text_of


async def test_solutions_are_narrowed_and_turned(portals: Portals) -> None:
    browser = await portals.browser(OFFICIAL)
    whole = await browser.get("/government/solutions")
    assert "¥21,210 起" in text_of(whole)
    shelf = await browser.find("/government/solutions", r"/government/solutions\?filter\.category=.+")
    narrowed = text_of(await browser.get(shelf))
    total, fewer = (int(re.findall(r"共 (\d+) 款", said)[0]) for said in (text_of(whole), narrowed))
    assert 0 < fewer < total
    following = await browser.find("/government/solutions", r"/government/solutions\?after=.+")
    assert 'rel="prev"' in await browser.get(following)
    assert "没有符合条件的解决方案" in text_of(await browser.get("/government/solutions?filter.text=没有的东西"))
