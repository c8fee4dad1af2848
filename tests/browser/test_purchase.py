"""A whole purchase in a real browser without scripts: bought with part points, paid at the sandbox, sent, returned, given back.

What the pages say of points is what the ledger holds at each step.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page

from tests.browser.test_portals import visiting
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

SHOPPER, CLERK = "shen.zhixia@quadrant.example", "han.zhixing@quadrant.example"
GOODS = "岸舟 C1"
POINTS = 100
RELOADS_MAX = 40
BALANCE = "{ memberships(first: 1) { nodes { balance { pending available held debt } } } }"


async def fill(page: Page, **fields: str) -> None:
    """Fill in fields by the last part of their names, and send the form that they stand in."""
    field = page.locator("main form [name]")
    for name, value in fields.items():
        field = page.locator(f"main form [name='input.{name.replace('__', '.')}']")
        if await field.evaluate("each => each.tagName") == "SELECT":
            await field.select_option(index=1)
        else:
            await field.fill(value)
    await field.locator("xpath=ancestor::form").locator("button:not([name])").first.click()


async def balance(shopper: Visitor) -> dict[str, int]:
    """The shopper's points by state, with the session of their window."""
    answer = await shopper.page.context.request.post(f"{shopper.address}/graphql", data={"query": BALANCE})
    [member] = (await answer.json())["data"]["memberships"]["nodes"]
    return {state: int(points) for state, points in member["balance"].items()}


async def reloaded(page: Page, says: str) -> None:
    """Reload until what is on its way has come."""
    for _ in range(RELOADS_MAX):
        if says in await page.inner_text("main"):
            return
        await page.wait_for_timeout(250)
        await page.reload()
    raise AssertionError(f"{says} has not come: {await page.inner_text('main')}")


async def by_staff(chromium: Browser, address: str, path: str, *acts: Callable[[Page], Awaitable[None]]) -> None:
    """A clerk opens a list, goes to what is first in it, and does something there."""
    async with visiting(chromium, address, "purchase-clerk") as clerk:
        await clerk.sign_in(CLERK)
        for act in acts:
            await clerk.page.goto(address + path)
            await clerk.page.locator("main tbody a").first.click()
            await act(clerk.page)
        assert clerk.complaints == []


async def test_bought_with_points_paid_sent_and_returned(chromium: Browser, address: str) -> None:
    async with visiting(chromium, address, "purchase", scripts=False) as shopper:
        page = shopper.page
        await shopper.sign_in(SHOPPER)
        before = await balance(shopper)
        order = await ordered(page, address)
        held = await balance(shopper)
        assert held == {**before, "available": before["available"] - POINTS, "held": before["held"] + POINTS}

        await page.click("main a:has-text('去支付')")
        assert "/sandbox-payments/pay/" in page.url
        await page.click("main button.main")
        await page.wait_for_url(order)
        await reloaded(page, "已支付")
        paid = await balance(shopper)
        assert {**paid, "pending": 0} == {**held, "held": before["held"], "pending": 0}, "redeemed"
        assert paid["pending"] > before["pending"], "earned, and waiting for the return window to end"

        number = await page.inner_text("h1")
        await by_staff(chromium, address, "/staff/orders", lambda page: shipped(page, number), delivered)
        await page.goto(order)
        await page.click("main a:has-text('申请退货')")
        await fill(page, lines__0__quantity="1", reason="规格不合适")
        await page.wait_for_url(order)
        assert "待审核" in await page.inner_text("main")

        await by_staff(chromium, address, "/staff/returns", approved, received)
        await page.goto(order)
        await reloaded(page, "已退款")
        assert await balance(shopper) == before
        assert shopper.complaints == []


async def ordered(page: Page, address: str) -> str:
    """The goods are put into the cart and bought; the address of the order."""
    await page.goto(address)
    await page.fill("#search", GOODS)
    await page.press("#search", "Enter")
    await page.click(f"main .goods h3 a:has-text('{GOODS}')")
    await page.click("main button:has-text('加入购物车')")
    await page.goto(f"{address}/checkout")
    await page.fill("#place-input-points", str(POINTS))
    await page.click("main button:has-text('使用并计算应付')")
    assert "积分抵扣" in await page.inner_text("main")
    await fill(page, recipient="沈知夏", phone="13800138000", region="", address="天府大道 1 号")
    await page.wait_for_url("**/orders/*")
    assert re.search("待支付", await page.inner_text("main"))
    return page.url


async def shipped(page: Page, number: str) -> None:
    assert number in await page.inner_text("h1"), "the newest order comes first"
    await page.click("main button:has-text('确认发货')")
    await page.wait_for_load_state()


async def delivered(page: Page) -> None:
    await page.click("main button:has-text('登记签收')")
    await page.wait_for_load_state()


async def approved(page: Page) -> None:
    await page.click("main button:has-text('同意退货')")
    await page.wait_for_load_state()


async def received(page: Page) -> None:
    await page.click("main button:has-text('确认收货并退款')")
    await page.wait_for_load_state()
