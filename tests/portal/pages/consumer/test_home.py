"""What a stranger sees first: what the shop is, its shelves and some of its goods."""

from __future__ import annotations

from tests.portal.pages.portals import Portals, text_of


async def test_shelves_with_goods_and_featured_products_lead_on(portals: Portals) -> None:
    stranger = await portals.browser()
    said = text_of(await stranger.get("/"))
    assert "为野外、救援与作业而造" in said
    # A shelf that has nothing for the public is not shown to it.
    assert "无人机" in said
    assert "装备保障" not in said
    assert "测绘无人机" in text_of(await stranger.get(await stranger.find("/", r"/category/survey-uav")))
    assert "参数" in text_of(await stranger.get(await stranger.find("/", r"/product/[\w-]+")))
