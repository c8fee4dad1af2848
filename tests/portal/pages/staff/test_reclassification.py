"""Changes of classification on the pages of staff: one asks, another confirms."""

from __future__ import annotations

import re

from tests.portal.pages.html_checks import Structure
from tests.portal.pages.portals import Portals, text_of

ASKER, CONFIRMER = "shen.li", "song.huaijin"
ID = r"[\w-]+"
CHANGE, PROGRAMME = rf"/staff/reclassifications/{ID}", rf"/staff/programmes/{ID}"


async def test_a_programme_is_secret_as_soon_as_another_has_confirmed_it(portals: Portals) -> None:
    asker, confirmer = await portals.browser(ASKER), await portals.browser(CONFIRMER)
    change = await asker.find("/staff/reclassifications?status=PENDING", CHANGE)
    page = await asker.get(change)
    assert 'value="decide"' not in page
    programme = next(a for a in Structure(page).addresses if re.fullmatch(PROGRAMME, a))
    assert 'data-level="INTERNAL"' in await confirmer.get(programme)
    assert "待您签署" in text_of(await confirmer.get("/staff/reclassifications"))
    done = await confirmer.send(change, "decide", {"input.kind": "APPROVE"})
    assert "已签署" in text_of(done)
    raised = await confirmer.get(programme)
    assert 'data-level="CONFIDENTIAL"' in raised
    assert 'data-level="INTERNAL"' not in raised[raised.index("<main") : raised.index("</h1>")]


async def test_it_is_asked_for_on_the_page_of_what_is_marked(portals: Portals) -> None:
    asker = await portals.browser(ASKER)
    outcome = await asker.find("/staff/outcomes?filter.stage=REGISTERED", rf"/staff/outcomes/{ID}")
    now = re.search(r'name="input.classification" value="(\w+)"[^>]* checked', await asker.get(outcome))
    assert now is not None
    given: dict[str, str | list[str]] = {"input.reason": "定密有误", "input.classification": now[1]}
    assert "没有变化" in text_of(await asker.send(outcome, "regrade", given, 422))
    asked = await asker.send(outcome, "regrade", {**given, "input.compartments": ["AZ-2", "QL-7"]})
    assert "定密有误" in text_of(asked)
    change = await asker.find("/staff/reclassifications?status=PENDING", CHANGE)
    assert "已撤回" in text_of(await asker.send(change, "withdraw", {}))
