"""The division's whole way in a real browser: from a classified outcome to a product in the shop.

Four people sign in with their second factor; nobody signs what they have asked for.
"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page

from tests.browser.test_portals import visiting
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

OFFICER = "ye.shuning@quadrant.example"
SIGNERS = (
    ("division", "mu.shan@quadrant.example"),
    ("staff", "shen.li@quadrant.example"),
    ("staff", "song.huaijin@quadrant.example"),
)
PRODUCT = "山脊线巡检套件"
CIVIL_NAME = "山脊抗风组件（民用）"


async def fill(page: Page, **fields: str) -> None:
    """Fill in fields by the last part of their names, and send the form that they stand in."""
    field = page.locator("main form [name]")
    for name, value in fields.items():
        field = page.locator(f"main form [name='input.{name.replace('__', '.')}']")
        await field.fill(value)
    await field.locator("xpath=ancestor::form").locator("button[type=submit], button:not([type])").first.click()


async def test_from_a_classified_outcome_to_a_product_of_the_shop(chromium: Browser, address: str) -> None:
    async with visiting(chromium, address, "transfer") as officer:
        await officer.sign_in(OFFICER)
        page = officer.page
        code, outcome = await asked_for_review(officer)
        for portal, email in SIGNERS:
            async with visiting(chromium, address, "transfer-signer") as signer:
                await signer.sign_in(email)
                await signed(signer, portal)
                assert signer.complaints == []
        await page.goto(outcome)
        await page.click("main a[href*='/division/descriptions/']")
        await fill(
            page,
            name="山脊 → 巡检",
            partner="某测绘公司",
            milestones__0__name="样机",
            milestones__0__plannedOn="2030-01-01",
        )
        await page.wait_for_url("**/division/projects/*")
        await page.click("main button:has-text('记为达成')")
        await fill(page, name=PRODUCT, summary="抗风七级", description="用于线路巡检。", brand="四方", price="12800")
        assert "已完成" in await page.inner_text("main")
        await officer.look("project-done")
        assert officer.complaints == []
    async with visiting(chromium, address, "transfer-shopper") as shopper:
        await shopper.go("/")
        await shopper.page.fill("#search", PRODUCT)
        await shopper.page.press("#search", "Enter")
        await shopper.page.click(f"main .goods h3 a:has-text('{PRODUCT}')")
        shown = await shopper.page.inner_text("main")
        assert "12,800" in shown
        assert not re.search(rf"{code}|型号|密级|脱密|成果", shown), "a trace of its origin"
        await shopper.look("product")
        assert shopper.complaints == []


async def asked_for_review(officer: Visitor) -> tuple[str, str]:
    """An outcome is screened and its review asked for; its code and address."""
    page = officer.page
    await officer.go("/division/transfer?filter.stage=REGISTERED")
    await page.click("main a[href*='/division/outcomes/']")
    outcome, code = page.url, await page.inner_text("h1")
    await fill(page, **{f"scores__{at}__points": "80" for at in range(4)})
    assert "民用筛选" in await page.inner_text("main")
    await officer.look("screened")
    await fill(page, title=CIVIL_NAME, text="用于线路巡检无人机。", justification="同类产品已公开。")
    assert "审批中" in await page.inner_text("main")
    assert await page.locator("form [name='input.kind']").count() == 0, "nobody signs what they have asked for"
    return code, outcome


async def signed(signer: Visitor, portal: str) -> None:
    """The review is found in the inbox and approved."""
    page = signer.page
    await signer.go(f"/{portal}/reviews?status=PENDING")
    await page.click(f"main tr:has-text('{CIVIL_NAME}') a[href*='/{portal}/reviews/']")
    await page.check("main form [name='input.kind'][value=APPROVE]")
    await page.locator("main form:has([name='input.kind']) button").first.click()
    assert await page.locator("main form [name='input.kind']").count() == 0, "nobody signs twice"
