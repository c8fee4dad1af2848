"""The desk: who waits to hear from us, and what was promised."""

from __future__ import annotations

from tests.portal.pages.portals import HEAD, SALES, Portals, text_of


async def test_the_desk_counts_segments_and_lists_what_is_due(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    page = text_of(await browser.get("/staff"))
    for words in ("军方", "政府", "大客户", "消费者", "逾期未联系的重点客户", "待跟进", "最新往来"):
        assert words in page
    assert "重点 " in page


async def test_the_desk_of_ones_own_accounts(portals: Portals) -> None:
    """The head serves no account; whoever does sees theirs alone."""
    head = await portals.browser(HEAD)
    assert "没有逾期的重点客户。" in text_of(await head.get("/staff?mine=true"))
    sales = await portals.browser(SALES)
    all_items, mine = [text_of(await sales.get(path)) for path in ("/staff", "/staff?mine=true")]
    assert all_items != mine


async def test_the_mark_is_the_highest_of_what_the_desk_shows(portals: Portals) -> None:
    head, sales = await portals.browser(HEAD), await portals.browser(SALES)
    assert 'class="mark-bar first"' in await head.get("/staff")
    # Without clearance nothing above public is shown, so that there is no mark.
    assert "mark-bar" not in await sales.get("/staff")
