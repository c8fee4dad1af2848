"""The orders of a company, by status and by date."""

from __future__ import annotations

import re

from tests.portal.pages.portals import BUYER, Portals, days_ago, text_of

NUMBER = r"EO-\d{4}-\d{5}"
# Somebody of another company.
OTHER_BUYER = "qin.muzhi"


async def test_companies_see_their_own(portals: Portals) -> None:
    mine, others = [
        set(re.findall(NUMBER, await (await portals.browser(who)).get("/enterprise/orders?first=100")))
        for who in (BUYER, OTHER_BUYER)
    ]
    assert mine
    assert others
    assert not mine & others


async def test_filters_and_pages(portals: Portals) -> None:
    browser = await portals.browser(BUYER)
    everything = set(re.findall(NUMBER, await browser.get("/enterprise/orders?first=100")))
    first = await browser.get("/enterprise/orders?first=5")
    assert len(set(re.findall(NUMBER, first))) == 5
    assert f"共 {len(everything)} 笔" in text_of(first)
    halves = [
        set(re.findall(NUMBER, await browser.get(f"/enterprise/orders?first=100&filter.{name}={days_ago(170)}")))
        for name in ("placedFrom", "placedBefore")
    ]
    assert halves[0] | halves[1] == everything
    assert not halves[0] & halves[1]
    cancelled = await browser.get("/enterprise/orders?filter.status=PLACED&filter.placedBefore=1990-01-01")
    assert "没有这样的订单" in text_of(cancelled)


async def test_an_order_of_another_company_is_absent(portals: Portals) -> None:
    path = await (await portals.browser(BUYER)).find("/enterprise/orders", r"/enterprise/orders/[\w-]+")
    await (await portals.browser(OTHER_BUYER)).get(path, 404)
