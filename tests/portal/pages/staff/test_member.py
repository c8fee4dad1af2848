"""A member's points beside the customer 360, and a spend at the counter."""

from __future__ import annotations

import re

from tests.portal.pages.portals import ENGINEER, HEAD, SALES, Portals, text_of

ID, MEMBER = r"/staff/customers/[\w-]+", r"/staff/members/[\w-]+"


async def test_a_members_points_are_reached_from_the_customer(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    customer = await browser.find("/staff/customers?filter.text=沈知夏", ID)
    assert "会员积分" in text_of(await browser.get(customer))
    words = text_of(await browser.get(await browser.find(customer, MEMBER)))
    for part in ("可用积分", "余额变化", "到期日历", "明细", "沈知夏"):
        assert part in words
    assert "柜台使用积分" not in words


async def test_without_the_scope_the_customer_has_no_points(portals: Portals) -> None:
    browser = await portals.browser(ENGINEER)
    customer = await browser.find("/staff/customers?filter.text=沈知夏", ID)
    assert "会员积分" not in text_of(await browser.get(customer))


async def test_a_counter_spends_for_a_member(portals: Portals) -> None:
    browser = await portals.browser(SALES)
    member = await browser.find(await browser.find("/staff/customers?filter.text=沈知夏", ID), MEMBER)
    before = re.search(r"可用积分 ([\d,]+)", text_of(await browser.get(member)))
    assert before is not None
    page = text_of(await browser.send(member, "spend", {"input.amount": "7"}))
    assert "积分已使用" in page
    assert f"可用积分 {int(before[1].replace(',', '')) - 7:,}" in page
    assert "可用积分不足" in text_of(await browser.send(member, "spend", {"input.amount": "999999999"}, 422))
