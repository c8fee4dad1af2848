"""Every page of the shop: for everybody, and those about a person for that person alone, in both languages."""

from __future__ import annotations

import pytest

from tests.portal.pages.every_page import ID, Walk
from tests.portal.pages.portals import BUYER, HEAD, SHOPPER, Portals, text_of

ALL = Walk(
    "consumer",
    SHOPPER,
    {
        "/": None,
        "/categories": None,
        rf"/category/{ID}": "/categories",
        "/search": None,
        rf"/product/{ID}": "/search",
        "/cart": None,
        "/checkout": None,
        "/orders": None,
        rf"/orders/{ID}": "/orders",
        rf"/orders/{ID}/return": "/orders?filter.status=DELIVERED",
        "/account": None,
        "/membership": None,
        "/notices": None,
        "/rewards": None,
        "/stores": None,
        rf"/stores/{ID}": "/stores",
        "/appointments": "/stores",
    },
)
PRIVATE = (
    "/checkout",
    "/orders",
    rf"/orders/{ID}",
    rf"/orders/{ID}/return",
    "/account",
    "/membership",
    "/notices",
    "/rewards",
    "/appointments",
)
PUBLIC = sorted(set(ALL.pages) - set(PRIVATE))


def test_no_page_is_forgotten(portals: Portals) -> None:
    ALL.check_complete(portals)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("pattern", ALL.pages)
async def test_a_person_sees_every_page(portals: Portals, pattern: str, language: str) -> None:
    await ALL.check_page(portals, pattern, language)


@pytest.mark.parametrize("pattern", PUBLIC)
async def test_the_shop_is_for_everybody(portals: Portals, pattern: str) -> None:
    stranger = await portals.browser()
    page = await stranger.get(await ALL.address(portals, pattern))
    assert "登录" in page


@pytest.mark.parametrize("pattern", PRIVATE)
async def test_what_is_somebodys_own_asks_who_it_is(portals: Portals, pattern: str) -> None:
    path = await ALL.address(portals, pattern)
    stranger = await portals.browser()
    assert (await stranger.location(path)).startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("pattern", PUBLIC[1:] + list(PRIVATE))
async def test_others_have_portals_of_their_own(portals: Portals, pattern: str) -> None:
    path = await ALL.address(portals, pattern)
    for who in (BUYER, HEAD):
        await (await portals.browser(who)).get(path, 403)
    assert await (await portals.browser(BUYER)).location("/") == "/enterprise"


@pytest.mark.parametrize(
    "path", ["/nothing", "/product/nothing", "/category/nothing", "/orders/nothing", "/orders/T3JkZXI6AAA"]
)
async def test_what_is_not_there_is_said_to_be_absent(portals: Portals, path: str) -> None:
    browser = await portals.browser(SHOPPER)
    response = await browser.client.get(path)
    assert response.status_code in {400, 404}, text_of(response.text)


async def test_an_address_that_asks_for_too_much_is_wrong_and_no_fault_of_ours(portals: Portals) -> None:
    stranger = await portals.browser()
    await stranger.get("/search?first=100", 200)
    await stranger.get("/search?first=101", 400)
    await stranger.get("/search?filter.priceFrom=cheap", 400)
    await (await portals.browser(SHOPPER)).get("/orders?first=100", 400)
