"""The list of customers: words, filters, pages."""

from __future__ import annotations

import re

from tests.portal.pages.html_checks import Structure
from tests.portal.pages.portals import HEAD, Portals, text_of


async def test_words_and_filters_narrow_the_list(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    found = text_of(await browser.get("/staff/customers?filter.text=远川&filter.segment=ENTERPRISE"))
    assert "远川测绘工程有限公司" in found
    assert "军事代表室" not in found
    english = text_of(await browser.get("/staff/customers?filter.text=yuanchuan"))
    assert "远川测绘工程有限公司" in english
    nothing = text_of(await browser.get("/staff/customers?filter.text=远川&filter.status=CLOSED"))
    assert "没有符合条件的客户" in nothing


async def test_a_province_stands_for_its_cities(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    page = await browser.get("/staff/customers?filter.keyAccounts=true")
    region = page[page.index('id="filter-region"') :]
    hubei = re.search(r'<option value="([^"]+)">湖北省', region)
    assert hubei is not None
    narrowed = text_of(await browser.get(f"/staff/customers?filter.keyAccounts=true&filter.region={hubei[1]}"))
    assert "湖北省 十堰市" in narrowed
    assert "江苏省 南通市" not in narrowed


async def test_pages_turn_both_ways_and_keep_the_filter(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    first = await browser.get("/staff/customers?filter.segment=CONSUMER")
    following = next(a for a in Structure(first).addresses if "after=" in a)
    assert "filter.segment=CONSUMER" in following
    second = await browser.get(following)
    back = next(a for a in Structure(second).addresses if "before=" in a)
    assert text_of(await browser.get(back)).count("消费者") == text_of(first).count("消费者")


async def test_a_wrong_filter_is_named(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    assert "filter.segment" in await browser.get("/staff/customers?filter.segment=EVERYBODY", 400)
