"""A programme, reaching its milestones, advancing its phase."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from foundation.clock import system_clock
from tests.portal.pages.portals import ENGINEER, HEAD, Portals, filled_in, text_of

ID = r"/staff/programmes/[\w-]+"


@pytest.fixture
async def path(portals: Portals) -> str:
    """The first programme that is being developed."""
    browser = await portals.browser(HEAD)
    return await browser.find("/staff/programmes?filter.phase=DEVELOPMENT", ID)


async def test_the_cost_is_for_those_who_hold_its_scope(portals: Portals) -> None:
    head, engineer = await portals.browser(HEAD), await portals.browser(ENGINEER)
    path = await engineer.find("/staff/programmes", ID)
    assert "经费" in text_of(await head.get(path))
    assert "经费" not in text_of(await engineer.get(path))


async def test_a_phase_ends_when_its_milestones_are_reached(portals: Portals, path: str) -> None:
    browser = await portals.browser(HEAD)
    assert "本阶段还有里程碑未达成。" in text_of(await browser.send(path, "advance", {}, 422))
    late = {"input.on": (system_clock() + dt.timedelta(days=30)).date().isoformat()}
    assert "达成日期：不能晚于现在。" in text_of(await browser.send(path, "reach", {**late}, 422))
    page = await browser.get(path)
    while "推进到生产" in page and (left := development_left(page)):
        page = await browser.send(path, "reach", {"input.milestone": left[0]})
        assert "里程碑已达成" in text_of(page)
    advanced = text_of(await browser.send(path, "advance", {}))
    assert "已推进到下一阶段" in advanced
    assert "推进到交付" in advanced


def development_left(page: str) -> list[str]:
    """The milestones of the present phase that are still to be reached: those planned before the next phase's first."""
    names = ("初样", "正样", "定型")
    return [value for value, words in re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)', page) if words[:2] in names]


async def test_forms_are_for_programme_managers(portals: Portals) -> None:
    browser = await portals.browser(ENGINEER)
    page = await browser.get(await browser.find("/staff/programmes", ID))
    assert "推进阶段" not in text_of(page)
    with pytest.raises(ValueError, match="substring not found"):
        filled_in(page, "advance")
