"""Every page of the division: for those who may read the catalogue, whether or not they may see origins."""

from __future__ import annotations

import re

import pytest

from tests.portal.pages.every_page import ID, Walk
from tests.portal.pages.portals import BUYER, EDITOR, SHOPPER, TRANSFER, Portals

ALL = Walk(
    "division",
    TRANSFER,
    {
        "/division": None,
        "/division/products": None,
        rf"/division/products/{ID}": "/division/products",
        "/division/categories": None,
        rf"/division/categories/{ID}": "/division/categories",
        "/division/transfer": None,
        rf"/division/outcomes/{ID}": "/division/transfer",
        "/division/reviews": None,
        rf"/division/reviews/{ID}": "/division/reviews",
        "/division/delegations": "/division/reviews",
        "/division/projects": None,
        rf"/division/projects/{ID}": "/division/projects",
        rf"/division/descriptions/{ID}": "/division/projects",
    },
)
# What an editor of the catalogue has no right to at all.
TRANSFER_PAGES = tuple(
    pattern
    for pattern in ALL.pages
    if re.match(r"/division/(transfer|outcomes|reviews|delegations|projects|descriptions)", pattern)
)
CATALOGUE_PAGES = tuple(pattern for pattern in ALL.pages if pattern not in TRANSFER_PAGES)


def test_no_page_is_forgotten(portals: Portals) -> None:
    ALL.check_complete(portals)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("pattern", ALL.pages)
async def test_the_division_sees_every_page(portals: Portals, pattern: str, language: str) -> None:
    await ALL.check_page(portals, pattern, language)


@pytest.mark.parametrize("pattern", TRANSFER_PAGES)
async def test_technology_transfer_is_not_for_editors_of_the_catalogue(portals: Portals, pattern: str) -> None:
    await (await portals.browser(EDITOR)).get(await ALL.address(portals, pattern), 403)


@pytest.mark.parametrize("pattern", CATALOGUE_PAGES)
async def test_those_who_may_not_see_origins_see_the_rest(portals: Portals, pattern: str) -> None:
    page = await (await portals.browser(EDITOR)).get(await ALL.address(portals, pattern))
    assert "青岚-3" not in page


@pytest.mark.parametrize("pattern", ALL.pages)
async def test_strangers_sign_in_and_others_are_kept_out(portals: Portals, pattern: str) -> None:
    await ALL.check_closed(portals, pattern, {SHOPPER: "/", BUYER: "/enterprise"})


@pytest.mark.parametrize("path", ["/division/nothing", "/division/products/nothing", "/division/categories/nothing"])
async def test_what_is_not_there_is_said_to_be_absent(portals: Portals, path: str) -> None:
    await (await portals.browser(TRANSFER)).get(path, 404)
