"""Every page of the club: for people of its companies, for nobody else, in both languages."""

from __future__ import annotations

import pytest

from tests.portal.pages.every_page import ID, Walk
from tests.portal.pages.portals import BUYER, HEAD, SHOPPER, Portals

ALL = Walk(
    "enterprise",
    BUYER,
    {
        "/enterprise": None,
        "/enterprise/prices": None,
        rf"/enterprise/prices/{ID}": "/enterprise/prices",
        "/enterprise/cart": None,
        "/enterprise/checkout": None,
        "/enterprise/orders": None,
        rf"/enterprise/orders/{ID}": "/enterprise/orders",
        rf"/enterprise/orders/{ID}/return": "/enterprise/orders?filter.status=DELIVERED",
        "/enterprise/team": None,
        "/enterprise/clients": None,
        "/enterprise/pool": None,
        "/enterprise/notices": None,
        "/enterprise/rewards": None,
        "/enterprise/stores": None,
        rf"/enterprise/stores/{ID}": "/enterprise/stores",
        "/enterprise/appointments": "/enterprise/stores",
    },
)


def test_no_page_is_forgotten(portals: Portals) -> None:
    ALL.check_complete(portals)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("pattern", ALL.pages)
async def test_buyers_see_every_page(portals: Portals, pattern: str, language: str) -> None:
    await ALL.check_page(portals, pattern, language)


@pytest.mark.parametrize("pattern", ALL.pages)
async def test_strangers_sign_in_and_others_are_kept_out(portals: Portals, pattern: str) -> None:
    await ALL.check_closed(portals, pattern, {SHOPPER: "/", HEAD: "/staff"})


@pytest.mark.parametrize("path", ["/enterprise/nothing", "/enterprise/prices/nothing", "/enterprise/orders/nothing"])
async def test_what_is_not_there_is_said_to_be_absent(portals: Portals, path: str) -> None:
    response = await (await portals.browser(BUYER)).client.get(path)
    assert response.status_code in {400, 404}
