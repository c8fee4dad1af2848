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
    reckoned = await buyer.get("/checkout?voucher=+welcome10&points=100")
    assert 'name="input.voucher" value=" welcome10"' in reckoned
    assert 'name="input.points" value="100"' in reckoned
    for part in ("优惠 − ¥200", "积分抵扣 100 积分 − ¥1"):
        assert part in text_of(reckoned)
    wrong = await buyer.get("/checkout?voucher=NOTHING&points=99999999")
    assert 'aria-describedby="try-voucher-hint try-voucher-error"' in wrong
    assert 'aria-describedby="try-points-hint try-points-error"' in wrong
    assert "应付 ¥23,050" in text_of(wrong)
    assert not re.findall(r'name="input\.(?:voucher|points)"', wrong), "what takes nothing off is not sent along"
    assert "没有这张券" in text_of(wrong)
    assert "points" in text_of(await buyer.get("/checkout?points=viele", 400))
    english = await portals.browser(SHOPPER, "en")
    assert "To pay: CN¥" in text_of(await english.get("/checkout"))
    [variant] = re.findall(r'name="variant" value="([^"]+)"', await buyer.get("/cart"))
    await buyer.send("/cart", "set", {"variant": variant, "quantity": "0"})
