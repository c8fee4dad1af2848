"""A product as a company buys it."""

from __future__ import annotations

from tests.portal.pages.portals import BUYER, Portals, text_of


async def test_it_shows_own_prices_and_where_stock_lies(portals: Portals) -> None:
    said = text_of(await (await portals.browser(BUYER)).get("/enterprise/prices/ql-m3"))
    for part in ("目录价", "本公司价", "协议价", "库存所在", "云州总仓", "出口管制", "参数"):
        assert part in said
    assert "北约物资编号" not in said
