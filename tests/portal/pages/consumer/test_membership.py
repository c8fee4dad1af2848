"""A member's page: what they have, what becomes of it, and a gift to another member."""

from __future__ import annotations

import re

from tests.portal.pages.portals import BUYER, OTHER_SHOPPER, SHOPPER, Portals, filled_in, text_of

PATH = "/membership"
NUMBER = re.compile(r'id="member-number">([\d ]+)<')
AVAILABLE = re.compile(r"可用积分 ([\d,]+)")


async def available(portals: Portals, who: str) -> int:
    found = AVAILABLE.search(text_of(await (await portals.browser(who)).get(PATH)))
    assert found is not None
    return int(found[1].replace(",", ""))


async def number(portals: Portals, who: str) -> str:
    found = NUMBER.search(await (await portals.browser(who)).get(PATH))
    assert found is not None
    return found[1]


async def test_a_member_sees_balance_course_calendar_and_statement(portals: Portals) -> None:
    browser = await portals.browser(SHOPPER)
    page = await browser.get(PATH)
    words = text_of(page)
    for part in ("可用积分", "待生效", "余额变化", "到期日历", "明细", "会员号", "转赠积分", "100 积分抵 ¥1"):
        assert part in words
    assert page.count('<li class="heat-') == 24
    assert 'class="area"' in page
    order = await browser.find(PATH, r"/orders/[\w-]+")
    assert "订单" in await browser.get(order)


async def test_the_statement_turns_its_pages(portals: Portals) -> None:
    browser = await portals.browser(SHOPPER)
    following = await browser.find(PATH, rf"{PATH}\?after=.*")
    assert "上一页" in await browser.get(following)


async def test_points_are_given_once_however_often_the_form_is_sent(portals: Portals) -> None:
    giver, receiver = await available(portals, SHOPPER), await available(portals, OTHER_SHOPPER)
    browser = await portals.browser(SHOPPER)
    entered = {"input.to": await number(portals, OTHER_SHOPPER), "input.amount": "10"}
    hidden = filled_in(await browser.get(PATH), "transfer")
    for _ in range(2):
        sent = await browser.client.post(PATH, data={**hidden, **entered})
        assert sent.status_code == 303, text_of(sent.text)
    assert await available(portals, SHOPPER) == giver - 10
    assert await available(portals, OTHER_SHOPPER) == receiver + 10
    other = await browser.client.post(PATH, data={**hidden, **entered, "input.amount": "11"})
    assert other.status_code == 422
    assert "这个幂等键已用于另一个请求" in text_of(other.text)
    assert await available(portals, SHOPPER) == giver - 10


async def test_what_is_wrong_stands_beside_its_field(portals: Portals) -> None:
    browser = await portals.browser(SHOPPER)
    to = await number(portals, OTHER_SHOPPER)
    for entered, words in (
        ({"input.to": "123", "input.amount": "10"}, "对方会员号：会员号应为 10 位数字"),
        ({"input.to": to, "input.amount": "9"}, "积分："),
        ({"input.to": to, "input.amount": "x"}, "积分："),
        ({"input.to": to, "input.amount": "5001"}, "积分："),
    ):
        page = await browser.send(PATH, "transfer", {**entered}, 422)
        assert words in text_of(page)
        assert f'value="{entered["input.to"]}"' in page


async def test_who_is_not_signed_in_signs_in_first_and_others_have_no_such_page(portals: Portals) -> None:
    assert (await (await portals.browser()).location(PATH)).startswith("/sign-in?next=%2Fmembership")
    await (await portals.browser(BUYER)).get(PATH, 403)
