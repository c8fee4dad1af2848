"""The timeline of programmes."""

from __future__ import annotations

from tests.portal.pages.portals import REPRESENTATIVE, Portals, text_of


async def test_the_chart_has_its_data_as_a_table(portals: Portals) -> None:
    browser = await portals.browser(REPRESENTATIVE)
    page = await browser.get("/military/programmes")
    assert '<svg class="chart gantt"' in page
    assert "方案评审" in page[page.index("查看数据表") :]
    nothing = text_of(await browser.get("/military/programmes?filter.phase=PRE_RESEARCH"))
    assert "没有符合条件的型号" in nothing
