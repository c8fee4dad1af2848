"""Every page for authorities: for their people, for nobody else, in both languages."""

from __future__ import annotations

import pytest

from tests.portal.pages.every_page import ID, Walk
from tests.portal.pages.portals import BUYER, OFFICIAL, SHOPPER, Portals

ALL = Walk(
    "government",
    OFFICIAL,
    {
        "/government": None,
        "/government/solutions": None,
        rf"/government/solutions/{ID}": "/government/solutions",
        "/government/projects": None,
        rf"/government/projects/{ID}": "/government/projects",
        "/government/team": None,
    },
)


def test_no_page_is_forgotten(portals: Portals) -> None:
    ALL.check_complete(portals)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("pattern", ALL.pages)
async def test_officials_see_every_page(portals: Portals, pattern: str, language: str) -> None:
    await ALL.check_page(portals, pattern, language)


@pytest.mark.parametrize("pattern", ALL.pages)
async def test_strangers_sign_in_and_others_are_kept_out(portals: Portals, pattern: str) -> None:
    await ALL.check_closed(portals, pattern, {SHOPPER: "/", BUYER: "/enterprise"})


@pytest.mark.parametrize(
    "path", ["/government/nothing", "/government/solutions/nothing", "/government/projects/nothing"]
)
async def test_what_is_not_there_is_said_to_be_absent(portals: Portals, path: str) -> None:
    response = await (await portals.browser(OFFICIAL)).client.get(path)
    assert response.status_code in {400, 404}
