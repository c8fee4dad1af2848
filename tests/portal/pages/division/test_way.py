"""The division's whole way through its pages: from a classified outcome to a product in the shop.

Everybody has signed in with a second factor; nobody signs what they have asked for.
"""

from __future__ import annotations

import re

from tests.portal.pages.portals import SHOPPER, TRANSFER, Portals, text_of

REVIEWER, MANAGER, HEAD = "mu.shan", "shen.li", "song.huaijin"
PRODUCT = "稳航巡检套件"


async def test_from_a_classified_outcome_to_a_product_of_the_shop(portals: Portals) -> None:
    officer = await portals.browser(TRANSFER)
    listed = "/division/transfer?filter.stage=REGISTERED"
    outcome = await officer.find(listed, r"/division/outcomes/[\w-]+")
    page = await officer.get(outcome)
    [code] = set(re.findall(r"JG-\d{4}-\d{3}", page))
    assert 'data-mark="PUBLIC"' not in page
    points = {f"input.scores.{at}.points": "80" for at in range(4)}
    refused = await officer.send(outcome, "screen", points | {"input.scores.0.points": "101"}, 422)
    assert "须在 0 到 100 之间" in text_of(refused)
    assert "民用筛选" in text_of(await officer.send(outcome, "screen", points))
    asked = {
        "input.title": "抗风组件（民用）",
        "input.text": "用于线路巡检无人机。",
        "input.targetClassification": "PUBLIC",
        "input.justification": "同类产品已公开。",
    }
    review_page = text_of(await officer.send(outcome, "request", asked))
    assert "审批中" in review_page
    review = await officer.find(outcome, r"/division/reviews/[\w-]+")
    assert 'value="decide"' not in await officer.get(review), "nobody signs what they have asked for"
    number = review.rsplit("/", 1)[1]
    for who, portal in ((REVIEWER, "division"), (MANAGER, "staff"), (HEAD, "staff")):
        signer = await portals.browser(who)
        path = f"/{portal}/reviews/{number}"
        assert "待您签署" in text_of(await signer.get(f"/{portal}/reviews?status=PENDING"))
        missing = await signer.send(path, "decide", {"input.kind": "RETURN"}, 422)
        assert "不能为空" in text_of(missing)
        said = text_of(await signer.send(path, "decide", {"input.kind": "APPROVE"}))
        assert 'value="decide"' not in await signer.get(path), "nobody signs twice"
    assert "已批准" in said
    description = await officer.find(outcome, r"/division/descriptions/[\w-]+")
    assert re.search("类目名称说到|类目简介说到|在售商品说到", text_of(await officer.get(description)))
    planned = {"input.milestones.0.name": "样机", "input.milestones.0.plannedOn": "2030-01-01"}
    started = {"input.name": "抗风 → 巡检", "input.partner": "某测绘公司", **planned}
    assert "某测绘公司" in text_of(await officer.send(description, "start", started))
    project = await officer.find(description, r"/division/projects/[\w-]+")
    await officer.send(project, "reach", {})
    offered = {
        "input.description": "用于线路巡检。",
        "input.name": PRODUCT,
        "input.summary": "抗风七级",
        "input.brand": "四方",
        "input.price": "12800",
    }
    assert "已完成" in text_of(await officer.send(project, "launch", offered))
    assert "形成产品" in text_of(await officer.get(outcome))
    # A shopper finds the product, and nothing of where it came from.
    for who in ("", SHOPPER):
        shopper = await portals.browser(who)
        product = await shopper.find(f"/search?filter.text={PRODUCT}", r"/product/n-\w+")
        shown = await shopper.get(product)
        assert PRODUCT in shown
        assert "12,800" in text_of(shown)
        assert code not in shown
        assert not re.search(r"型号|密级|脱密|成果|QL-|YS-", text_of(shown)), "a trace of its origin"
        await shopper.client.get(outcome)
        assert (await shopper.client.get(outcome)).status_code in {303, 403}
