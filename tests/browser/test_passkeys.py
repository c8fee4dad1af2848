"""A passkey in a real browser with a virtual device: added on one's own page, used instead of the password."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.browser.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser

# Somebody who needs no second factor until they have one, and whom no other test signs in.
WHO = "he.yian@quadrant.example"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def plug_in(page: Page) -> None:
    """A device that recognises its person."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


async def test_a_passkey_is_added_and_signs_in(chromium: Browser, address: str) -> None:
    # Passkeys belong to a name, and an address in figures is none.
    here = address.replace("127.0.0.1", "localhost")
    context = await chromium.new_context(locale="zh-CN")
    try:
        visitor = Visitor(await context.new_page(), here, "passkeys")
        page = visitor.page
        await plug_in(page)
        await visitor.sign_in(WHO)
        await page.click("details.menu summary")
        await page.click("details.menu a[href='/security']")
        await page.fill("#passkey-name", "测试电脑")
        await page.click("form[data-passkey=create] button")
        await page.wait_for_selector(".codes")
        assert await page.locator(".codes code").count() == 10
        await page.click("main a.button")
        assert "测试电脑" in await page.inner_text("#passkeys")
        await visitor.look("security")
        await visitor.measure(PHONE)
        await page.click("details.menu summary")
        await page.click("form[action='/sign-out'] button")
        await page.goto(f"{here}/sign-in?next=%2Fenterprise%2Forders")
        await visitor.picture("sign-in")
        await page.click("form[data-passkey=get] button")
        await page.wait_for_url("**/enterprise/orders")
        # The password alone no longer does: the second step offers the passkey.
        await page.click("details.menu summary")
        await page.click("form[action='/sign-out'] button")
        await page.goto(f"{here}/sign-in")
        await page.fill("#sign-in-account", WHO)
        await page.fill("#sign-in-password", "quadrant-demo")
        await page.press("#sign-in-password", "Enter")
        await page.wait_for_url("**/second-step*")
        await page.click("form[data-passkey=get] button")
        await page.wait_for_url("**/enterprise")
        assert visitor.complaints == []
    finally:
        await context.close()
