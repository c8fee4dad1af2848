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


async def test_words_of_both_languages_find_products(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    for words in ("测绘无人机", "survey"):
        page = text_of(await browser.get(f"/staff/catalogue?filter.text={words}&filter.availableOnly=true"))
        assert "青岚 M3 测绘无人机" in page
        assert "强光手电" not in page
    assert "没有符合条件的商品" in text_of(await browser.get("/staff/catalogue?filter.text=没有的东西"))
