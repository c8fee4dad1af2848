"""Every page of the military portal: for representatives, for nobody else, in both languages."""

from __future__ import annotations

import pytest

from tests.portal.pages.portals import CHIEF, HEAD, OFFICER, REPRESENTATIVE, Portals

ID = r"[\w-]+"
PAGES = {
    "/military": None,
    "/military/programmes": None,
    rf"/military/programmes/{ID}": "/military/programmes",
    "/military/fleet": None,
    rf"/military/equipment/{ID}": "/military/fleet",
    "/military/team": None,
}


async def address(portals: Portals, pattern: str) -> str:
    """A page of this kind, as the representative finds it."""
    above = PAGES[pattern]
    return pattern if above is None else await (await portals.browser(REPRESENTATIVE)).find(above, pattern)


def test_no_page_is_forgotten(portals: Portals) -> None:
    pages = {page.path for page in portals.served.app.state.assembly.site.registry.pages.values()}
    assert {path.replace("{id}", ID) for path in pages if path.startswith("/military")} == set(PAGES)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("pattern", PAGES)
async def test_representatives_see_every_page(portals: Portals, pattern: str, language: str) -> None:
    page = await (await portals.browser(REPRESENTATIVE, language)).get(await address(portals, pattern))
    assert 'class="mark-bar first"' in page


@pytest.mark.parametrize("pattern", PAGES)
@pytest.mark.parametrize("who", [CHIEF, OFFICER])
async def test_no_page_is_a_fault_for_those_with_more_or_less(portals: Portals, pattern: str, who: str) -> None:
    response = await (await portals.browser(who)).client.get(await address(portals, pattern))
    assert response.status_code in {200, 404}


@pytest.mark.parametrize("pattern", PAGES)
async def test_strangers_sign_in_and_others_are_kept_out(portals: Portals, pattern: str) -> None:
    path = await address(portals, pattern)
    assert (await (await portals.browser()).location(path)).startswith("/sign-in?next=%2Fmilitary")
    staff = await portals.browser(HEAD)
    if path == "/military":
        assert await staff.location(path) == "/staff"
    else:
        await staff.get(path, 403)
