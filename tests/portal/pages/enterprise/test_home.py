"""A company's home: its orders, what it may order, and its team."""

from __future__ import annotations

from tests.portal.pages.portals import BUYER, Portals, text_of


async def test_the_home_of_a_company(portals: Portals) -> None:
    said = text_of(await (await portals.browser(BUYER)).get("/enterprise"))
    for part in ("远川测绘工程有限公司", "最近订单", "为您推荐", "专属服务团队", "韩知行", "最近往来"):
        assert part in said
