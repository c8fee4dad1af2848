"""A solution as an authority buys it."""

from __future__ import annotations

from tests.portal.pages.portals import OFFICIAL, Portals, text_of


async def test_it_shows_the_prices_of_authorities(portals: Portals) -> None:
    said = text_of(await (await portals.browser(OFFICIAL)).get("/government/solutions/ql-m3"))
    for part in ("目录价", "本单位价", "¥24,660", "参数"):
        assert part in said
    for part in ("本公司价", "库存所在", "出口管制"):
        assert part not in said
