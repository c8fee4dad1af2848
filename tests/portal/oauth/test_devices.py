"""Devices without a browser: their codes, the page that lets them in, asking again and again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from domain.identity.client_tables import ClientAuthentication, DeviceAuthorization
from domain.identity.clients import DEVICE_GRANT, REFRESH_GRANT
from domain.identity.tables import Person
from foundation.session import transaction
from segments.audiences import STAFF
from tests.people import SYSTEM, person, store
from tests.portal.oauth.parties import Parties, Program
from tests.portal.pages.html_checks import complaints, form

START = "/oauth/device_authorization"


@pytest.fixture(scope="module")
async def terminal(parties: Parties) -> Program:
    return await parties.program(
        name="维修站终端",
        grants=(DEVICE_GRANT, REFRESH_GRANT),
        redirect_uris=(),
        scopes=("openid", "offline_access", "orders:read"),
        authentication=ClientAuthentication.NONE,
        first_party=True,
    )


@pytest.fixture(scope="module")
async def browser(parties: Parties, staff: Person) -> httpx.AsyncClient:
    return await parties.browser(staff)


async def started(parties: Parties, terminal: Program, scope: str = "openid offline_access orders:read") -> Any:
    answer = await parties.ask(terminal, {"client_id": terminal.client_id, "scope": scope}, START)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def poll(parties: Parties, terminal: Program, codes: Any) -> httpx.Response:
    # As if the device had waited as long as it was told.
    async with transaction(parties.database, SYSTEM) as session:
        await session.execute(sa.update(DeviceAuthorization).values(polled_at=None))
    return await again(parties, terminal, codes)


async def again(parties: Parties, terminal: Program, codes: Any) -> httpx.Response:
    data = {"grant_type": DEVICE_GRANT, "device_code": codes["device_code"], "client_id": terminal.client_id}
    return await parties.ask(terminal, data)


async def decide(browser: httpx.AsyncClient, codes: Any, decision: str = "allow") -> httpx.Response:
    page = await browser.get(codes["verification_uri_complete"])
    assert complaints(page.text) == []
    fields = {**form(page.text, "device"), "user_code": codes["user_code"], "decision": decision}
    return await browser.post("/oauth/device", data=fields)


async def test_a_device_is_let_in(parties: Parties, terminal: Program, browser: httpx.AsyncClient) -> None:
    codes = await started(parties, terminal)
    assert (await poll(parties, terminal, codes)).json()["error"] == "authorization_pending"
    assert (await again(parties, terminal, codes)).json()["error"] == "slow_down"
    page = await browser.get("/oauth/device", params={"user_code": codes["user_code"].lower().replace("-", " ")})
    assert "维修站终端" in page.text
    assert "查看订单" in page.text
    assert "设备已连接" in (await decide(browser, codes)).text
    tokens = (await poll(parties, terminal, codes)).json()
    assert {"access_token", "refresh_token", "id_token"} <= tokens.keys()
    told = await parties.graphql(tokens["access_token"], "{ orders { nodes { number } } }")
    assert told.status_code == 200
    # Whoever comes again with the code stole it, or was stolen from.
    assert (await poll(parties, terminal, codes)).json()["error"] == "invalid_grant"
    assert (await parties.graphql(tokens["access_token"], "{ __typename }")).status_code == 401


async def test_a_device_is_refused(parties: Parties, terminal: Program, browser: httpx.AsyncClient) -> None:
    codes = await started(parties, terminal)
    assert "已拒绝" in (await decide(browser, codes, "deny")).text
    assert (await poll(parties, terminal, codes)).json()["error"] == "access_denied"
    # It was decided: the code is worth nothing at the page any more.
    assert (await browser.get(codes["verification_uri_complete"])).status_code == 404


async def test_what_a_device_is_told_when_it_errs(parties: Parties, terminal: Program) -> None:
    codes = await started(parties, terminal)
    other = await parties.program(grants=(DEVICE_GRANT,), redirect_uris=(), authentication=ClientAuthentication.NONE)
    web = await parties.program(scopes=("openid",))
    for program, data, path, error in (
        (other, {"device_code": codes["device_code"]}, "/oauth/token", "invalid_grant"),
        (terminal, {"device_code": "made-up"}, "/oauth/token", "invalid_grant"),
        (terminal, {}, "/oauth/token", "invalid_request"),
        (terminal, {"scope": "customers:write"}, START, "invalid_scope"),
        (terminal, {"resource": "https://elsewhere.example.com"}, START, "invalid_target"),
        (web, {"scope": "openid"}, START, "unauthorized_client"),
    ):
        sent = {"grant_type": DEVICE_GRANT, "client_id": program.client_id, **data}
        answer = await parties.ask(program, sent, path)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    async with transaction(parties.database, SYSTEM) as session:
        past = DeviceAuthorization.expires_at - dt.timedelta(hours=1)
        await session.execute(sa.update(DeviceAuthorization).values(expires_at=past))
    assert (await poll(parties, terminal, codes)).json()["error"] == "expired_token"


async def test_codes_are_not_guessed_without_end(parties: Parties, terminal: Program) -> None:
    codes = await started(parties, terminal)
    someone = person("guesser@example.com", STAFF)
    await store(parties.database, someone)
    async with await parties.browser(someone) as guesser:
        assert (await guesser.get("/oauth/device")).status_code == 200
        maximum = parties.served.settings.sign_in_attempts_per_account
        answers = [(await guesser.get("/oauth/device?user_code=BBBB-BBBB")).status_code for _ in range(maximum + 1)]
        assert answers == [404] * maximum + [429]
        # Not even the right one is looked at now.
        assert (await guesser.get(codes["verification_uri_complete"])).status_code == 429


async def test_nobody_decides_by_accident(parties: Parties, terminal: Program) -> None:
    codes = await started(parties, terminal)
    async with await parties.browser() as stranger:
        sent = await stranger.get(codes["verification_uri_complete"])
        assert sent.headers["location"].startswith("/sign-in?next=%2Foauth%2Fdevice")
        forged = await stranger.post("/oauth/device", data={"user_code": codes["user_code"], "decision": "allow"})
        assert forged.status_code == 303
    assert (await poll(parties, terminal, codes)).json()["error"] == "authorization_pending"
