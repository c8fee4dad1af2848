"""Signing in and out as a browser does."""

from __future__ import annotations

import httpx
import pytest

from portal.pages.sign_in import is_local
from segments.audiences import MILITARY
from tests.portal.pages.html_checks import complaints, form
from tests.portal.pages.samples import World


@pytest.fixture
def world() -> World:
    return World()


async def signed_in(browser: httpx.AsyncClient, account: str, password: str, query: str = "") -> httpx.Response:
    """What somebody sends after having looked at the sign-in page."""
    hidden = form((await browser.get(f"/sign-in{query}")).text, "sign-in")
    return await browser.post(f"/sign-in{query}", data={**hidden, "account": account, "password": password})


@pytest.mark.parametrize(
    ("account", "query", "destination"),
    [
        ("buyer", "", "/"),
        ("soldier", "", "/military"),
        ("buyer", "?next=%2Forders%3Flimit%3D3", "/orders?limit=3"),
        ("soldier", "?next=%2Fmilitary%2Ffleet", "/military/fleet"),
        ("soldier", "?next=%2Fstaff", "/military"),
        ("soldier", "?next=%2Forders", "/military"),
        ("soldier", "?next=%2Foauth%2Fauthorize", "/oauth/authorize"),
        ("buyer", "?next=%2F%2Fevil.test%2F", "/"),
        ("buyer", "?next=https%3A%2F%2Fevil.test%2F", "/"),
        ("buyer", "?next=%2F%5Cevil.test", "/"),
    ],
)
async def test_signing_in_leads_to_ones_own_portal(world: World, account: str, query: str, destination: str) -> None:
    async with world.browser() as browser:
        response = await signed_in(browser, account, "right", query)
        assert (response.status_code, response.headers["location"]) == (303, destination)
        assert browser.cookies["who"] == account
        assert (await browser.get(f"/sign-in{query}")).headers["location"] == destination


async def test_a_wrong_password_is_said_and_not_sent_back(world: World) -> None:
    async with world.browser() as browser:
        response = await signed_in(browser, "buyer", "wr0ng-secret")
    assert response.status_code == 422
    assert complaints(response.text) == []
    assert 'value="buyer"' in response.text
    assert "wr0ng-secret" not in response.text
    assert 'aria-invalid="true"' in response.text


async def test_signing_in_without_a_token_is_refused(world: World) -> None:
    async with world.browser() as browser:
        response = await browser.post("/sign-in", data={"account": "buyer", "password": "right"})
        assert response.status_code == 403
        assert (await browser.post("/sign-in", content=b"")).status_code == 400
        assert "who" not in browser.cookies


async def test_signing_out_is_a_form(world: World) -> None:
    async with world.browser("buyer") as browser:
        page = (await browser.get("/")).text
        assert "沈知夏" in page
        assert (await browser.post("/sign-out", data={"form-token": ""})).status_code == 403
        response = await browser.post("/sign-out", data=form(page, "sign-out"))
        assert (response.status_code, response.headers["location"]) == (303, "/")
    assert world.sessions.ended == ["buyer"]


async def test_the_menu_names_clearance_and_compartments(world: World) -> None:
    async with world.browser("soldier") as browser:
        page = (await browser.get("/military")).text
    assert "接触权限：机密" in page
    assert "某部" in page


async def test_without_the_public_portal_everything_begins_with_signing_in() -> None:
    world = World(served=[MILITARY])
    async with world.browser() as browser:
        assert (await browser.get("/")).headers["location"] == "/sign-in"
        assert (await signed_in(browser, "soldier", "right")).headers["location"] == "/military"
        page = (await browser.get("/military")).text
        response = await browser.post("/sign-out", data=form(page, "sign-out"))
        assert response.headers["location"] == "/sign-in"


@pytest.mark.parametrize("address", ["", "orders", "//x", "/\\x", "/a\\b", "/a\nb", "javascript:x", "/" + "a" * 4000])
def test_only_paths_of_ours_are_local(address: str) -> None:
    assert not is_local(address)
