"""Civil products of the division with the programmes they come from, as far as somebody may know."""

from __future__ import annotations

from tests.portal.pages.portals import EDITOR, TRANSFER, Portals, text_of


async def test_origins_are_shown_to_those_who_may_see_them(portals: Portals) -> None:
    for path in (
        "/division/products?filter.text=M3 测绘",
        "/division/products/ql-m3",
        "/division/categories/survey-uav",
    ):
        page = await (await portals.browser(TRANSFER)).get(path)
        assert "QL-3" in text_of(page)
        # The page carries the highest degree of what it shows.
        assert 'data-mark="' in page
        less = text_of(await (await portals.browser(EDITOR)).get(path))
        assert "QL-3" not in less
        assert "需要查看来源的权限" in less


async def test_the_catalogue_is_searched_and_turned(portals: Portals) -> None:
    browser = await portals.browser(TRANSFER)
    assert "没有符合条件的民品" in text_of(await browser.get("/division/products?filter.text=没有的东西"))
    following = await browser.find("/division/products", r"/division/products\?after=.+")
    assert 'rel="prev"' in await browser.get(following)
    shelf = await browser.find("/division/products", r"/division/products\?filter\.category=.+")
    assert 'aria-current="true"' in await browser.get(shelf)
