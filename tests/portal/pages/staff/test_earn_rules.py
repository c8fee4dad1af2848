"""A rule's way on pages: made, drafted, tried on past orders, activated and ended; and the ladder of tiers."""

from __future__ import annotations

import datetime as dt
import re

from tests.portal.pages.portals import HEAD, Portals, filled_in, text_of

RULES, TIERS = "/staff/earn-rules", "/staff/tiers"
RULE, VERSION = r"/staff/earn-rules/[\w-]+", r"/staff/earn-versions/[\w-]+"


def local(days: int) -> str:
    """So many days from now, as a browser enters an instant."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days, hours=8)).strftime("%Y-%m-%dT%H:%M")


async def test_a_rule_is_made_tried_activated_and_ended(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    made = {"input.kind": "BASIC", "input.code": "again", "input.name": "又一条"}
    assert "种类：已经有了。" in text_of(await browser.send(RULES, "make", made, 422))
    page = await browser.send(RULES, "make", made | {"input.kind": "BONUS"})
    assert "规则已建立" in text_of(page)
    [path] = [each for each in await links(browser, RULES, RULE) if "又一条" in text_of(await browser.get(each))]
    drafted = {"input.terms.validFrom": local(2), "input.terms.points": "77", "input.terms.orderAmountMin": "1.001"}
    assert "实付满（元）" in text_of(await browser.send(path, "draft", drafted, 422))
    page = await browser.send(
        path, "draft", drafted | {"input.terms.orderAmountMin": "100", "input.terms.channels": "SHOP"}
    )
    assert "草稿已保存" in text_of(page)
    [version] = await links(browser, path, VERSION)
    period = {"input.periodFrom": local(-60), "input.periodUntil": local(0)}
    assert "期间须由早到晚" in text_of(
        await browser.send(version, "simulate", dict(zip(period, [local(0), local(-1)], strict=True)), 422)
    )
    tried = text_of(await browser.send(version, "simulate", period))
    assert "试算完成" in tried
    assert "黑卡会员" in tried
    changed = text_of(await browser.send(version, "change", {"input.terms.points": "78"}))
    assert "草稿已改，需重算" in changed
    assert filled_in(await browser.get(version), "change")["input.terms.points"] == "78"
    active = text_of(await browser.send(version, "activate", {}))
    assert "已启用，到时生效" in active
    assert "待生效" in active
    ended = text_of(await browser.send(version, "end", {}))
    assert "已终止" in ended
    assert "满 ¥100" in ended


async def test_tiers_are_set_as_a_ladder(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    entered = {"input.tiers.4.code": "plus", "input.tiers.4.name": "至尊", "input.tiers.4.qualifyingMin": "10"}
    wrong = text_of(await browser.send(TIERS, "set", entered, 422))
    assert "须在 30001 到" in wrong
    page = await browser.send(TIERS, "set", entered | {"input.tiers.4.qualifyingMin": "60000"})
    assert "会员等级已设置" in text_of(page)
    assert "60,000" in text_of(page)


async def links(browser: object, path: str, pattern: str) -> list[str]:
    """The links of a page that lead to one kind of page."""
    page: str = await browser.get(path)  # type: ignore[attr-defined]
    return list(dict.fromkeys(re.findall(rf'href="({pattern})"', page)))


async def test_a_programme_s_settings_are_changed_as_they_were_seen(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    listed = "/staff/points-programmes"
    entered = {"input.code": "GUESTS", "input.name": "来宾积分", "input.timeZone": "Asia/Tokyo", "input.lotMonths": ""}
    assert "时区：" in text_of(await browser.send(listed, "make", entered | {"input.timeZone": "Mars"}, 422))
    made = text_of(await browser.send(listed, "make", entered))
    assert "积分计划已建立" in made
    assert "永久" in made
    pages = await links(browser, listed, r"/staff/points-programmes/[\w-]+")
    [path] = [each for each in pages if "来宾积分" in text_of(await browser.get(each))]
    before = filled_in(await browser.get(path), "set")
    assert (before["input.worthAmount"], before["input.lotMonths"], before["input.version"]) == ("100", "", "1")
    wrong = await browser.send(path, "set", {"input.transferMin": "9", "input.transferMax": "5"}, 422)
    assert "每次至少：" in text_of(wrong)
    limits = {"input.transferMin": "5", "input.transferMax": "50", "input.transferMonthMax": "100"}
    changed = text_of(await browser.send(path, "set", limits | {"input.worthAmount": "250"}))
    assert "积分计划已修改" in changed
    assert "每次 5 至 50，每月至多 100" in changed
    assert "100 分值 ¥2.50" in changed
    # Somebody has changed it since this editor looked.
    assert "请先更正" in text_of(await browser.send(path, "set", {"input.version": "1"}, 422))
