"""A sale at a store's till without a script: goods are chosen, the member named, money taken; and what is left is voided."""

from __future__ import annotations

import html
import re

from tests.portal.pages.portals import BUYER, HEAD, SALES, SHOPPER, Browser, Portals, text_of

ASSISTANT = "cen.chuan"
STORE, TILL = "/staff/stores/SH01", "/staff/stores/SH01/till"


async def picked(browser: Browser, pieces: int) -> str:
    """The till with the first so many goods that lie there."""
    path = TILL
    for _ in range(pieces):
        page = await browser.get(path)
        path = html.unescape(re.findall(r'<a class="button" href="([^"]+)">加入', page)[0])
    return path


async def member_number(portals: Portals) -> str:
    page = await (await portals.browser(SHOPPER)).get("/membership")
    found = re.search(r'id="member-number">([\d ]+)<', page)
    assert found
    return found[1]


async def test_a_member_buys_at_the_till(portals: Portals) -> None:
    browser, shopper = await portals.browser(ASSISTANT), await portals.browser(SHOPPER)
    assert TILL in await browser.get(STORE)
    assert "还没有商品" in text_of(await browser.get(TILL))
    path = await picked(browser, 2)
    number = await member_number(portals)
    wrong = await browser.send(path, "ring", {"input.member": "1234567890", "input.lines.0.quantity": "2"}, 422)
    assert "会员号" in text_of(wrong)
    assert 'value="1234567890"' in wrong, "what was entered is there again"
    many = await browser.send(path, "ring", {"input.member": number, "input.lines.0.quantity": "99999"}, 422)
    assert "库存" in text_of(many)
    entered = {"input.member": number, "input.points": "100", "input.lines.0.quantity": "2"}
    sale = await browser.send(path, "ring", entered)
    assert "待收款" in text_of(sale)
    assert "100 积分" in text_of(sale)
    [address] = set(re.findall(r'href="/staff/orders/([\w-]+)"', sale))
    receipt, order = f"/staff/sales/{address}", f"/orders/{address}"
    waiting = text_of(await shopper.get(order))
    assert "收银台付款" in waiting
    assert "去支付" not in waiting
    paid = await browser.send(receipt, "take", {"input.means": "CARD", "input.receipt": "T-0001"})
    assert "已收款，商品已交付" in text_of(paid)
    assert "SH01 T-0001" in text_of(paid)
    assert 'value="take"' not in paid
    bought = text_of(await shopper.get(order))
    assert "已交付" in bought
    english = await (await portals.browser(ASSISTANT, "en")).get(receipt)
    assert "Receipt number" in text_of(english)
    for path_of_staff in (TILL, receipt):
        assert (await (await portals.browser()).location(path_of_staff)).startswith("/sign-in?next=%2Fstaff")
        await (await portals.browser(BUYER)).get(path_of_staff, 403)
        assert "收款" not in text_of(await (await portals.browser(SALES)).get(path_of_staff)).replace("待收款", "")
    assert "上海旗舰体验店" in bought


async def test_what_is_not_paid_is_voided_and_a_receipt_is_used_once(portals: Portals) -> None:
    browser = await portals.browser(ASSISTANT)
    path, number = await picked(browser, 1), await member_number(portals)
    addresses = []
    for _ in range(2):
        sale = await browser.send(path, "ring", {"input.member": number})
        addresses.append(re.findall(r'href="/staff/orders/([\w-]+)"', sale)[0])
    first, second = (f"/staff/sales/{address}" for address in addresses)
    waiting = await browser.get(TILL)
    assert all(address in waiting for address in addresses), "both wait"
    await browser.send(first, "take", {"input.means": "CASH", "input.receipt": "T-0002"})
    again = await browser.send(second, "take", {"input.means": "CASH", "input.receipt": "T-0002"}, 422)
    assert "这个小票号已用于另一笔销售" in text_of(again)
    assert "已作废" in text_of(await browser.send(second, "void", {}))
    waiting = await browser.get(TILL)
    assert not any(address in waiting for address in addresses)


async def test_others_look_and_sell_nothing(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    assert TILL not in await browser.get(STORE), "who does not work there is not led to its till"
    page = await browser.get(TILL)
    assert "只有本店店员" in text_of(page)
    assert 'value="ring"' not in page
