"""The search of the shop: words of both languages, with the facets of what they find."""

from __future__ import annotations

from tests.portal.pages.html_checks import Structure
from tests.portal.pages.portals import Portals, text_of


async def test_words_find_products_and_stay_in_the_box(portals: Portals) -> None:
    stranger = await portals.browser()
    for words in ("夜视", "night"):
        page = await stranger.get(f"/search?filter.text={words}")
        assert "守望 N1 夜视观察仪" in text_of(page)
        assert "四方应急救援包" not in text_of(page)
        assert f'value="{words}"' in page
    english = await portals.browser(language="en")
    assert "Shouwang N1 night observer" in text_of(await english.get("/search?filter.text=night"))


async def test_nothing_found_leads_on(portals: Portals) -> None:
    stranger = await portals.browser()
    page = await stranger.get("/search?filter.text=没有的东西")
    assert "没有符合条件的商品" in text_of(page)
    assert "/search" in Structure(page).addresses


async def test_conditions_keep_the_words(portals: Portals) -> None:
    stranger = await portals.browser()
    page = await stranger.get("/search?filter.text=夜视&filter.attributes.grade.values=IP67")
    assert '<input type="hidden" name="filter.text" value="夜视">' in page
    assert any("filter.category=" in address and "filter.text=" in address for address in Structure(page).addresses)
