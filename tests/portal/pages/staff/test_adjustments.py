"""An adjustment on its pages: proposed beside a member, it waits for somebody else, and no points move before."""

from __future__ import annotations

from urllib.parse import quote

from portal.pages.page import FROM_ADDRESS
from tests.portal.pages.portals import HEAD, Portals, text_of

CUSTOMERS = "/staff/customers?filter.keyAccounts=true"


async def test_a_proposal_waits_for_another(portals: Portals) -> None:
    staff = await portals.browser(HEAD)
    customer = (await staff.find(CUSTOMERS, r"/staff/customers/[\w-]+")).rpartition("/")[2]
    # A path writes an id without its filling and the signs that an address gives a meaning.
    path = f"/staff/adjustments?customer={quote(customer.translate(FROM_ADDRESS) + '==')}"
    assert "在会员的页面上提出调整" in text_of(await staff.get("/staff/adjustments"))
    entered = {"input.amount": "120", "input.reason": "补记线下消费"}
    wrong = text_of(await staff.send(path, "propose", entered | {"input.amount": "0"}, 422))
    assert "积分数：" in wrong
    page = await staff.send(path, "propose", entered)
    assert "已提交审批" in text_of(page)
    assert "+120" in text_of(page)
    assert "审批链" in text_of(page)
    assert 'value="decide"' not in page, "nobody signs what they asked for"
    assert "补记线下消费" in text_of(await staff.get("/staff/adjustments"))
