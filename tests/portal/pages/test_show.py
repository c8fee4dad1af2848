"""Pages as a browser gets them."""

from __future__ import annotations

import pytest
from jinja2.defaults import DEFAULT_NAMESPACE

from portal.pages.fields import read_fields
from portal.pages.page import TEMPLATE_NAMES
from portal.pages.visit import address_helpers, shell, visit
from segments.audiences import CONSUMER
from tests.portal.pages.html_checks import Structure, complaints
from tests.portal.pages.samples import ID, World
from tests.portal.requests import request

PRODUCT = "/product/UHJvZHVjdDo6Pz8_Pj4-AAECAwQFBgcICQ"


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("", "/", 200),
        ("", "/products?filter.text=%3Cb%3E&filter.states=ACTIVE&sort=PRICE&after=c1", 200),
        ("", PRODUCT, 200),
        ("buyer", PRODUCT, 200),
        ("buyer", "/orders?limit=3", 200),
        ("soldier", "/military", 200),
        ("clerk", "/staff/parts", 200),
        ("", "/sign-in", 200),
        ("buyer", "/orders?limit=many", 400),
        ("clerk", "/products", 403),
        ("", "/nothing", 404),
        ("soldier", "/military/nothing", 404),
        ("clerk", "/staff", 500),
    ],
)
async def test_every_page_is_well_formed_and_fetches_nothing_from_outside(
    world: World, who: str, path: str, status: int, language: str
) -> None:
    async with world.browser(who) as browser:
        browser.cookies.set("quadrant-language", language)
        response = await browser.get(path)
    assert response.status_code == status
    assert complaints(response.text) == []
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in response.text
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["vary"] == "Cookie"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_what_data_hold_is_escaped(world: World) -> None:
    async with world.browser() as browser:
        page = (await browser.get("/products?filter.text=%3Cscript%3E")).text
    assert "青岚 &lt;M3&gt;" in page
    assert "<script" not in page


async def test_a_signed_in_page_is_not_kept_and_a_public_one_is_asked_for_again(world: World) -> None:
    async with world.browser() as browser:
        assert (await browser.get("/")).headers["cache-control"] == "private, no-cache"
        # A form has a token in it, which belongs to one browser.
        assert (await browser.get(PRODUCT)).headers["cache-control"] == "no-store"
    async with world.browser("soldier") as browser:
        assert (await browser.get("/military")).headers["cache-control"] == "no-store"


async def test_the_query_string_becomes_variables(world: World) -> None:
    async with world.browser() as browser:
        await browser.get("/products?filter.text=%E6%97%A0&filter.states=ACTIVE&filter.states=DRAFT&after=&unknown=1")
    assert world.engine.operations[-1].variables == {"filter": {"text": "无", "states": ["ACTIVE", "DRAFT"]}}
    assert world.shop.asked[-1]["first"] == 2


async def test_turning_back_asks_for_the_last_of_a_page(world: World) -> None:
    async with world.browser() as browser:
        page = (await browser.get("/products?filter.text=a")).text
        assert "/products?filter.text=a&before=c%2B1" in Structure(page).addresses
        await browser.get("/products?filter.text=a&before=c%2B1")
    asked = world.shop.asked[-1]
    assert (asked["first"], asked["last"], asked["before"]) == (None, 2, "c+1")


async def test_another_filter_begins_at_the_first_page(world: World) -> None:
    async with world.browser() as browser:
        page = Structure((await browser.get("/products?filter.text=a&after=c9&unknown=1")).text)
    assert "/products?filter.text=a&sort=PRICE" in page.addresses
    assert not [
        address
        for address in page.addresses
        if "c9" in address and "sign-in" not in address and "language" not in address
    ]


async def test_a_wrong_value_is_named_in_the_visitors_language(world: World) -> None:
    async with world.browser("buyer") as browser:
        chinese = await browser.get("/orders?limit=1.5&paid=perhaps&since=yesterday")
        assert chinese.status_code == 400
        texts = "".join(Structure(chinese.text).texts)
        assert "limit：请填写整数" in texts
        assert "paid：请从所列选项中选择" in texts
        browser.cookies.set("quadrant-language", "en")
        assert "This is needed" in (await browser.get("/orders")).text


async def test_ids_in_addresses_are_free_of_slashes(world: World) -> None:
    async with world.browser() as browser:
        assert PRODUCT in Structure((await browser.get("/")).text).addresses
        assert (await browser.get(PRODUCT + "?id=other")).status_code == 200
    assert world.engine.operations[-1].variables == {"id": ID}


async def test_what_is_not_there_is_not_found(world: World) -> None:
    async with world.browser() as browser:
        assert (await browser.get("/product/AAAA")).status_code == 404


async def test_a_stranger_signs_in_first_and_comes_back(world: World) -> None:
    async with world.browser() as browser:
        response = await browser.get("/orders?limit=3")
        assert (response.status_code, response.headers["location"]) == (303, "/sign-in?next=%2Forders%3Flimit%3D3")
        assert (await browser.get("/military")).headers["location"] == "/sign-in?next=%2Fmilitary"


async def test_a_page_of_another_portal_is_not_shown(world: World) -> None:
    async with world.browser("clerk") as browser:
        assert (await browser.get("/")).headers["location"] == "/staff"
        assert (await browser.get("/military")).headers["location"] == "/staff"
        assert (await browser.get("/orders?limit=3")).status_code == 403
    assert world.engine.operations == []


async def test_the_navigation_marks_the_page_or_the_one_above_it(world: World) -> None:
    async with world.browser() as browser:
        assert '<a href="/products" aria-current="page">' in (await browser.get(PRODUCT)).text
        page = (await browser.get("/products?filter.text=abc")).text
    assert '<a href="/" aria-current="page">' not in page
    assert 'value="abc"' in page


async def test_the_mark_is_the_highest_of_all_rows_with_all_compartments(world: World) -> None:
    async with world.browser("soldier") as browser:
        page = (await browser.get("/military")).text
    assert page.count('class="mark-bar first" data-level="SECRET"') == 1
    assert page.count('class="mark-bar last" data-level="SECRET"') == 1
    assert 'data-mark="SECRET"' in page
    assert "知悉范围：LS-3、QL-7" in page
    assert '<span class="grade" data-level="INTERNAL">内部</span>' in page


async def test_nothing_graded_has_no_mark(world: World) -> None:
    async with world.browser() as browser:
        assert "mark-bar" not in (await browser.get("/")).text


async def test_a_fault_shows_its_reference_and_nothing_else(world: World) -> None:
    async with world.browser("clerk") as browser:
        response = await browser.get("/staff")
    assert response.status_code == 500
    assert "7F3A" in response.text
    assert "masked" not in response.text


async def test_the_error_page_of_a_fault_needs_no_session(world: World) -> None:
    world.sessions.fails = True
    async with world.browser() as browser:
        response = await browser.get("/")
    assert response.status_code == 500
    assert complaints(response.text) == []
    assert "gone" not in response.text


async def test_methods_that_a_page_has_not(world: World) -> None:
    async with world.browser() as browser:
        response = await browser.post("/products")
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
        assert (await browser.head("/")).status_code == 200
        assert (await browser.get("/sign-out")).status_code == 405


async def test_too_many_fields_are_refused(world: World) -> None:
    async with world.browser() as browser:
        assert (await browser.get("/products?" + "a=1&" * 1001)).status_code == 400


async def test_only_a_demonstration_shows_operations_and_says_that_data_are_samples() -> None:
    for demonstration in (True, False):
        async with World(demonstration=demonstration).browser() as browser:
            page = (await browser.get("/")).text
        assert ("query Home" in page) is demonstration
        assert ("示例数据" in page) is demonstration


async def test_over_tls_pages_ask_for_tls_from_then_on() -> None:
    async with World(secure=True).browser() as browser:
        response = await browser.get(PRODUCT)
    assert response.headers["strict-transport-security"].startswith("max-age=")
    assert response.headers["set-cookie"].startswith("__Host-quadrant-form=")
    assert "Secure" in response.headers["set-cookie"]


async def test_no_operation_can_take_a_name_that_templates_have(world: World) -> None:
    """What a template is given beside the data is what the check at start-up refuses as names of root fields."""
    present = await visit(world.site, request(), read_fields(""))
    page = world.site.registry.page("consumer/home")
    given = {*shell(present, CONSUMER, page), *address_helpers(present, CONSUMER, page)}
    everywhere = set(world.site.environments["zh"].globals) - set(DEFAULT_NAMESPACE) - {"_"}
    assert given | everywhere | {"done", "q"} == TEMPLATE_NAMES
