"""Letting a colleague sign for a time, and taking it back; what is wrong comes back beside its field."""

from __future__ import annotations

import re

from tests.portal.pages.portals import Portals, days_ago, filled_in, text_of

PATH = "/division/delegations"
REVIEWER, MANAGER = "mu.shan", "shen.li"


def employee(page: str, name: str) -> str:
    """The value by which a list of choices names somebody."""
    found = re.search(rf'<option value="([^"]+)"[^>]*>{name}', page)
    assert found is not None, name
    return found[1]


async def test_somebody_delegates_for_a_time_and_ends_it(portals: Portals) -> None:
    reviewer = await portals.browser(REVIEWER)
    page = await reviewer.get(PATH)
    given = {"input.delegate": employee(page, "沈砺"), "input.validUntil": "2020-01-01T09:00", "input.reason": "出差"}
    refused = text_of(await reviewer.send(PATH, "delegate", given, 422))
    assert "到何时为止：" in refused
    missing = text_of(await reviewer.send(PATH, "delegate", {"input.reason": "出差"}, 422))
    assert "受托人：请填写此项" in missing
    assert "到何时为止：请填写此项" in missing
    soon = f"{days_ago(-5)}T09:00"
    made = await reviewer.send(PATH, "delegate", given | {"input.validUntil": soon})
    assert "生效中" in text_of(made)
    delegation = re.search(r'name="input.delegation" value="([^"]+)"', made)
    assert delegation is not None
    manager = await portals.browser(MANAGER)
    assert "出差" in text_of(await manager.get("/staff/delegations"))
    ended = text_of(await reviewer.send(PATH, "end", {"input.delegation": delegation[1]}))
    assert "委托已结束" in ended
    assert "生效中" not in ended
    assert "没有人委托您" in text_of(await manager.get("/staff/delegations"))


async def test_people_are_found_by_part_of_a_name(portals: Portals) -> None:
    reviewer = await portals.browser(REVIEWER)
    page = await reviewer.get(f"{PATH}?text=沈砺")
    assert re.search(r"共 \d 人符合", text_of(page)), "a few of all"
    assert "input.delegate" in filled_in(page, "delegate")
