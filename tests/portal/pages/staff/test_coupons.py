"""A coupon on staff's pages: offered, changed, given as vouchers that their members are told of, taken back, ended."""

from __future__ import annotations

from tests.portal.pages.portals import HEAD, SHOPPER, Portals, filled_in, text_of

COUPONS = "/staff/coupons"
ID = r"/staff/coupons/[\w-]+"


async def test_a_coupon_is_offered_changed_given_taken_back_and_ended(portals: Portals) -> None:
    staff, shopper = await portals.browser(HEAD), await portals.browser(SHOPPER, "en")
    entered = {
        "input.code": "BIRTHDAY26",
        "input.name": "生日券",
        "input.nameEn": "Birthday voucher",
        "input.kind": "AMOUNT",
        "input.value": "30",
        "input.personal": "true",
        "input.audiences": ["consumer"],
    }
    wrong = text_of(await staff.send(COUPONS, "offer", entered | {"input.value": "0"}, 422))
    assert "减免金额（元）：" in wrong
    made = await staff.send(COUPONS, "offer", entered)
    assert "优惠券已发布" in text_of(made)
    page = await staff.find(f"{COUPONS}?personal=true", ID)
    assert "生日券" in text_of(await staff.get(page))

    past = text_of(await staff.send(page, "change", {"input.validUntil": "2020-01-01T00:00"}, 422))
    assert "到何时为止：" in past
    assert "优惠券已修改" in text_of(await staff.send(page, "change", {"input.name": "生日礼券", "input.usesMax": "2"}))
    kept = filled_in(await staff.get(page), "change")
    assert [kept[f"input.{name}"] for name in ("name", "nameEn", "usesMax", "memberMax", "validUntil")] == [
        *("生日礼券", "Birthday voucher", "2", "", "")
    ]

    found = f"{page}?looking=true&find=沈知夏&segment=CONSUMER"
    given = {"input.reason": "生日快乐", "input.validDays": "30"}
    # Who is meant is chosen from what was found: the browser ticks the only one.
    customer = (await staff.get(found)).partition('name="input.customer" value="')[2].partition('"')[0]
    assert "有效天数：" in text_of(
        await staff.send(found, "give", given | {"input.customer": customer, "input.validDays": "0"}, 422)
    )
    gave = text_of(await staff.send(found, "give", given | {"input.customer": customer}))
    assert "代金券已发放" in gave
    assert "沈知夏" in gave
    assert "没有找到客户" in text_of(await staff.get(f"{page}?looking=true&find=沈知夏&segment=ENTERPRISE"))
    told = text_of(await shopper.get("/notices"))
    assert "Birthday voucher, good until" in told

    of_customer = "/staff/customers?filter.text=沈知夏"
    theirs = await staff.find(
        await staff.find(of_customer, r"/staff/customers/[\w-]+"), r"/staff/customers/[\w-]+/vouchers"
    )
    assert "生日礼券" in text_of(await staff.get(theirs))
    cancelled = text_of(await staff.send(theirs, "cancel", {}))
    assert "代金券已作废" in cancelled
    assert "生日快乐" not in text_of(await shopper.get("/rewards"))
    again = text_of(await staff.send(theirs, "give", given))
    assert "代金券已发放" in again
    assert "用完" in text_of(await staff.get(page))

    ended = text_of(await staff.send(page, "end", {}))
    assert "已结束" in ended
    assert 'value="give"' not in await staff.get(page)
    assert "生日礼券" not in text_of(await staff.get(f"{COUPONS}?ended=false"))
    assert "生日快乐" in text_of(await staff.get("/staff/vouchers?usable=true"))
