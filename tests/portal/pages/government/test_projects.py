"""The projects of an authority."""

from __future__ import annotations

import re

from tests.portal.pages.portals import OFFICIAL, Portals, text_of


async def test_projects_are_listed_and_shown_one_by_one(portals: Portals) -> None:
    browser = await portals.browser(OFFICIAL)
    said = text_of(await browser.get("/government/projects?first=100"))
    numbers = set(re.findall(r"GO-\d{4}-\d{5}", said))
    assert f"共 {len(numbers)} 个" in said
    path = await browser.find("/government/projects", r"/government/projects/[\w-]+")
    shown = text_of(await browser.get(path))
    assert "明细" in shown
    assert re.findall(r"GO-\d{4}-\d{5}", shown)[0] in numbers
    assert "没有这样的项目" in text_of(await browser.get("/government/projects?filter.placedBefore=1990-01-01"))
