"""Who somebody is signed in as, and how to sign out."""

from __future__ import annotations

from tests.portal.pages.html_checks import form
from tests.portal.pages.portals import DOMAIN, Portals, text_of

# Somebody whom no other test signs in: they sign out here.
WHO = "zhou.muye"


async def test_the_account_says_who_and_signs_out(portals: Portals) -> None:
    browser = await portals.browser(WHO)
    page = await browser.get("/account")
    assert WHO + DOMAIN in text_of(page)
    assert "最近订单" in text_of(page)
    left = await browser.client.post("/sign-out", data=form(page, "sign-out"))
    assert left.headers["location"] == "/"
    del portals.cookies[WHO]
    browser.client.cookies.update(left.cookies)
    assert (await browser.location("/account")).startswith("/sign-in")
