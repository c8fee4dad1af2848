"""A person's own orders, at a glance and one by one."""

from __future__ import annotations

import re

from tests.portal.pages.portals import OTHER_SHOPPER, SHOPPER, Portals, text_of

NUMBER = r"CO-\d{4}-\d{5}"


def amounts(said: str) -> list[float]:
    """The sums of money that a text names, in its order."""
    return [float(each.replace(",", "")) for each in re.findall(r"¥([\d,.]+)", said)]


async def test_orders_are_the_persons_own(portals: Portals) -> None:
    mine, others = [
        set(re.findall(NUMBER, await (await portals.browser(who)).get("/orders?first=60")))
        for who in (SHOPPER, OTHER_SHOPPER)
    ]
    assert mine
    assert others
    assert not mine & others


async def test_orders_by_status(portals: Portals) -> None:
    browser = await portals.browser(SHOPPER)
    delivered = text_of(await browser.get("/orders?filter.status=DELIVERED"))
    assert delivered.count("已交付") > delivered.count("已取消")
    everything = set(re.findall(NUMBER, await browser.get("/orders?first=60")))
    by_status = [
        set(re.findall(NUMBER, await browser.get(f"/orders?first=60&filter.status={status}")))
        for status in ("PLACED", "PAID", "SHIPPED", "DELIVERED", "CANCELLED")
    ]
    assert set.union(*by_status) == everything
    assert sum(map(len, by_status)) == len(everything)


async def test_an_order_shows_its_lines_and_its_sum(portals: Portals) -> None:
    browser = await portals.browser(SHOPPER)
    path = await browser.find("/orders?filter.status=DELIVERED", r"/orders/[\w-]+")
    said = text_of(await browser.get(path))
    for part in ("明细", "概要", "合计", "已下单", "已交付"):
        assert part in said
    paid, lines, summary = said.index("已下单"), said.index("明细"), said.index("概要")
    total = amounts(said[summary:])[-1]
    assert sum(amounts(said[lines:summary])) == total
    # The newest order was bought here, by one payment of its whole sum.
    assert amounts(said[paid:lines]) == [total]
    await (await portals.browser(OTHER_SHOPPER)).get(path, 404)


async def test_a_products_line_leads_to_it(portals: Portals) -> None:
    browser = await portals.browser(SHOPPER)
    path = await browser.find("/orders", r"/orders/[\w-]+")
    assert "参数" in text_of(await browser.get(await browser.find(path, r"/product/[\w-]+")))
