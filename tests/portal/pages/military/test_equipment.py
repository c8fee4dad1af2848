"""A unit's history."""

from __future__ import annotations

from tests.portal.pages.portals import REPRESENTATIVE, Portals, days_ago, text_of


async def test_states_and_configuration_now_and_then(portals: Portals) -> None:
    browser = await portals.browser(REPRESENTATIVE)
    path = await browser.find("/military/fleet?serialNumber=LS2", r"/military/equipment/[\w-]+")
    page = text_of(await browser.get(path))
    for words in ("技术状态", "状态沿革", "交付验收合格", "件号", "全部更改记录"):
        assert words in page
    assert "零时尚未交付。" in text_of(await browser.get(f"{path}?at=1999-01-01"))
    assert "零时：" in text_of(await browser.get(f"{path}?at={days_ago(23)}"))
    # What staff record is not for this view.
    assert "登记状态" not in page
