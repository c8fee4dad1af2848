"""Editing a customer's profile, and moving it to another segment."""

from __future__ import annotations

import pytest

from tests.portal.pages.portals import HEAD, SALES, Portals, filled_in, text_of

ID = r"/staff/customers/[\w-]+"


@pytest.fixture
async def path(portals: Portals) -> str:
    browser = await portals.browser(HEAD)
    return await browser.find("/staff/customers?filter.text=岱川通信", ID) + "/edit"


async def test_the_form_holds_what_is_known(portals: Portals, path: str) -> None:
    for language in ("zh", "en"):
        browser = await portals.browser(HEAD, language)
        fields = filled_in(await browser.get(path), "profile")
        # The Chinese name is edited as such, whatever the language of the page.
        assert fields["name"] == "岱川通信股份有限公司"
        assert fields["nameEn"].startswith("Daichuan")
        assert fields["keyAccount"] == "true"
        assert fields["region"]


async def test_a_change_is_saved_and_said(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    page = text_of(await browser.send(path, "profile", {"contactDaysMax": "45"}))
    assert "资料已保存" in page
    assert "约定每 45 天一次" in page
    page = text_of(await browser.send(path, "profile", {"contactDaysMax": ""}))
    assert "未约定频次" in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "名称：请填写此项"),
        ({"name": " "}, "名称：不能为空。"),
        ({"contactDaysMax": "weekly"}, "最长多少天联系一次：请填写整数"),
        ({"contactDaysMax": "99999"}, "最长多少天联系一次：须在 1 到 3650 之间。"),
        ({"status": "ASLEEP"}, "状态：请从所列选项中选择"),
    ],
)
async def test_wrong_input_comes_back(
    portals: Portals, path: str, wrong: dict[str, str | list[str]], words: str
) -> None:
    browser = await portals.browser(HEAD)
    assert words in text_of(await browser.send(path, "profile", wrong, 422))


async def test_whoever_was_slower_is_told_and_may_send_again(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    stale = filled_in(await browser.get(path), "profile")
    await browser.send(path, "profile", {"contactDaysMax": "20"})
    response = await browser.client.post(path, data={**stale, "contactDaysMax": "25"})
    assert response.status_code == 422
    assert "已被他人修改" in text_of(response.text)
    again = filled_in(response.text, "profile")
    assert again["contactDaysMax"] == "25"
    assert again["version"] != stale["version"]


async def test_a_move_is_recorded(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    refused = text_of(await browser.send(path, "move", {}, 422))
    assert "改为：请填写此项" in refused
    assert "理由：请填写此项" in refused
    page = text_of(await browser.send(path, "move", {"input.toSegment": "GOVERNMENT", "input.reason": "改制"}))
    assert "类别已变更" in page
    assert "大客户 改为 政府" in page
    assert "改制" in page


async def test_without_the_scopes_there_is_no_form(portals: Portals, path: str) -> None:
    browser = await portals.browser(SALES)
    page = await browser.get(path)
    assert "您没有修改客户资料的权限。" in text_of(page)
    assert 'value="profile"' not in page
    assert 'value="move"' not in page
