"""A product; its cost for those who may see it."""

from __future__ import annotations

from tests.portal.pages.portals import HEAD, PRODUCTS, SALES, Portals, text_of

PATH = "/staff/catalogue/ql-m3"


async def test_the_cost_is_for_those_who_hold_its_scope(portals: Portals) -> None:
    for who, sees in ((HEAD, True), (PRODUCTS, True), (SALES, False)):
        browser = await portals.browser(who)
        page = text_of(await browser.get(PATH))
        assert ("成本" in page) is sees
        assert "QL-M3-B" in page
        # The operation that the demonstration shows is the one that was run.
        assert ("cost" in page) is sees


async def test_a_product_that_is_not_there(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    await browser.get("/staff/catalogue/no-such-thing", 404)
