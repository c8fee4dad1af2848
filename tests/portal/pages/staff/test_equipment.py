"""All fleets, now and as of a day."""

from __future__ import annotations

import re

from tests.portal.pages.portals import HEAD, Portals, text_of


async def test_facets_and_serial_numbers_narrow_the_list(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    assert "共 2,000 台" in text_of(await browser.get("/staff/equipment"))
    page = text_of(await browser.get("/staff/equipment?statuses=IN_REPAIR&statuses=UPGRADING&serialNumber=LS3"))
    assert "LS3-" in page
    assert "QL3-" not in page
    assert "没有符合条件的装备" in text_of(await browser.get("/staff/equipment?serialNumber=NONE"))


async def test_a_day_of_the_past_has_fewer_units(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    page = text_of(await browser.get("/staff/equipment?at=2024-01-01"))
    assert "台账截至 2024-01-01 零时。" in page
    counted = re.search(r"共 ([\d,]+) 台", page)
    assert counted is not None
    assert 0 < int(counted[1].replace(",", "")) < 2_000
    assert "没有符合条件的装备" in text_of(await browser.get("/staff/equipment?at=1999-01-01"))
