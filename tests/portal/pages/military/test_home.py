"""A military customer's overview."""

from __future__ import annotations

from tests.portal.pages.portals import OFFICER, REPRESENTATIVE, Portals, text_of


async def test_the_overview_shows_programmes_fleet_and_team(portals: Portals) -> None:
    page = text_of(await (await portals.browser(REPRESENTATIVE)).get("/military"))
    for words in ("某部驻厂军事代表室", "本单位型号", "QL-7", "装备状态", "装备最近变动", "客户经理"):
        assert words in page


async def test_what_is_outside_the_need_to_know_is_not_there(portals: Portals) -> None:
    page = await (await portals.browser(OFFICER)).get("/military")
    assert "QL-7" not in page
    assert 'data-level="INTERNAL"' in page
    assert 'data-level="CONFIDENTIAL"' not in page
