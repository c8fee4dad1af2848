"""Customer 360, and its forms: logging an interaction, completing a follow-up."""

from __future__ import annotations

import re

import pytest

from tests.portal.pages.portals import ENGINEER, HEAD, PRODUCTS, Portals, text_of

ID = r"/staff/customers/[\w-]+"
TALK = {"input.subject": "走访：试飞安排", "input.summary": "约定下月试飞。", "input.at": "2026-01-05T10:00"}


@pytest.fixture
async def path(portals: Portals) -> str:
    browser = await portals.browser(HEAD)
    return await browser.find("/staff/customers?filter.text=远川测绘", ID)


async def test_one_page_shows_everything_of_a_customer(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    page = text_of(await browser.get(path))
    for words in (
        "远川集团有限公司",
        "服务团队",
        "联系人",
        "时间线",
        "待跟进",
        "最近订单",
        "外部编号",
        "信用代码",
        "下单 ",
    ):
        assert words in page


async def test_without_the_scope_of_orders_the_timeline_has_interactions(portals: Portals, path: str) -> None:
    browser = await portals.browser(ENGINEER)
    page = text_of(await browser.get(path))
    assert "您没有查看订单的权限" in page
    assert "下单 " not in page
    assert "参与：" in page


async def test_the_timeline_turns_its_pages(portals: Portals, path: str) -> None:
    for who in (HEAD, ENGINEER):
        browser = await portals.browser(who)
        following = await browser.find(path, rf"{ID}\?after=.*")
        assert "上一页" in await browser.get(following)


async def test_an_interaction_is_logged_and_stands_on_the_timeline(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    contact = re.search(r'name="input.contacts" value="([^"]+)"', await browser.get(path))
    assert contact is not None
    follow_up = {"input.followUp": "发试飞方案", "input.followUpOn": "2030-01-01", "input.contacts": [contact[1]]}
    page = text_of(await browser.send(path, "log", {**TALK, **follow_up}))
    assert "已登记" in page
    # It is older than a page of the timeline, and its follow-up is open.
    assert "发试飞方案" in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"input.subject": ""}, "主题：请填写此项"),
        ({"input.at": "2099-01-01T10:00"}, "时间：不能晚于现在。"),
        ({"input.at": "yesterday"}, "时间：格式不正确"),
        ({"input.followUpOn": "2030-01-01"}, "要跟进什么：不能为空。"),
        ({"input.followUp": "回电", "input.followUpOn": "2020-01-01"}, "何时之前：不能早于起始时间。"),
    ],
)
async def test_what_is_wrong_comes_back_beside_its_field(
    portals: Portals, path: str, wrong: dict[str, str | list[str]], words: str
) -> None:
    browser = await portals.browser(HEAD)
    page = await browser.send(path, "log", {**TALK, **wrong}, 422)
    assert words in text_of(page)
    assert '<details class="card" open>' in page
    assert "约定下月试飞。" in page


async def test_a_follow_up_is_completed_once(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    await browser.send(path, "log", {**TALK, "input.followUp": "只做一次的事"})
    page = await browser.get(path)
    button = re.search(r'只做一次的事.*?name="input.interaction" value="([^"]+)"', page, re.DOTALL)
    assert button is not None
    chosen: dict[str, str | list[str]] = {"input.interaction": button[1]}
    assert "已完成" in text_of(await browser.send(path, "complete", chosen))
    refused = text_of(await browser.send(path, "complete", chosen, 422))
    assert "请先更正 1 处" in refused


async def test_forms_are_for_those_who_hold_their_scopes(portals: Portals, path: str) -> None:
    head, other = await portals.browser(HEAD), await portals.browser(PRODUCTS)
    page = await other.get(path)
    assert 'name="form-action"' not in page.split('<main id="content"')[1]
    assert "/edit" not in page
    response = await other.client.post(path, data={"form-action": "log"})
    assert response.status_code == 403
    assert 'name="form-action" value="log"' in await head.get(path)
