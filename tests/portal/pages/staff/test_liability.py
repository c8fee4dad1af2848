"""What is owed in points, on its page and as a file: at any past day, by whoever may know."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

from domain.audit.tables import AuditKind
from tests.portal.pages.html_checks import Structure
from tests.portal.pages.msgids import CHINESE
from tests.portal.pages.portals import HEAD, SALES, Portals, text_of
from tests.portal.pages.staff.test_audit import exports

PAGE, FILE = "/staff/liability", "/staff/liability.csv"


def day(days: int) -> str:
    """So many days ago in China."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=8) - dt.timedelta(days=days)).date().isoformat()


async def test_the_page_tells_what_is_owed_now_and_was_at_a_day(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    page = await browser.get(PAGE)
    assert PAGE in Structure(await browser.get("/staff/tiers")).addresses
    assert PAGE in Structure(await browser.get("/staff/earn-rules")).addresses
    shown = text_of(page)
    assert "100 分值 ¥1" in shown
    assert "失效率" in shown
    assert "未兑付：按到期月" in shown
    assert "按会员等级" in shown
    # Chosen by a form, the programme and a day: the figures are those of the file of that day.
    before = await browser.get(f"{PAGE}?on={day(100)}")
    assert f'href="{FILE}?on={day(100)}"' in before
    whole = (await rows(portals, f"{FILE}?on={day(100)}"))[0]
    assert f"{int(whole['未兑付']):,}" in text_of(before)
    assert f"{int(whole['未兑付']):,}" not in shown
    long_ago = text_of(await browser.get(f"{PAGE}?on=2000-01-01"))
    assert "没有未兑付的积分" in long_ago
    assert "已失效：按到期月" not in long_ago


async def test_it_speaks_english(portals: Portals) -> None:
    browser = await portals.browser(HEAD, "en")
    page = await browser.get(f"{PAGE}?on={day(30)}")
    assert "Outstanding, by month of expiry" in text_of(page)
    main = page[page.index("<main") : page.index("</main>")]
    assert not CHINESE.search(main.replace("中文", ""))


async def test_a_day_to_come_or_none_is_named(portals: Portals) -> None:
    for language, said in (("zh", "不能晚于现在"), ("en", "This cannot lie in the future.")):
        browser = await portals.browser(HEAD, language)
        for address in (PAGE, FILE):
            refused = text_of(await browser.get(f"{address}?on={day(-2)}", 400))
            assert said in refused
            assert "on" in refused
    assert "on" in text_of(await browser.get(f"{PAGE}?on=yesterday", 400))
    nothing = await browser.get(f"{PAGE}?programme=x")
    assert "No points programme is chosen" in text_of(nothing)
    assert FILE not in nothing


async def test_only_who_may_know_is_told(portals: Portals) -> None:
    browser = await portals.browser(SALES)
    await browser.get(PAGE, 403)
    assert (await browser.client.get(FILE)).status_code == 403
    assert PAGE not in await browser.get("/staff")


async def test_the_file_adds_up_and_leaves_an_entry(portals: Portals) -> None:
    found = await rows(portals, f"{FILE}?on={day(7)}")
    [whole] = [row for row in found if row["类别"] == "WHOLE"]
    assert whole["计划"] == "MEMBERS"
    assert whole["截至"].startswith(day(7))
    for part in ("TIER", "EARNED", "EXPIRES"):
        own = [row for row in found if row["类别"] == part]
        assert sum(int(row["未兑付"]) for row in own) == int(whole["未兑付"]) > 0
        assert sum(round(100 * float(row["未兑付金额"])) for row in own) == round(100 * float(whole["未兑付金额"]))
    last, *_ = await exports(portals)
    details = json.loads(last.details)
    assert (last.kind, last.operation, details["rows"]) == (AuditKind.EXPORT, "LiabilityExport", len(found))
    assert details["filter"] == {"on": day(7)}
    assert details["complete"] is True


async def rows(portals: Portals, address: str) -> list[dict[str, str]]:
    browser = await portals.browser(HEAD)
    response = await browser.client.get(address)
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"), newline="")))
