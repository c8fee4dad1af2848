"""Who serves a company, today and on another day."""

from __future__ import annotations

from tests.portal.pages.portals import BUYER, Portals, text_of


async def test_the_team_of_today_and_of_a_day(portals: Portals) -> None:
    browser = await portals.browser(BUYER)
    today = text_of(await browser.get("/enterprise/team"))
    assert "韩知行" in today
    assert "客户经理" in today
    assert "回到今天" not in today
    before = text_of(await browser.get("/enterprise/team?on=2001-01-01"))
    assert "2001-01-01 的团队与联系人" in before
    assert "这一天还没有团队" in before
    assert "韩知行" not in before[before.index("专属服务团队") : before.index("往来记录")]
    await browser.get("/enterprise/team?on=yesterday", 400)


async def test_what_was_said_goes_on_page_by_page(portals: Portals) -> None:
    browser = await portals.browser(BUYER)
    following = await browser.find("/enterprise/team?on=2026-01-01", r"/enterprise/team\?.*after=.+")
    assert "on=2026-01-01" in following
    assert "往来记录" in text_of(await browser.get(following))
