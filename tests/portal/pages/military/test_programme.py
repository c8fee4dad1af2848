"""One programme: phases, milestones, units."""

from __future__ import annotations

from tests.portal.pages.portals import REPRESENTATIVE, Portals, text_of


async def test_phases_milestones_and_units(portals: Portals) -> None:
    browser = await portals.browser(REPRESENTATIVE)
    path = await browser.find("/military/programmes?filter.phase=SUPPORT", r"/military/programmes/[\w-]+")
    page = text_of(await browser.get(path))
    for words in ("预研", "已完成", "进行中", "计划", "定型", "查看台账", "知悉范围" if "LS-3" in page else "领域"):
        assert words in page
    # What staff do with a programme is not in this view.
    assert "经费" not in page
    assert "推进" not in page
