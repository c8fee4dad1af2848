"""Forms as a browser sends them."""

from __future__ import annotations

import httpx
import pytest

from tests.portal.pages.html_checks import complaints, form
from tests.portal.pages.samples import ID, World
from tests.portal.pages.test_show import PRODUCT

ENTERED = {"input.text": "好", "input.stars": "4", "input.anonymous": "true"}


@pytest.fixture
def world() -> World:
    return World()


async def sent(
    browser: httpx.AsyncClient, entered: dict[str, str], headers: dict[str, str] | None = None
) -> httpx.Response:
    """What a visitor sends after having looked at the form."""
    hidden = form((await browser.get(PRODUCT)).text, "review")
    return await browser.post(PRODUCT, data={**hidden, **entered}, headers=headers)


async def test_a_form_becomes_variables_and_leads_on(world: World) -> None:
    async with world.browser() as browser:
        response = await sent(browser, {**ENTERED, "input.on": "", "input.notes.2.text": "x"})
        assert (response.status_code, response.headers["location"]) == (303, PRODUCT)
        operation = world.engine.operations[-1]
        assert operation.variables["id"] == ID
        assert operation.variables["input"] == {
            "text": "好",
            "stars": 4,
            "anonymous": True,
            "on": None,
            "notes": [{"text": "x"}],
            "states": [],
        }
        # The key that makes a form sent twice count once goes along.
        assert len(operation.variables["key"]) >= 20
        told = await browser.get(PRODUCT)
        assert "已收到您的评价" in told.text
        assert "已收到您的评价" not in (await browser.get(PRODUCT)).text


async def test_an_unticked_box_is_false(world: World) -> None:
    async with world.browser() as browser:
        await sent(browser, {"input.text": "好"})
    assert world.shop.reviews[-1]["anonymous"] is False


async def test_every_showing_of_a_form_has_a_key_and_a_token_of_its_own(world: World) -> None:
    async with world.browser() as browser:
        one, other = [form((await browser.get(PRODUCT)).text, "review") for _ in range(2)]
    assert one["key"] != other["key"]
    assert one["form-token"] != other["form-token"]


async def test_texts_that_are_no_values_come_back_beside_their_fields(world: World) -> None:
    async with world.browser() as browser:
        response = await sent(browser, {"input.text": "", "input.stars": "viele <b>", "input.notes.1.text": "bleibt"})
    assert response.status_code == 422
    assert complaints(response.text) == []
    assert world.shop.reviews == []
    assert 'value="viele &lt;b&gt;"' in response.text
    assert 'value="bleibt"' in response.text
    assert '<a href="#review-input-stars">星：请填写整数</a>' in response.text
    assert '<a href="#review-input-text">评价：请填写此项</a>' in response.text


async def test_what_a_rule_refuses_comes_back_at_the_row_that_was_sent(world: World) -> None:
    async with world.browser() as browser:
        response = await sent(
            browser, {**ENTERED, "input.text": "bad", "input.notes.0.text": "a", "input.notes.2.text": "b"}
        )
    assert response.status_code == 422
    assert complaints(response.text) == []
    assert 'id="review-input-notes-2-text-error"' in response.text
    assert "请文明用语" in response.text


async def test_what_is_about_no_field_stands_above_the_form(world: World) -> None:
    async with world.browser() as browser:
        response = await sent(browser, {**ENTERED, "input.text": "worse"})
    assert "<li>不能评价</li>" in response.text
    assert complaints(response.text) == []


async def test_the_paths_parameter_cannot_be_sent(world: World) -> None:
    async with world.browser() as browser:
        await sent(browser, {**ENTERED, "id": "other"})
    assert world.shop.reviews[-1]["product"] == ID


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_origin_is_refused_even_with_a_token(world: World, headers: dict[str, str]) -> None:
    async with world.browser() as browser:
        response = await sent(browser, ENTERED, headers)
    assert response.status_code == 403
    assert world.shop.reviews == []


async def test_our_own_origin_is_accepted(world: World) -> None:
    async with world.browser() as browser:
        response = await sent(browser, ENTERED, {"origin": "http://quadrant.test", "sec-fetch-site": "same-origin"})
    assert response.status_code == 303


async def test_a_form_without_its_token_or_cookie_is_refused(world: World) -> None:
    async with world.browser() as browser:
        hidden = form((await browser.get(PRODUCT)).text, "review")
        for changed in ({"form-token": ""}, {"form-token": "0" * len(hidden["form-token"])}, {"form-token": "é"}):
            assert (await browser.post(PRODUCT, data={**hidden, **ENTERED, **changed})).status_code == 403
    async with world.browser() as other:
        assert (await other.post(PRODUCT, data={**hidden, **ENTERED})).status_code == 403
        await other.get(PRODUCT)
        assert (await other.post(PRODUCT, data={**hidden, **ENTERED})).status_code == 403
    assert world.shop.reviews == []


async def test_a_token_is_bound_to_the_session(world: World) -> None:
    async with world.browser() as browser:
        hidden = form((await browser.get(PRODUCT)).text, "review")
        browser.cookies.set("who", "buyer")
        assert (await browser.post(PRODUCT, data={**hidden, **ENTERED})).status_code == 403


async def test_an_unknown_form_another_type_and_too_much_are_refused(world: World) -> None:
    async with world.browser() as browser:
        assert (await sent(browser, {"form-action": "delete"})).status_code == 400
        assert (await browser.post(PRODUCT, json={})).status_code == 400
        assert (await browser.post(PRODUCT, data={"a": "x" * 300_000})).status_code == 413
        raw = {"content-type": "application/x-www-form-urlencoded"}
        assert (await browser.post(PRODUCT, content=b"\xff=\xfe", headers=raw)).status_code == 400


async def test_a_made_up_notice_says_nothing(world: World) -> None:
    async with world.browser() as browser:
        for name in ("consumer/product.delete", "nothing", "<b>.review"):
            browser.cookies.set("quadrant-done", name)
            assert 'role="status"' not in (await browser.get("/")).text
