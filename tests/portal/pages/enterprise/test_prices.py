"""The price list of a company: own prices beside list prices."""

from __future__ import annotations

import re

from tests.portal.pages.portals import BUYER, Portals, text_of


async def test_an_agreed_price_stands_beside_the_list_price(portals: Portals) -> None:
    browser = await portals.browser(BUYER)
    page = await browser.get("/enterprise/prices?filter.text=M3 测绘")
    row = page[page.index("QL-M3-F") :]
    row = row[: row.index("</tr>")]
    prices = [int(each.replace(",", "")) for each in re.findall(r"¥([\d,]+)<", row)]
    assert len(prices) == 2
    assert prices[1] < prices[0]
    assert "协议价" in row
    assert "<s " in row
    # Where nothing was agreed the list price counts, and nothing is struck out.
    rows = re.findall(r"<tr>.*?</tr>", await browser.get("/enterprise/prices"), re.DOTALL)
    assert all(("协议价" in each) == ("<s " in each) for each in rows)
    assert any("<s " not in each for each in rows)


async def test_the_list_is_narrowed_by_words_shelf_price_and_stock(portals: Portals) -> None:
    browser = await portals.browser(BUYER)
    counts: list[int] = []
    path = "/enterprise/prices?filter.availableOnly=true"
    for more in ("", "&filter.priceFrom=2000", "&filter.text=无人机", "&filter.attributes.use.values=测绘巡查"):
        path += more
        found = re.search(r"共 (\d+) 款", text_of(await browser.get(path)))
        assert found
        counts.append(int(found[1]))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] > 0
    shelf = await browser.find("/enterprise/prices", r"/enterprise/prices\?filter\.category=.+")
    assert 'aria-current="true"' in await browser.get(shelf)


async def test_goods_go_into_the_cart_from_their_row(portals: Portals) -> None:
    browser = await portals.browser(BUYER)
    path = "/enterprise/prices?filter.text=M3 测绘"
    page = await browser.get(path)
    variants = re.findall(r'name="variant" value="([^"]+)"', page)
    assert len(variants) == len(set(variants)) > 1
    refused = await browser.send(path, "add", {"variant": variants[1], "quantity": "0"}, 422)
    assert refused.count('aria-invalid="true"') == 1
    assert f'aria-describedby="wrong-{variants[1]}"' in refused
    added = text_of(await browser.send(path, "add", {"variant": variants[1], "quantity": "3"}))
    assert "已加入购物车" in added
    assert f'name="variant" value="{variants[1]}"' in await browser.get("/enterprise/cart")
    await browser.send("/enterprise/cart", "set", {"variant": variants[1], "quantity": "0"})
