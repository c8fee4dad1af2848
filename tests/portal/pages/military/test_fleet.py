"""The fleet: facets by status and programme, as of a day."""

from __future__ import annotations

import re
from urllib.parse import quote

from tests.portal.pages.portals import REPRESENTATIVE, Portals, text_of


async def test_facets_narrow_the_fleet_and_count_the_rest(portals: Portals) -> None:
    browser = await portals.browser(REPRESENTATIVE)
    page = await browser.get("/military/fleet")
    programme = re.search(r'name="programmes" value="([^"]+)"><span>QL-3</span>', page)
    assert programme is not None
    narrowed = await browser.get(f"/military/fleet?programmes={quote(programme[1])}&statuses=READY")
    assert "QL3-" in narrowed
    assert "LS2-" not in narrowed
    # A facet keeps its other choices: they are counted without it.
    assert "<span>LS-2</span>" in narrowed
    assert re.search(r'value="READY" checked', narrowed)


async def test_the_search_box_finds_serial_numbers(portals: Portals) -> None:
    page = text_of(await (await portals.browser(REPRESENTATIVE)).get("/military/fleet?serialNumber=LS2-"))
    assert "LS2-" in page
    assert "QL3-" not in page


async def test_the_fleet_as_of_a_day(portals: Portals) -> None:
    browser = await portals.browser(REPRESENTATIVE)
    page = await browser.get("/military/fleet?at=2024-06-01&statuses=READY")
    assert "台账截至 2024-06-01 零时。" in text_of(page)
    # The day goes along to a unit's page, and to the other facets.
    assert re.search(r'href="/military/equipment/[\w-]+\?at=2024-06-01"', page)
    assert '<input type="hidden" name="at" value="2024-06-01">' in page
    assert "没有符合条件的装备" in text_of(await browser.get("/military/fleet?at=1990-01-01"))
    await browser.get("/military/fleet?at=someday", 400)
