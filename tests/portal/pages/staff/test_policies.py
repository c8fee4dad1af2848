"""Publishing policies and their versions: what is wrong comes back beside its field, empty rows are none."""

from __future__ import annotations

from tests.portal.pages.portals import HEAD, SALES, Portals, filled_in, text_of

NEW, USUAL = "/staff/publish-policy", "/staff/policies/declassification/usual"
STEP = "input.steps.0"


async def test_a_policy_is_published_and_then_its_next_version(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    entered = {
        "input.code": "sealed",
        "input.name": "机密以上脱密",
        "input.classificationMin": "SECRET",
        f"{STEP}.name": "保密会签",
        f"{STEP}.signers.0.role": "security_officer",
        f"{STEP}.signers.1.role": "programme_manager",
        f"{STEP}.deadlineHours": "48",
    }
    king = await browser.send(NEW, "publish", entered | {f"{STEP}.needed": "3"}, 422)
    assert "须签处数：须在 1 到 2 之间" in text_of(king)
    assert 'value="机密以上脱密"' in king, "what was entered is kept"
    made = text_of(await browser.send(NEW, "publish", entered))
    assert "政策已发布" in made
    assert "机密及以上" in made
    assert "2 处中须签 2 处" in made
    # Another that overlaps with it, and neither is narrower: a subject would be torn.
    torn = {"input.code": "small", "input.classificationMin": "", "input.amountBelow": "1000"}
    refused = text_of(await browser.send(NEW, "publish", entered | torn, 422))
    assert "政策“sealed”与“small”的条件有交叉" in refused
    path = "/staff/policies/declassification/sealed"
    again = filled_in(await browser.get(path), "publish")
    assert (again[f"{STEP}.name"], again[f"{STEP}.signers.1.role"]) == ("保密会签", "programme_manager")
    assert again[f"{STEP}.needed"] == "2"
    second = text_of(await browser.send(path, "publish", {f"{STEP}.needed": "1"}))
    assert "生效中：第 2 版" in second
    assert "2 处中须签 1 处" in second
    assert "以前的版本" in second


async def test_what_is_wrong_is_said_beside_its_row(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    page = await browser.send(USUAL, "publish", {"input.steps.1.signers.0.role": "", "input.steps.1.name": " "}, 422)
    assert "步骤名称" in text_of(page)
    both = {"input.passesBecause": "常规", "input.amountBelow": "5"}
    assert "两者只能选一" in text_of(await browser.send(USUAL, "publish", both, 422))
    cleared = {name: "" for name in filled_in(await browser.get(USUAL), "publish") if name.startswith("input.steps.")}
    assert "这类事项必须有人审批" in text_of(await browser.send(USUAL, "publish", both | cleared, 422))


async def test_who_may_not_publish_reads(portals: Portals) -> None:
    browser = await portals.browser(SALES)
    page = await browser.get(USUAL)
    assert "客户关系管理部部长" in text_of(page)
    assert 'value="publish"' not in page
    assert "您没有发布审批政策的权限" in text_of(await browser.get(NEW))
