"""Each audience signs in with a real browser and walks through its portal: every page of its navigation, and every page
that these lead to. Pictures of all of them are left in `var/screenshots/`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
from playwright.async_api import Browser

from portal.pages.page import Page
from portal.pages.registry import Registry, read_pages
from portal.pages.site import HERE
from schema.views import compiled_views
from segments.audiences import Audience
from tests.browser.visitor import PHONE, Visitor

pytestmark = pytest.mark.browser

# Of each audience somebody who sees as much as anybody there.
PEOPLE = {
    "consumer": "shen.zhixia@quadrant.example",
    "enterprise": "gu.mingyuan@quadrant.example",
    "government": "lu.huaiqing@quadrant.example",
    "military": "dai.biao.009@quadrant.example",
    "division": "ye.shuning@quadrant.example",
    "staff": "wei.changgeng@quadrant.example",
}
# A customer who has points.
MEMBER = "远川测绘"
# Pages of those who do nothing else: the auditors, and who works in a store.
ALONE, AUDITOR, CLERK = {"audit", "till", "sale"}, "meng.zhaoming@quadrant.example", "cen.chuan@quadrant.example"


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The pages that there are."""
    return read_pages([HERE], {audience: view.core for audience, view in compiled_views().items()})


@asynccontextmanager
async def visiting(chromium: Browser, address: str, name: str, *, scripts: bool = True) -> AsyncIterator[Visitor]:
    """A window of somebody's own."""
    context = await chromium.new_context(locale="zh-CN", java_script_enabled=scripts)
    try:
        yield Visitor(await context.new_page(), address, name)
    finally:
        await context.close()


def addresses_of(page: Page) -> re.Pattern[str]:
    """What the addresses of a page look like."""
    return re.compile(re.sub(r"\{[\w.]+\}", r"[\\w-]+", page.path))


async def walk(visitor: Visitor, pages: list[Page]) -> dict[str, str]:
    """Open every page once, those without variables first, the others by the first link that leads to them."""
    visited: dict[str, str] = {}
    waiting = sorted(pages, key=lambda page: (page.place is None, page.place or 0, page.name))
    links: list[str] = []
    while waiting:
        found = next(((page, at) for page in waiting if (at := way_to(page, links))), None)
        if found is None:
            break
        page, path = found
        waiting.remove(page)
        await visitor.go(path)
        await visitor.look(page.name)
        links += await visitor.links()
        visited[page.name] = path
    return visited


def way_to(page: Page, links: list[str]) -> str | None:
    """The address of a page: its own, or the first link to one of its kind."""
    return page.path if not page.path_parameters else next(filter(addresses_of(page).fullmatch, links), None)


async def propose_adjustment(visitor: Visitor) -> None:
    """The demonstration has no adjustment of points; one is asked for from a member's page, so that there is one to see."""
    page = visitor.page
    await visitor.go(f"/staff/customers?filter.text={quote(MEMBER)}")
    await page.click(f"main tbody a:has-text('{MEMBER}')")
    await page.click("main a[href^='/staff/members/']")
    await page.click("main a:has-text('提出积分调整')")
    await page.fill("main [name='input.amount']", "120")
    await page.fill("main [name='input.reason']", "补记线下消费")
    await page.click("main button:has-text('提交审批')")
    await page.wait_for_url(re.compile(r"/staff/adjustments/[\w-]+"))
    said = await page.inner_text("main")
    assert "+120" in said
    assert "补记线下消费" in said


@pytest.mark.slow
@pytest.mark.parametrize("audience", PEOPLE)
async def test_an_audience_walks_through_its_portal(
    chromium: Browser, address: str, registry: Registry, audience: str
) -> None:
    pages = [page for page in registry.of(Audience(audience)) if page.name not in ALONE]
    async with visiting(chromium, address, audience) as visitor:
        await visitor.sign_in(PEOPLE[audience])
        if audience == "staff":
            await propose_adjustment(visitor)
        visited = await walk(visitor, pages)
        assert visited.keys() == {page.name for page in pages}, "some page is not reached by links"
        await visitor.go(visited["home"])
        await visitor.tab_through()
        await switch_to_english(visitor)
        for path in visited.values():
            # English is the longer language.
            await visitor.go(path)
            await visitor.measure(PHONE)
        await visitor.go(visited["home"])
        await visitor.look("home-en")
    assert visitor.complaints == []


async def test_an_auditor_reads_the_log(chromium: Browser, address: str) -> None:
    async with visiting(chromium, address, "auditor") as visitor:
        await visitor.sign_in(AUDITOR)
        await visitor.go("/staff/audit")
        await visitor.look("audit")
        await switch_to_english(visitor)
        await visitor.go("/staff/audit")
        await visitor.measure(PHONE)
    assert visitor.complaints == []


async def test_a_clerk_sells_at_the_till(chromium: Browser, address: str) -> None:
    """To a member who came with goods from the shelf; what both pages look like before and after."""
    async with visiting(chromium, address, "shopper") as shopper:
        await shopper.sign_in(PEOPLE["consumer"])
        await shopper.go("/membership")
        number = await shopper.page.inner_text("#member-number")
    async with visiting(chromium, address, "clerk") as visitor:
        page = visitor.page
        await visitor.sign_in(CLERK)
        await visitor.go("/staff/stores/SH01")
        await page.click("main a:has-text('收银')")
        await page.click("main a.button:has-text('加入') >> nth=0")
        await page.fill("main [name='input.member']", number)
        await visitor.look("till")
        await page.click("main button:has-text('开单')")
        await page.wait_for_url(re.compile(r"/staff/sales/[\w-]+"))
        sale = page.url.removeprefix(address)
        await visitor.look("sale")
        await page.check("main [name='input.means'][value='CASH']")
        await page.fill("main [name='input.receipt']", "T-9001")
        await page.click("main button:has-text('收款')")
        await page.wait_for_selector("main :text('SH01 T-9001')")
        await switch_to_english(visitor)
        for path in ("/staff/stores/SH01/till", sale):
            await visitor.go(path)
            await visitor.measure(PHONE)
    assert visitor.complaints == []


async def switch_to_english(visitor: Visitor) -> None:
    """By the link that every page has; the page stays the same."""
    before = visitor.page.url
    await visitor.page.click("header a[hreflang=en]")
    await visitor.page.wait_for_function("document.documentElement.lang === 'en'", timeout=10_000)
    assert visitor.page.url == before
    assert re.fullmatch(r"[\x20-\x7e\s]+", await visitor.page.inner_text("nav"))


async def test_a_stranger_shops_on_a_phone_without_scripts(chromium: Browser, address: str) -> None:
    async with visiting(chromium, address, "stranger", scripts=False) as visitor:
        page = visitor.page
        await page.set_viewport_size(PHONE)
        await page.goto(address)
        await page.fill("#search", "夜视")
        await page.press("#search", "Enter")
        await page.click("main details.narrow-only > summary")
        group = page.locator("main details.narrow-only details:has(input[value=IP67])")
        if await group.get_attribute("open") is None:
            await group.locator("summary").click()
        await group.locator("input[value=IP67]").check()
        await page.click("main details.narrow-only form button")
        found = await page.locator("main .goods h3").all_inner_texts()
        assert 0 < len(found) < 10
        await page.click("main .goods h3 a")
        assert await page.inner_text("h1") in found
        # What is somebody's own leads to the sign-in and, signed in, to where they wanted to go.
        await page.click("nav a[href='/orders']")
        await page.fill("#sign-in-account", PEOPLE["consumer"])
        await page.fill("#sign-in-password", "wrong")
        await page.press("#sign-in-password", "Enter")
        assert "账号或密码" in await page.inner_text("[role=alert]")
        visitor.complaints = [each for each in visitor.complaints if "422" not in each]
        await visitor.picture("sign-in-refused")
        await page.fill("#sign-in-password", "quadrant-demo")
        await page.press("#sign-in-password", "Enter")
        assert page.url == f"{address}/orders"
    assert visitor.complaints == []
