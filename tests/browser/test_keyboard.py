"""A purchase and a visit to a store by keyboard alone, without scripts: what is used is reached by Tab, named, and seen to be reached."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.browser.test_portals import visiting

pytestmark = pytest.mark.browser

SHOPPER = "zhou.muye@quadrant.example"
TABS_MAX = 80
# What the focused control is called, and whether it, or what is drawn for it, is seen to be focused.
FOCUSED = """() => { const each = document.activeElement, drawn = [each, each.closest("label") ?? each];
    const called = each.getAttribute("aria-label") ?? [...(each.labels ?? [])].map(label => label.innerText).join(" ");
    if (each === document.body) return ["", true];
    return [called || each.innerText || each.value || "", drawn.some(shown => getComputedStyle(shown).outlineStyle !== "none")] }"""


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until a control is focused whose name begins so."""
    passed: list[str] = []
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        called, ringed = await page.evaluate(FOCUSED)
        assert ringed, f"nobody sees that {called} is focused"
        if called.strip().startswith(name):
            return
        passed.append(called.strip())
    raise AssertionError(f"{name} is not reached: {passed}")


async def press(page: Page, name: str = "", *, key: str = "Enter") -> None:
    """Go to a control and press it; the page that follows is entered past its navigation."""
    if name:
        await tab_to(page, name)
    async with page.expect_navigation():
        await page.keyboard.press(key)
    await tab_to(page, "跳到")
    await page.keyboard.press("Enter")


async def write(page: Page, name: str, text: str) -> None:
    """Write into a field, instead of what it holds."""
    await tab_to(page, name)
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Delete")
    await page.keyboard.type(text)


async def test_bought_and_visited_by_keyboard_alone(chromium: Browser, address: str) -> None:
    async with visiting(chromium, address, "keyboard", scripts=False) as shopper:
        page = shopper.page
        await shopper.sign_in(SHOPPER)
        await page.goto(f"{address}/category/wear")
        await tab_to(page, "中号")
        await page.keyboard.press("Space")
        await press(page, "应用")
        assert "options.size.values=M" in page.url
        await press(page, "风信 J1")
        await tab_to(page, "小号")
        await page.keyboard.press("ArrowDown")
        await press(page, "查看所选规格")
        assert "option.size=M" in page.url
        await write(page, "数量", "3")
        await press(page, "加入购物车")
        await write(page, "数量：风信 J1", "2")
        await press(page)
        assert "¥1,798" in await page.inner_text("main")
        await press(page, "去结算")
        await write(page, "优惠券或礼券代码", "NOTHING")
        await press(page, "使用并计算应付")
        assert "没有这张券" in await page.inner_text("main")
        await write(page, "优惠券或礼券代码", "")
        await write(page, "收货人", "周牧野")
        await write(page, "电话", "13800138000")
        await tab_to(page, "省份")
        await page.keyboard.press("ArrowDown")
        await write(page, "详细地址", "天府大道 1 号")
        await press(page, "提交订单")
        assert "/orders/" in page.url, await page.inner_text("main")
        await tab_to(page, "去支付")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/sandbox-payments/pay/*")
        await tab_to(page, "支付")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/orders/*")

        await page.goto(f"{address}/stores/SH01")
        await press(page, "12")
        await tab_to(page, "产品体验")
        await page.keyboard.press("ArrowDown")
        await press(page, "预约")
        assert "/appointments" in page.url
        await press(page, "取消预约")
        assert "已取消" in await page.inner_text("main")
        assert shopper.complaints == []
