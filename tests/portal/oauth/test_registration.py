"""Programs that register themselves, and keep their registration."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from domain.identity.invitations import invite
from domain.identity.tables import Person
from foundation.clock import system_clock
from foundation.session import transaction
from tests.people import IDS, SYSTEM
from tests.portal.oauth.parties import CALLBACK, Parties, Program, landed

KEY = ECKey.generate_key("P-256").as_dict(private=False)
KEYED = {"token_endpoint_auth_method": "private_key_jwt"}
GOOD = {"client_name": "自助程序", "redirect_uris": [CALLBACK], "scope": "openid orders:read"}


async def invitation(parties: Parties, staff: Person, uses: int = 1) -> str:
    async with transaction(parties.database, SYSTEM) as session:
        now, day = system_clock(), dt.timedelta(days=1)
        return await invite(session, staff, uses=uses, valid_for=day, now=now, row_id=IDS())


async def send(parties: Parties, method: str, path: str, token: str | None, body: Any = None) -> httpx.Response:
    async with parties.served.client() as client:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return await client.request(method, path, headers=headers, content=None if body is None else json.dumps(body))


async def test_a_program_registers_changes_and_removes_itself(parties: Parties, staff: Person) -> None:
    token = await invitation(parties, staff)
    made = await send(parties, "POST", "/oauth/register", token, GOOD)
    assert made.status_code == 201, made.text
    told = made.json()
    program = Program(told["client_id"], told["client_secret"])
    async with await parties.browser(staff) as browser:
        tokens = await parties.tokens(browser, program, "openid", "orders:read")
        assert tokens["scope"] == "openid orders:read"
        # An invitation for one registers one.
        assert (await send(parties, "POST", "/oauth/register", token, GOOD)).status_code == 401
        own, place = told["registration_access_token"], told["registration_client_uri"]
        read = (await send(parties, "GET", place, own)).json()
        assert (read["client_name"], "client_secret" in read) == ("自助程序", False)
        narrower = {**GOOD, "client_id": program.client_id, "scope": "openid"}
        changed = await send(parties, "PUT", place, own, narrower)
        assert (changed.status_code, changed.json()["scope"]) == (200, "openid")
        asked = await browser.get("/oauth/authorize", params=program.request("orders:read"))
        assert landed(asked)["error"] == "invalid_scope"
    for wrong in ({**narrower, "client_id": "another"}, {**narrower, "token_endpoint_auth_method": "none"}):
        answer = await send(parties, "PUT", place, own, wrong)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert (await send(parties, "GET", place, "another")).status_code == 401
    assert (await send(parties, "GET", "/oauth/register/nobody", own)).status_code == 401
    assert (await parties.graphql(tokens["access_token"], "{ __typename }")).status_code == 401
    async with await parties.browser(staff) as browser:
        tokens = await parties.tokens(browser, program, "openid")
    assert (await parties.graphql(tokens["access_token"], "{ __typename }")).status_code == 200
    assert (await send(parties, "DELETE", place, own)).status_code == 204
    assert (await parties.graphql(tokens["access_token"], "{ __typename }")).status_code == 401
    assert (await send(parties, "GET", place, own)).status_code == 401
    assert (await parties.ask(program, {"grant_type": "refresh_token"})).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uris": ["http://program.example.com/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://*.example.com/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_client_metadata"),
        ({"redirect_uris": CALLBACK}, "invalid_client_metadata"),
        ({"redirect_uris": [7]}, "invalid_client_metadata"),
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"client_name": "a\x00b"}, "invalid_client_metadata"),
        ({"client_name": "x" * 70_000}, "invalid_client_metadata"),
        ({"scope": "no:such"}, "invalid_client_metadata"),
        ({"scope": "customers:move"}, "invalid_client_metadata"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"], "response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [7]}}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": "keys"}, "invalid_client_metadata"),
        ({"scope": "\ud800"}, "invalid_client_metadata"),
        ({**KEYED, "jwks": {"keys": [{**KEY, "use": "sig", "note": "\ud800"}]}}, "invalid_client_metadata"),
        ({**KEYED, "jwks": {"keys": [{**KEY, "note": float("inf")}]}}, "invalid_client_metadata"),
    ],
)
async def test_a_wrong_registration_uses_nothing_up(
    parties: Parties, staff: Person, changed: dict[str, Any], error: str
) -> None:
    token = await invitation(parties, staff)
    answer = await send(parties, "POST", "/oauth/register", token, {**GOOD, **changed})
    assert answer.status_code in {400, 413}, answer.text
    assert answer.json()["error"] == error
    assert (await send(parties, "POST", "/oauth/register", token, GOOD)).status_code == 201


async def test_nobody_registers_uninvited(parties: Parties) -> None:
    for token in (None, "", "made-up"):
        answer = await send(parties, "POST", "/oauth/register", token, GOOD)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert "www-authenticate" in answer.headers
    async with parties.served.client() as client:
        assert (await client.post("/oauth/register", content=b"\xff{")).status_code == 400
        assert (await client.post("/oauth/register", content=b"[" * 50_000)).status_code == 400
        assert (await client.post("/oauth/register", json=[])).status_code == 400
