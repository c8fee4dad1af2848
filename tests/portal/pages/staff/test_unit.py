"""A unit's record: its states, its configuration, and the forms that add to them."""

from __future__ import annotations

import pytest

from tests.portal.pages.portals import HEAD, SALES, Portals, days_ago, text_of

ID = r"/staff/equipment/[\w-]+"


@pytest.fixture
async def path(portals: Portals) -> str:
    browser = await portals.browser(HEAD)
    return await browser.find("/staff/equipment?statuses=READY&serialNumber=QL3", ID)


async def test_a_state_is_recorded_and_hours_never_fall(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    refused = text_of(await browser.send(path, "record", {"input.operatingHours": "0"}, 422))
    assert "原因：请填写此项" in refused
    fallen = {"input.reason": "电机异响", "input.operatingHours": "-1"}
    assert "累计小时：使用小时数不能少于" in text_of(await browser.send(path, "record", {**fallen}, 422))
    page = text_of(await browser.send(path, "record", {"input.status": "IN_REPAIR", "input.reason": "电机异响（试）"}))
    assert "状态已登记" in page
    assert "电机异响（试）" in page


async def test_a_part_is_replaced_and_the_old_one_stays_on_record(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    new = {"input.slot": "飞控", "input.partNumber": "QL-3-FC-NEW"}
    assert "版次：请填写此项" in text_of(await browser.send(path, "configure", {**new}, 422))
    page = text_of(await browser.send(path, "configure", {**new, "input.revision": "Z"}))
    assert "技术状态已更改" in page
    assert "QL-3-FC-NEW" in page
    # As of a day before it, the part was another one; on record are both.
    before = text_of(await browser.get(f"{path}?at={days_ago(300)}"))
    assert before.count("QL-3-FC-NEW") == 1


async def test_as_of_a_day_before_delivery(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    page = text_of(await browser.get(f"{path}?at=1999-01-01"))
    assert "1999-01-01 零时尚未交付。" in page
    assert "这一天还没有记录" in page


async def test_forms_are_for_those_who_hold_the_scope(portals: Portals, path: str) -> None:
    browser = await portals.browser(SALES)
    await browser.get(path, 404)
    page = await (await portals.browser(HEAD)).get(path)
    assert "登记状态" in text_of(page)
