"""Naming who is to sign: a further signer beside oneself, or another instead; each only by whose turn it is."""

from __future__ import annotations

import re

from tests.portal.pages.division.test_delegations import employee
from tests.portal.pages.portals import TRANSFER, Portals, text_of

REVIEWER = "mu.shan"


async def test_a_signer_is_added_and_then_the_own_place_handed_over(portals: Portals) -> None:
    reviewer = await portals.browser(REVIEWER)
    inbox = await reviewer.get("/division/reviews?status=PENDING")
    row = next(each for each in inbox.split("<tr>") if "待您签署" in each)
    address = re.search(r"/division/reviews/[\w-]+", row)
    assert address is not None
    path = address[0]
    page = await reviewer.get(path)
    assert "加签" in text_of(page)
    assert 'value="add"' not in await (await portals.browser(TRANSFER)).get(path), "not by who has asked for it"
    someone, another = employee(page, "沈砺"), employee(page, "宋怀瑾")
    missing = text_of(await reviewer.send(path, "add", {}, 422))
    assert "人员：请填写此项" in missing
    assert "原因：请填写此项" in missing
    named = {"input.employee": someone, "input.reason": "请看产能"}
    added = text_of(await reviewer.send(path, "add", named))
    assert re.search(r"沈砺 加签 .{1,6}：请看产能", added)
    again = text_of(await reviewer.send(path, "hand", named, 422))
    assert "人员：此人已在审批人之中" in again
    given = await reviewer.send(path, "hand", {"input.employee": another, "input.reason": "出差"})
    assert re.search(r"宋怀瑾 转办 .{1,6}：出差", text_of(given))
    assert 'value="decide"' not in given, "the place is another's now"
