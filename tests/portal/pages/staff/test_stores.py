"""A store's day and hours for its people: who is expected, who came, when it opens; others look and change nothing."""

from __future__ import annotations

import re

from tests.portal.pages.portals import SALES, Portals, filled_in, text_of

MANAGER, ASSISTANT = "bai.lu", "cen.chuan"
STORE, HOURS = "/staff/stores/SH01", "/staff/stores/SH01/hours"


async def test_a_store_s_day_shows_its_guests_who_are_noted(portals: Portals) -> None:
    browser = await portals.browser(ASSISTANT)
    assert "共 1 家门店" in text_of(await browser.get("/staff/stores?filter.mine=true"))
    page = await browser.get(STORE)
    days = sorted(set(re.findall(r"[?&]day=(\d{4}-\d\d-\d\d)", page)))
    coming = f"{STORE}?day={days[2]}"
    assert "位预约" in text_of(await browser.get(coming))
    # The day after tomorrow nobody has come yet.
    early = text_of(await browser.send(coming, "settle", {}, 422))
    assert "还没到预约的时间" in early
    cancelled = text_of(await browser.send(coming, "cancel", {}))
    assert "预约已取消" in cancelled


async def test_the_manager_changes_hours_and_special_days(portals: Portals) -> None:
    browser = await portals.browser(MANAGER)
    form = filled_in(await browser.get(HOURS), "hours")
    assert (form["input.hours.0.day"], form["input.hours.0.opens"], form["input.hours.1.opens"]) == (
        "MONDAY",
        "12:00",
        "",
    )
    wrong = await browser.send(HOURS, "hours", {"input.hours.0.closes": "25:00"}, 422)
    assert "请按“时:分”填写时间" in text_of(wrong)
    late = {"input.hours.0.closes": "15:00", "input.hours.1.opens": "14:00", "input.hours.1.closes": "20:00"}
    assert "重叠" in text_of(await browser.send(HOURS, "hours", late, 422))
    saved = await browser.send(HOURS, "hours", late | {"input.hours.1.opens": "16:00"})
    assert "营业时间已更新" in text_of(saved)
    assert filled_in(saved, "hours")["input.hours.1.opens"] == "16:00"
    day = re.findall(r"[?&]day=(\d{4}-\d\d-\d\d)", await browser.get(STORE))[5]
    noted = text_of(await browser.send(HOURS, "special", {"input.day": day, "input.reason": "设备检修"}))
    assert "设备检修" in noted
    assert "这一天没有时段" in text_of(await browser.get(f"{STORE}?day={day}"))
    past = {"input.day": "2020-01-01", "input.reason": "x"}
    assert "请选择今天起" in text_of(await browser.send(HOURS, "special", past, 422))


async def test_the_manager_registers_a_store_changes_it_and_names_its_people(portals: Portals) -> None:
    browser = await portals.browser(MANAGER)
    path = await browser.find("/staff/stores", "/staff/register-store")
    page = await browser.get(path)
    city = re.findall(r'<option value="([^"]+)">四川省 绵阳市</option>', page)[0]
    given = {
        "input.code": "my01",
        "input.name": "绵阳体验店",
        "input.nameEn": "Mianyang store",
        "input.region": city,
        "input.address": "涪城区示例路 4 号",
        "input.phone": "0816-0000000",
        "input.latitude": "31.4675",
        "input.longitude": "104.6796",
    }
    wrong = {"input.code": "sh01", "input.latitude": "91", "input.timeZone": "Asia/Mianyang", "input.longitude": "east"}
    for name, value in wrong.items():
        refused = await browser.send(path, "register", given | {name: value}, 422)
        assert f'value="{value}"' in refused
        assert f'id="register-{name.replace(".", "-")}-error"' in refused
    hours = await browser.send(path, "register", given)
    assert "门店已登记" in text_of(hours)
    assert "绵阳体验店" in text_of(hours)
    # Until its hours are set it is closed.
    assert "这一天没有时段" in text_of(await browser.get("/staff/stores/MY01"))
    edit = "/staff/stores/MY01/edit"
    form = filled_in(await browser.get(edit), "change")
    assert (form["input.region"], form["input.latitude"], form["input.slotMinutes"]) == (city, "31.467500", "45")
    assert "须在 5 到 480 之间" in text_of(await browser.send(edit, "change", {"input.slotMinutes": "3"}, 422))
    changed = await browser.send(
        edit, "change", {"input.slotMinutes": "30", "input.nameEn": "", "input.phone": "0816-1"}
    )
    assert "门店资料已更新" in text_of(changed)
    kept = filled_in(await browser.get(edit), "change")
    token = {"form-token": kept["form-token"]}
    assert kept == form | token | {
        "input.slotMinutes": "30",
        "input.nameEn": "",
        "input.phone": "0816-1",
        "input.version": "2",
    }
    stale = {"input.version": "1", "input.name": "别的"}
    assert "已被他人修改" in text_of(await browser.send(edit, "change", stale, 422))
    team = "/staff/stores/MY01/team"
    employee = filled_in(await browser.get(f"{team}?text=岑川"), "assign")
    chosen = re.findall(r'<option value="([^"]+)">岑川', await browser.get(f"{team}?text=岑川"))[0]
    assert "请" in text_of(await browser.send(team, "assign", {"input.employee": ""}, 422))
    added = await browser.send(team, "assign", {"input.employee": chosen})
    assert "共 1 人" in text_of(added)
    assert "已是这家门店的店员" in text_of(await browser.send(team, "assign", {"input.employee": chosen}, 422))
    assert employee["input.store"] == filled_in(added, "assign")["input.store"]
    assert "还没有店员" in text_of(await browser.send(team, "remove", {}))


async def test_others_look_and_change_nothing(portals: Portals) -> None:
    browser = await portals.browser(ASSISTANT)
    page = await browser.get(HOURS)
    assert "周一" in text_of(page)
    assert 'value="hours"' not in page
    for way in ("/edit", "/team"):
        assert 'name="form-action"' not in (await browser.get(STORE + way)).split("<main")[1]
    assert "您没有管理门店的权限" in text_of(await browser.get("/staff/register-store"))
    # Appointments are for those who serve guests.
    seen = await (await portals.browser(SALES)).get(STORE)
    assert "位预约" in text_of(seen)
    assert 'value="settle"' not in seen
