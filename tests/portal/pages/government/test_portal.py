"""Every page for authorities: for their people, for nobody else, in both languages."""

from __future__ import annotations

import re

import pytest

from tests.portal.pages.every_page import ID, Walk
from tests.portal.pages.portals import BUYER, OFFICIAL, SHOPPER, Portals, text_of

# Of what is bought in a shop; a project is none.
SHOP_WORDS = re.compile(
    r"付款|支付|下单|购物|结算|积分|优惠|退货|\b(paid|pay|payment|cart|checkout|points|coupon|return)\b", re.IGNORECASE
)

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


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_project_is_told_without_the_words_of_the_shop(portals: Portals, language: str) -> None:
    browser = await portals.browser(OFFICIAL, language)
    projects = await browser.get("/government/projects")
    links = set(re.findall(rf'href="(/government/projects/{ID})"', projects))
    statuses = set(re.findall(r'<option value="([A-Z_]+)"', projects))
    assert (len(statuses), len(links) > 1) == (6, True)
    for path in ("/government", "/government/projects", *sorted(links)[:12]):
        said = text_of(await browser.get(path))
        assert not SHOP_WORDS.search(said), (path, SHOP_WORDS.findall(said))
    # The steps of one that is under way.
    steps = [page for page in [await browser.get(path) for path in sorted(links)] if '<ol class="steps"' in page]
    assert all(("执行中" if language == "zh" else "In progress") in page for page in steps)
    assert steps
