"""Who serves the customer."""

from __future__ import annotations

from tests.portal.pages.portals import REPRESENTATIVE, Portals, text_of


async def test_team_contacts_and_history(portals: Portals) -> None:
    page = text_of(await (await portals.browser(REPRESENTATIVE)).get("/military/team"))
    for words in ("客户经理", "技术支持", "本单位联系人", "代表 017", "往来记录"):
        assert words in page
    # Staff's own words of what was said are never shown to the customer.
    assert "示例记录" not in page
