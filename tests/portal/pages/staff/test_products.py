"""The catalogue as staff see it."""

from __future__ import annotations

from tests.portal.pages.portals import HEAD, Portals, text_of


async def test_filters_narrow_the_catalogue(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    everything = text_of(await browser.get("/staff/catalogue"))
    assert "青岚 M3 测绘无人机" in everything
    assert "共 300 款" in everything
    drafts = text_of(await browser.get("/staff/catalogue?filter.status=DRAFT"))
    assert "青岚 M3 测绘无人机" not in drafts
