"""A company's pool: its balance, its statement, and who may spend from it."""

from __future__ import annotations

from tests.portal.pages.portals import BUYER, Portals, text_of

PATH = "/enterprise/pool"
COLLEAGUE = "he.yian@quadrant.example"


async def test_a_buyer_sees_the_pool_and_sets_its_spenders(portals: Portals) -> None:
    browser = await portals.browser(BUYER)
    words = text_of(await browser.get(PATH))
    for part in ("可用积分", "使用人", "月度限额", "何以安", "余额变化", "到期日历", "使用 可用"):
        assert part in words
    page = text_of(await browser.send(PATH, "spender", {"input.email": COLLEAGUE, "input.monthMax": "3210"}))
    assert "使用人已设置" in page
    assert "3,210" in page
    page = text_of(await browser.send(PATH, "spender", {"input.email": COLLEAGUE, "input.monthMax": "0"}))
    assert "已停用" in page


async def test_what_is_wrong_stands_beside_its_field(portals: Portals) -> None:
    browser = await portals.browser(BUYER)
    for entered, words in (
        (
            {"input.email": "qin.muzhi@quadrant.example", "input.monthMax": "1"},
            "登录邮箱：本单位没有使用这个邮箱登录的人员",
        ),
        ({"input.email": COLLEAGUE, "input.monthMax": "-1"}, "月度限额："),
    ):
        assert words in text_of(await browser.send(PATH, "spender", {**entered}, 422))


async def test_a_colleague_without_the_right_reads_alone(portals: Portals) -> None:
    page = await (await portals.browser("he.yian")).get(PATH)
    assert "可用积分" in text_of(page)
    assert "设置使用人" not in text_of(page)
