"""Stores in the shop: anybody looks, who is signed in books a slot, sees it among their appointments and cancels it."""

from __future__ import annotations

import re

from tests.portal.pages.portals import BUYER, OTHER_SHOPPER, Portals, filled_in, text_of

STORE = "/stores/CD01"


def first_slot(page: str) -> str:
    """The slot that the form offers first."""
    return filled_in(page, "book")["input.slot"]


async def test_anybody_sees_stores_on_a_map_and_in_a_list(portals: Portals) -> None:
    browser = await portals.browser()
    page = await browser.get("/stores")
    assert "共 12 家门店" in text_of(page)
    assert page.count('<a href="/stores/CD01"') >= 4, "the list, and the map at its three widths"
    assert "31°" not in page
    assert "成都体验店" not in text_of(await browser.get("/stores?filter.text=上海"))
    assert "没有这样的门店" in text_of(await browser.get("/stores?filter.text=nowhere"))
    store = text_of(await browser.get(STORE))
    assert "周一 12:00–20:00" in store
    assert "法定节假日 10:00–22:00" in store
    assert "上午盘点" in store
    assert "登录后预约" in store
    await browser.get("/stores/NOWHERE", 404)


async def test_a_slot_is_booked_and_cancelled(portals: Portals) -> None:
    browser = await portals.browser(OTHER_SHOPPER)
    days = sorted(set(re.findall(r"[?&]day=(\d{4}-\d\d-\d\d)", await browser.get(STORE))))
    path = f"{STORE}?day={days[3]}"
    page = await browser.get(path)
    wanted = {"input.slot": first_slot(page), "input.subject": "EXPERIENCE", "input.note": "看夜航"}
    refused = await browser.send(path, "book", wanted | {"input.product": ""}, 422)
    assert "请选择要体验的产品" in text_of(refused)
    assert 'value="看夜航"' in refused, "what was entered is kept"
    product = re.findall(r'<option value="([^"]+)"[^>]*>[^<]+</option>', page.split("体验的产品", 1)[1])[0]
    booked = text_of(await browser.send(path, "book", wanted | {"input.product": product}))
    assert "已预约" in booked
    assert "看夜航" in booked
    again = text_of(await browser.send(path, "book", wanted | {"input.product": product}, 422))
    assert "您已预约了这个时段" in again
    cancelled = text_of(await browser.send("/appointments", "cancel", {}))
    assert "预约已取消" in cancelled
    assert "以往的" in text_of(await browser.get("/appointments?filter.upcoming=false"))


async def test_the_club_books_too_and_in_english(portals: Portals) -> None:
    browser = await portals.browser(BUYER, "en")
    path = "/enterprise/stores/BJ01"
    page = await browser.get(path)
    assert "Book a visit" in text_of(page)
    wanted = {"input.slot": first_slot(page), "input.subject": "ADVICE", "input.product": ""}
    assert "Advice" in text_of(await browser.send(path, "book", wanted))


async def test_the_military_and_authorities_have_no_stores(portals: Portals) -> None:
    for who, portal in (("lu.huaiqing", "government"), ("zhu.li.103", "military")):
        browser = await portals.browser(who)
        await browser.get(f"/{portal}/stores", 404)
