"""Programmes as a chart and as a list."""

from __future__ import annotations

from tests.portal.pages.portals import HEAD, SALES, Portals, text_of


async def test_phases_and_domains_narrow_the_list(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    page = await browser.get("/staff/programmes?filter.phase=SUPPORT&filter.domain=通信")
    assert "AZ-1" in page
    assert "QL-3" not in page
    assert '<svg class="chart gantt"' in page
    assert "查看数据表" in page


async def test_who_may_see_none_is_told_so(portals: Portals) -> None:
    browser = await portals.browser(SALES)
    assert "没有符合条件的型号" in text_of(await browser.get("/staff/programmes"))
