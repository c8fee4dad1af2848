"""A cart without signing in, which is its owner's afterwards, and a checkout that says beside its fields what is wrong."""

from __future__ import annotations

import re

from tests.portal.pages.portals import SHOPPER, Browser, Portals, text_of

PRODUCT = "/product/ql-m3"
ADDRESS = {"input.recipient": "沈知夏", "input.phone": "13800000000", "input.address": "天府大道 1 号"}


async def put_in(browser: Browser, quantity: str = "1", status: int = 303) -> str:
    """Add the first variant of a product."""
    [variant, *_] = re.findall(r'name="variant" value="([^"]+)"', await browser.get(PRODUCT))
    return await browser.send(PRODUCT, "add", {"variant": variant, "quantity": quantity}, status)


async def test_from_an_anonymous_cart_to_an_order(portals: Portals) -> None:
    stranger = await portals.browser()
    assert "购物车是空的" in text_of(await stranger.get("/cart"))
    assert "青岚 M3" in text_of(await put_in(stranger))
    token = stranger.client.cookies["quadrant-cart"]
    assert len(token) == 43
    other = await portals.browser()
    assert "购物车是空的" in text_of(await other.get(f"/cart?cartToken={token}")), "a token in an address opens nothing"
    assert (await stranger.location("/checkout")).startswith("/sign-in")

    buyer = await portals.browser(SHOPPER)
    buyer.client.cookies.set("quadrant-cart", token)
    assert "青岚 M3" in text_of(await buyer.get("/cart"))
    assert "购物车是空的" in text_of(await stranger.get("/cart")), "it is its owner's now"

    refused = await buyer.send("/checkout", "place", {"input.phone": "打电话", "input.recipient": ""}, 422)
    assert 'id="place-input-recipient-error"' in refused
    [region, *_] = re.findall(r'<option value="([^"]+)"', refused)
    entered = {**ADDRESS, "input.region": region}
    tried = "/checkout?voucher=&points=100"
    ordered = text_of(await buyer.send(tried, "place", entered))
    for part in ("订单已提交", "已下单", "积分抵扣", "天府大道 1 号"):
        assert part in ordered
    assert "购物车是空的" in text_of(await buyer.get("/cart"))
    order = await buyer.find("/orders", r"/orders/[\w-]+")
    assert "不要了" in text_of(await buyer.send(order, "cancel", {"input.reason": "不要了"}))


async def test_lines_are_changed_and_taken_out(portals: Portals) -> None:
    stranger = await portals.browser()
    assert "错误" in text_of(await put_in(stranger, "0", 422))
    await put_in(stranger, "2")
    [variant] = re.findall(r'name="variant" value="([^"]+)"', await stranger.get("/cart"))
    assert "¥69,150" in text_of(await stranger.send("/cart", "set", {"variant": variant, "quantity": "3"}))
    assert "购物车是空的" in text_of(await stranger.send("/cart", "set", {"variant": variant, "quantity": "0"}))


async def test_voucher_and_points_are_tried_before_the_order(portals: Portals) -> None:
    buyer = await portals.browser(SHOPPER)
    await put_in(buyer)
    plain = text_of(await buyer.get("/checkout"))
    assert "应付 ¥23,050" in plain
    assert "积分抵扣" not in plain
    typed = {"input.recipient": "沈知夏", "form-try": "yes"}
    reckoned = await buyer.send(
        "/checkout", "place", {"input.voucher": " welcome10", "input.points": "100", **typed}, 200
    )
    for part in ("优惠 − ¥200", "积分抵扣 100 积分 − ¥1"):
        assert part in text_of(reckoned)
        assert part in text_of(await buyer.get("/checkout?voucher=+welcome10&points=100")), "an address says the same"
    for part in ('value=" welcome10"', 'value="100"', 'value="沈知夏"'):
        assert part in reckoned, "what was typed stays"
    unusable = {"input.voucher": "NOTHING", "input.points": "99999999", **typed}
    wrong = await buyer.send("/checkout", "place", unusable, 200)
    for each in ("voucher", "points"):
        assert f'aria-describedby="place-input-{each}-hint place-input-{each}-error"' in wrong
    assert "应付 ¥23,050" in text_of(wrong)
    assert "没有这张券" in text_of(wrong)
    odd = await buyer.send("/checkout", "place", {"input.points": "viele", **typed}, 422)
    assert "请填写整数" in text_of(odd)
    assert 'id="place-input-phone-error"' not in odd, "nothing is sent yet"
    assert "points" in text_of(await buyer.get("/checkout?points=viele", 400))
    english = await portals.browser(SHOPPER, "en")
    assert "To pay: CN¥" in text_of(await english.get("/checkout"))
    [variant] = re.findall(r'name="variant" value="([^"]+)"', await buyer.get("/cart"))
    await buyer.send("/cart", "set", {"variant": variant, "quantity": "0"})


async def test_what_was_typed_counts_though_nobody_asked_what_it_takes_off(portals: Portals) -> None:
    buyer = await portals.browser(SHOPPER)
    await put_in(buyer)
    [region, *_] = re.findall(r'<option value="([^"]+)"', await buyer.get("/checkout"))
    entered = {**ADDRESS, "input.region": region}
    refused = await buyer.send("/checkout", "place", {**entered, "input.voucher": "NOTHING", "input.points": "50"}, 422)
    assert 'id="place-input-voucher-error"' in refused
    assert "积分抵扣 50 积分" in text_of(refused), "what is told is what was entered, not what the address says"
    ordered = text_of(await buyer.send("/checkout", "place", {**entered, "input.voucher": "WELCOME10"}))
    assert "− ¥200" in ordered
