"""A shelf: what lies on it and below it, narrowed, and page by page."""

from __future__ import annotations

import re

from tests.portal.pages.html_checks import Structure
from tests.portal.pages.portals import Browser, Portals, text_of


def shown(page: str) -> list[str]:
    """The products of a page, in order."""
    return list(dict.fromkeys(a for a in Structure(page).addresses if a.startswith("/product/")))


def count(page: str) -> int:
    found = re.search(r"共 (\d+) 款", text_of(page))
    assert found
    return int(found[1])


async def test_a_shelf_counts_what_lies_below_it(portals: Portals) -> None:
    stranger = await portals.browser()
    above = await stranger.get("/category/optics")
    below = [
        await stranger.get(await stranger.find("/category/optics", rf"/category/{slug}"))
        for slug in ("night-vision", "torches")
    ]
    assert count(above) == sum(map(count, below)) > 0
    assert "观察与照明" in text_of(below[0])


async def test_facets_narrow_and_each_condition_can_be_taken_away(portals: Portals) -> None:
    stranger = await portals.browser()
    path = "/category/optics?attributes.grade.values=IP67&availableOnly=true"
    narrowed = await stranger.get(path)
    whole = await stranger.get("/category/optics")
    assert 0 < count(narrowed) < count(whole)
    assert 'name="attributes.grade.values" value="IP67" checked' in narrowed
    chips = [a for a in Structure(narrowed).addresses if a.startswith("/category/optics?")]
    assert "/category/optics?availableOnly=true" in chips
    assert "/category/optics?attributes.grade.values=IP67" in chips
    nothing = await stranger.get("/category/optics?priceTo=0.01")
    assert "没有符合条件的商品" in text_of(nothing)
    dear = await stranger.get("/category/optics?priceFrom=5000")
    assert 0 < count(dear) < count(whole)


async def test_a_band_of_prices_sets_both_bounds(portals: Portals) -> None:
    stranger = await portals.browser()
    page = await stranger.get("/category/optics")
    band = re.search(r'<a class="band" href="([^"]+)"><span>500–2,000</span><span>(\d+)</span>', page)
    assert band
    chosen = await stranger.get(band[1].replace("&amp;", "&"))
    assert band[1] == "/category/optics?priceFrom=500&amp;priceTo=2000"
    assert count(chosen) == int(band[2])
    assert 'name="priceFrom" value="500"' in chosen


async def test_pages_follow_each_other_and_lead_back(portals: Portals) -> None:
    stranger = await portals.browser()
    first = await stranger.get("/category/optics?first=10")
    forward = await following(stranger, first, "next")
    last = await following(stranger, forward, "next")
    pages = [shown(first), shown(forward), shown(last)]
    assert [len(page) for page in pages] == [10, 10, count(first) - 20]
    assert len({product for page in pages for product in page}) == count(first)
    assert shown(await following(stranger, forward, "prev")) == pages[0]
    assert 'rel="next"' not in last
    assert 'rel="prev"' not in first


async def following(browser: Browser, page: str, way: str) -> str:
    """The page that a pager leads to."""
    found = re.search(rf'<a href="([^"]+)" rel="{way}"', page)
    assert found
    return await browser.get(found[1].replace("&amp;", "&"))


async def test_options_narrow_a_shelf(portals: Portals) -> None:
    stranger = await portals.browser()
    whole = await stranger.get("/category/outdoor")
    small = await stranger.get("/category/outdoor?options.size.values=S&options.colour.values=R")
    assert 0 < count(small) < count(whole)
    assert 'name="options.size.values" value="S" checked' in small
    assert count(await stranger.get("/category/outdoor?options.size.values=L&options.colour.values=R")) == 0
