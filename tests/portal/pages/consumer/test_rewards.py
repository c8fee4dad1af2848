"""A reward on its pages: staff offer it, a member gets it once and gives it back; what is refused says why."""

from __future__ import annotations

from tests.portal.pages.portals import HEAD, SHOPPER, Portals, text_of

STAFF, SHOP = "/staff/rewards", "/rewards"


async def test_staff_offer_a_reward_that_a_member_gets_and_gives_back(portals: Portals) -> None:
    staff, shopper = await portals.browser(HEAD), await portals.browser(SHOPPER)
    entered = {"input.code": "PEN", "input.name": "签字笔", "input.points": "1", "input.stock": "1"}
    wrong = await staff.send(STAFF, "offer", entered | {"input.points": "0"}, 422)
    assert "所需积分" in text_of(wrong)
    assert "签字笔" in text_of(await staff.send(STAFF, "offer", entered))
    taken = await staff.send(STAFF, "offer", entered, 422)
    assert "该编号已被使用" in text_of(taken)
    # Rewards stand by what they cost, so that the first form is the cheapest reward's.
    got = text_of(await shopper.send(SHOP, "redeem", {}))
    assert "已兑换" in got
    assert "签字笔 待交付" in got
    assert "已兑完" in got
    assert "签字笔" in text_of(await staff.get(STAFF)).partition("待交付")[2]
    back = text_of(await shopper.send(SHOP, "cancel", {}))
    assert "积分已退回" in back
    assert "签字笔 已退回" in back
    assert "余 1 份" in back
