"""The next version of the screening sheet: weights make 100, and rows that were left empty are none."""

from __future__ import annotations

from tests.portal.pages.portals import HEAD, SALES, Portals, text_of

PATH = "/staff/sheets"


async def test_the_next_version_is_published(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    refused = text_of(await browser.send(PATH, "publish", {"input.criteria.0.weight": "34"}, 422))
    assert "评分项：各项权重之和须为 100" in refused
    entered = {"input.criteria.0.name": "市场前景", "input.passMark": "101"}
    assert "通过分数：须在 1 到 100 之间" in text_of(await browser.send(PATH, "publish", entered, 422))
    page = text_of(await browser.send(PATH, "publish", entered | {"input.passMark": "60"}))
    assert "评分表已发布" in page
    assert "市场前景" in page
    assert "以前的版本" in page


async def test_who_may_not_publish_reads(portals: Portals) -> None:
    page = await (await portals.browser(SALES)).get(PATH)
    assert "权重" in text_of(page)
    assert 'value="publish"' not in page
