"""Assigning the whole team of an account from a day on."""

from __future__ import annotations

import pytest

from tests.portal.pages.portals import HEAD, Portals, filled_in, text_of

ID = r"/staff/customers/[\w-]+"


@pytest.fixture
async def path(portals: Portals) -> str:
    browser = await portals.browser(HEAD)
    return await browser.find("/staff/customers?filter.text=临江应急装备", ID) + "/team"


async def test_a_member_is_added_and_rows_left_empty_are_none(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    fields = filled_in(await browser.get(path), "assign")
    rows = sorted({name.split(".")[2] for name in fields if name.startswith("input.members.")}, key=int)
    free = next(row for row in rows if not fields[f"input.members.{row}.employee"])
    someone = fields["input.members.0.employee"]
    added = {f"input.members.{free}.employee": someone, f"input.members.{free}.role": "TECHNICAL"}
    page = text_of(await browser.send(path, "assign", {**added}))
    assert "团队已更新" in page


async def test_half_a_row_is_named(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    page = text_of(await browser.send(path, "assign", {"input.members.0.employee": ""}, 422))
    assert "成员 1：请填写此项" in page


async def test_a_key_account_keeps_a_manager(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    fields = filled_in(await browser.get(path), "assign")
    manager = next(name for name, value in fields.items() if value == "ACCOUNT_MANAGER").removesuffix(".role")
    page = await browser.send(path, "assign", {f"{manager}.role": "", f"{manager}.employee": ""}, 422)
    assert "重点客户须有一名客户经理。" in text_of(page)


async def test_people_are_found_by_their_work(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    page = text_of(await browser.get(f"{path}?text=工程师"))
    assert "工程师" in page
    assert "表中可选 70 人" not in page
