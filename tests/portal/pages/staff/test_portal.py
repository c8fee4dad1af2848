"""Every page of staff's portal: for staff of every kind, for nobody else, in both languages."""

from __future__ import annotations

import re

import pytest

from tests.portal.pages.msgids import CHINESE
from tests.portal.pages.portals import BUYER, ENGINEER, HEAD, PRODUCTS, REPRESENTATIVE, SALES, Portals, text_of

ID = r"[\w-]+"
ASSISTANT = "cen.chuan"
# Pages by the pattern of their addresses, each with the page that links to it.
PAGES = {
    "/staff": None,
    "/staff/customers": None,
    rf"/staff/customers/{ID}": "/staff/customers?filter.text=远川测绘",
    rf"/staff/customers/{ID}/edit": rf"/staff/customers/{ID}",
    rf"/staff/members/{ID}": rf"/staff/customers/{ID}",
    rf"/staff/customers/{ID}/team": rf"/staff/customers/{ID}",
    rf"/staff/customers/{ID}/vouchers": rf"/staff/customers/{ID}",
    "/staff/rewards": None,
    "/staff/coupons": "/staff/rewards",
    rf"/staff/coupons/{ID}": "/staff/coupons",
    "/staff/vouchers": "/staff/coupons",
    "/staff/orders": None,
    rf"/staff/orders/{ID}": "/staff/orders",
    "/staff/payments": None,
    rf"/staff/payments/{ID}": "/staff/payments",
    "/staff/returns": None,
    rf"/staff/returns/{ID}": "/staff/returns",
    "/staff/catalogue": None,
    rf"/staff/catalogue/{ID}": "/staff/catalogue",
    "/staff/programmes": None,
    rf"/staff/programmes/{ID}": "/staff/programmes",
    "/staff/equipment": None,
    rf"/staff/equipment/{ID}": "/staff/equipment",
    "/staff/outcomes": None,
    rf"/staff/outcomes/{ID}": "/staff/outcomes",
    "/staff/register-outcome": "/staff/outcomes",
    "/staff/reviews": None,
    rf"/staff/reviews/{ID}": "/staff/reviews",
    "/staff/delegations": "/staff/reviews",
    "/staff/policies": None,
    rf"/staff/policies/{ID}/{ID}": "/staff/policies",
    "/staff/publish-policy": "/staff/policies",
    "/staff/sheets": "/staff/outcomes",
    "/staff/reclassifications": None,
    rf"/staff/reclassifications/{ID}": "/staff/reclassifications",
    "/staff/earn-rules": None,
    rf"/staff/earn-rules/{ID}": "/staff/earn-rules",
    rf"/staff/earn-versions/{ID}": rf"/staff/earn-rules/{ID}",
    "/staff/tiers": "/staff/earn-rules",
    "/staff/liability": None,
    "/staff/adjustments": None,
    "/staff/points-programmes": "/staff/earn-rules",
    rf"/staff/points-programmes/{ID}": "/staff/points-programmes",
    "/staff/stores": None,
    rf"/staff/stores/{ID}": "/staff/stores",
    rf"/staff/stores/{ID}/hours": rf"/staff/stores/{ID}",
    rf"/staff/stores/{ID}/edit": rf"/staff/stores/{ID}",
    rf"/staff/stores/{ID}/team": rf"/staff/stores/{ID}",
    "/staff/register-store": "/staff/stores",
}

# What the demonstration has no link to for the head, each with an address: the audit log is for its administrator alone
# (test_audit.py), a till for who works at its store (test_till.py), an adjustment is proposed first (test_adjustments.py).
ELSEWHERE = {
    "/staff/audit": "/staff/audit",
    rf"/staff/stores/{ID}/till": "/staff/stores/SH01/till",
    rf"/staff/sales/{ID}": "/staff/sales/none",
    rf"/staff/adjustments/{ID}": "/staff/adjustments/none",
}
SCOPED_ROOTS = (
    *("/staff/earn-", "/staff/orders", "/staff/payments", "/staff/returns"),
    *("/staff/rewards", "/staff/coupons", "/staff/vouchers", "/staff/points-programmes", "/staff/adjustments"),
)
# All of these asks for a scope that some of the staff do not hold.
SCOPED = {
    rf"/staff/members/{ID}",
    "/staff/tiers",
    "/staff/liability",
    *(each for each in PAGES if each.startswith(SCOPED_ROOTS) or each.endswith("/vouchers")),
}


async def address(portals: Portals, pattern: str) -> str:
    """A page of this kind, as the head of the department finds it."""
    above = PAGES.get(pattern) if pattern in PAGES else None
    if above is None:
        return pattern
    browser = await portals.browser(HEAD)
    return await browser.find(await address(portals, above) if above in PAGES else above, pattern)


def test_no_page_is_forgotten(portals: Portals) -> None:
    pages = {page.path for page in portals.served.app.state.assembly.site.registry.pages.values()}
    mine = {re.sub(r"\{\w+\}", ID.replace("\\", "\\\\"), path) for path in pages if path.startswith("/staff")}
    assert mine == set(PAGES) | set(ELSEWHERE)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("pattern", PAGES)
async def test_staff_see_every_page(portals: Portals, pattern: str, language: str) -> None:
    browser = await portals.browser(HEAD, language)
    page = await browser.get(await address(portals, pattern))
    assert "UndefinedError" not in page
    # What code says is translated; what people wrote is in the language that they wrote it in.
    assert language == "zh" or not CHINESE.search(page[page.index("<nav") : page.index("</nav>")])


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_who_works_at_a_store_sees_its_till(portals: Portals, language: str) -> None:
    browser = await portals.browser(ASSISTANT, language)
    page = await browser.get("/staff/stores/SH01/till")
    assert language == "zh" or not CHINESE.search(text_of(page[page.index("<main") : page.index("</main>")]))


@pytest.mark.parametrize("pattern", PAGES)
@pytest.mark.parametrize("who", [SALES, ENGINEER, PRODUCTS])
async def test_no_page_is_a_fault_for_those_with_less(portals: Portals, pattern: str, who: str) -> None:
    """Rows that somebody may not see are not there; a scope that is missing takes a part of the page, not the page."""
    browser = await portals.browser(who)
    response = await browser.client.get(await address(portals, pattern))
    refused = {403} if pattern in SCOPED else set[int]()
    assert response.status_code in {200, 404} | refused, text_of(response.text)


@pytest.mark.parametrize("pattern", [*PAGES, *ELSEWHERE])
async def test_strangers_sign_in_and_others_are_kept_out(portals: Portals, pattern: str) -> None:
    path = ELSEWHERE.get(pattern) or await address(portals, pattern)
    stranger = await portals.browser()
    assert (await stranger.location(path)).startswith("/sign-in?next=%2Fstaff")
    for who, own in ((REPRESENTATIVE, "/military"), (BUYER, "/enterprise")):
        browser = await portals.browser(who)
        if path == "/staff":
            assert await browser.location(path) == own
        else:
            await browser.get(path, 403)
