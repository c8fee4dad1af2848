"""A product of the shop: what it costs and can do, and nothing of where its technology comes from."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.portal.pages.html_checks import Structure
from tests.portal.pages.portals import HEAD, Portals, text_of

# Words that a page of the shop has no reason to hold.
MILITARY = ("军", "QL-3", "无人侦察", "密级", "originProgramme", "exportControlled", "NATO", "military", "战")


async def test_prices_variants_and_figures(portals: Portals) -> None:
    stranger = await portals.browser()
    said = text_of(await stranger.get("/product/ql-m3?option.kit=F"))
    for part in (
        "青岚 M3 测绘无人机",
        "¥23,050 起",
        "外业套装",
        "QL-M3-F",
        "¥26,800",
        "续航",
        "42 分钟",
        "保修",
        "同类商品",
    ):
        assert part in said


async def test_options_are_chosen_by_the_address_and_that_variant_is_bought(portals: Portals) -> None:
    stranger = await portals.browser()
    first = await stranger.get("/product/fx-j1")
    assert re.findall(r'name="option.(\w+)" value="(\w+)" checked', first) == [("size", "S"), ("colour", "G")]
    assert "FX-J1-S" in text_of(first)
    chosen = await stranger.get("/product/fx-j1?option.size=M&option.colour=R")
    assert re.findall(r'name="option.(\w+)" value="(\w+)" checked', chosen) == [("size", "M"), ("colour", "R")]
    assert "FX-J1-M-R" in text_of(chosen)
    assert "FX-J1-S" not in text_of(chosen)
    assert "中号 救援橙" in text_of(await stranger.send("/product/fx-j1?option.size=M&option.colour=R", "add", {}))
    for missing in ("option.size=L&option.colour=R", "option.size=M", "option.size=nothing&option.colour=R"):
        page = await stranger.get(f"/product/fx-j1?{missing}")
        assert "没有这种组合" in text_of(page), missing
        assert 'name="form-action" value="add"' not in page
    # With one variant there is nothing to choose.
    single = await stranger.get("/product/cg-l1")
    assert "option." not in single
    assert "CG-L1-S" in text_of(single)


async def test_a_product_of_military_origin_does_not_tell(portals: Portals) -> None:
    staff = text_of(await (await portals.browser(HEAD)).get("/staff/catalogue/ql-m3"))
    assert "QL-3" in staff
    page = await (await portals.browser()).get("/product/ql-m3")
    assert [word for word in MILITARY if word in page] == []


@pytest.mark.slow
async def test_nothing_in_the_shop_tells(portals: Portals) -> None:
    stranger = await portals.browser()
    found: dict[str, list[str]] = {}
    path: str | None = "/search?first=100"
    while path:
        page = await stranger.get(path)
        following = re.search(r'<a href="([^"]+)" rel="next"', page)
        path = following[1].replace("&amp;", "&") if following else None
        for address in {a for a in Structure(page).addresses if a.startswith("/product/")}:
            said = text_of((await stranger.client.get(address)).text)
            if words := [word for word in MILITARY if word in said]:
                found[address] = words
    assert found == {}


async def test_products_for_others_are_absent(portals: Portals) -> None:
    stranger, staff = await portals.browser(), await portals.browser(HEAD)
    absent = await stranger.client.get("/product/nothing")
    page = await staff.get("/staff/catalogue?filter.text=备件")
    spares = next(a for a in Structure(page).addresses if a.startswith("/staff/catalogue/"))
    hidden = await stranger.client.get(spares.replace("/staff/catalogue", "/product"))
    assert (hidden.status_code, body(hidden)) == (404, body(absent))


def body(response: httpx.Response) -> str:
    """What a page says, whatever its address was."""
    return text_of(response.text)
