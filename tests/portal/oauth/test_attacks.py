"""What RFC 9700 warns of, tried: each is refused with the right code, and none is a fault of ours."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from domain.identity.client_tables import AuthorizationCode, ClientAuthentication
from domain.identity.clients import MACHINE_GRANT
from domain.identity.secrets import hash_of
from domain.identity.tables import Person
from foundation.session import transaction
from tests.people import SYSTEM
from tests.portal.oauth.parties import CALLBACK, VERIFIER, Parties, Program, address, agree, authorize, landed
from tests.portal.pages.html_checks import form

SCOPES = ("openid", "offline_access", "orders:read")
VIEWER = "{ viewer { email } }"


@pytest.fixture(scope="module")
async def browser(parties: Parties, staff: Person) -> httpx.AsyncClient:
    return await parties.browser(staff)


@pytest.fixture(scope="module")
async def web(parties: Parties) -> Program:
    return await parties.program(scopes=SCOPES, first_party=True)


@pytest.fixture(scope="module")
async def spa(parties: Parties) -> Program:
    return await parties.program(scopes=SCOPES, first_party=True, authentication=ClientAuthentication.NONE)


# ---- the authorization endpoint


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "openid customers:write"}, "invalid_scope"),
        ({"scope": "no:such"}, "invalid_scope"),
    ],
)
async def test_a_wrong_request_is_told_to_the_program(
    browser: httpx.AsyncClient, web: Program, parameters: dict[str, str | None], error: str
) -> None:
    told = landed(await authorize(browser, dropped(web, parameters)))
    assert (told["error"], told["state"]) == (error, "st4te")
    assert "iss" in told
    assert "code" not in told


def dropped(program: Program, parameters: dict[str, str | None]) -> dict[str, str]:
    """A request with something of it changed or left out; what is left out is sent empty, which is the same."""
    scope = parameters.get("scope")
    kept = {name: value for name, value in parameters.items() if name != "scope"}
    changed = program.request(*((scope or "openid").split()), **kept)
    return changed | {name: "" for name, value in parameters.items() if value is None}


@pytest.mark.parametrize(
    "where",
    [
        CALLBACK + "/",
        CALLBACK + "?x=1",
        CALLBACK + "#x",
        CALLBACK + "/../callback",
        CALLBACK.upper(),
        CALLBACK.replace("https", "http"),
        CALLBACK.replace("example.com", "example.com:8443"),
        CALLBACK.replace("program", "evil.program"),
        CALLBACK.replace("program.example.com", "program.example.com@evil.test"),
        CALLBACK.replace("callback", "%63allback"),
        "//program.example.com/callback",
        "/callback",
        "javascript:alert(1)",
        "https://evil.test/callback",
        "",
    ],
)
async def test_nobody_is_sent_to_an_address_that_was_not_registered(
    browser: httpx.AsyncClient, web: Program, where: str
) -> None:
    # With an error on top, which must not lead there either.
    for more in ({}, {"scope": "no:such"}, {"response_type": "token"}):
        answer = await authorize(browser, {**web.request("openid"), "redirect_uri": where, **more})
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "refresh" not in answer.headers


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "code_challenge", "response_type"])
async def test_a_parameter_stands_once(browser: httpx.AsyncClient, web: Program, name: str) -> None:
    request = web.request("openid")
    answer = await browser.get(f"{address(request)}&{name}={request[name].partition(' ')[0]}")
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "nonce"])
@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\x00b", "四方", "a\nb"])
async def test_odd_characters_are_refused(browser: httpx.AsyncClient, web: Program, name: str, value: str) -> None:
    answer = await authorize(browser, {**web.request("openid"), name: value})
    assert answer.status_code in {303, 400}
    if answer.status_code == 303:
        assert landed(answer)["error"] in {"invalid_request", "invalid_scope", "unsupported_response_type"}


@pytest.mark.parametrize("client_id", ["nobody", "", "'; drop table client; --", "a" * 9000])
async def test_an_unknown_program_is_said_to_the_person(
    browser: httpx.AsyncClient, web: Program, client_id: str
) -> None:
    answer = await authorize(browser, {**web.request("openid"), "client_id": client_id})
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_the_consent_page_cannot_be_framed_forged_or_clicked_for_somebody(
    parties: Parties, browser: httpx.AsyncClient, staff: Person
) -> None:
    strange = await parties.program(scopes=SCOPES)
    page = await authorize(browser, strange.request("openid"))
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    where = address(strange.request("openid"))
    fields = {**form(page.text, "consent"), "decision": "allow"}
    for forged in ({**fields, "form-token": ""}, {**fields, "form-token": "0" * 80}, {"decision": "allow"}):
        assert (await browser.post(where, data=forged)).status_code == 403
    for headers in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}):
        assert (await browser.post(where, data=fields, headers=headers)).status_code == 403
    async with await parties.browser(staff) as elsewhere:
        # Another session of the same person has other tokens.
        assert (await elsewhere.post(where, data=fields)).status_code == 403
    assert "code" in landed(await agree(browser, page))


async def test_an_agreement_is_about_what_was_shown(parties: Parties, browser: httpx.AsyncClient) -> None:
    strange = await parties.program(scopes=SCOPES)
    page = await authorize(browser, strange.request("openid"))
    assert "code" in landed(await agree(browser, page))
    # More rights than were agreed to are asked about again.
    assert (await authorize(browser, strange.request("openid", "orders:read"))).status_code == 200


# ---- codes


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"code_verifier": VERIFIER[::-1]}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": "x" * 200}, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code": "a\x00b"}, "invalid_request"),
        ({"resource": "https://elsewhere.example.com"}, "invalid_target"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": 'a"b'}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"client_id": "another"}, "invalid_request"),
    ],
)
async def test_a_wrong_exchange_is_refused(
    parties: Parties, browser: httpx.AsyncClient, web: Program, parameters: dict[str, str | None], error: str
) -> None:
    code = await parties.code(browser, web, "openid")
    answer = await parties.ask(web, web.exchange(code, **parameters))
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    # Nothing of it used the code up.
    assert (await parties.ask(web, web.exchange(code))).status_code == 200


async def test_a_replayed_code_ends_what_it_brought(parties: Parties, browser: httpx.AsyncClient, web: Program) -> None:
    code = await parties.code(browser, web, "openid", "offline_access")
    tokens = (await parties.ask(web, web.exchange(code))).json()
    assert (await parties.graphql(tokens["access_token"], VIEWER)).status_code == 200
    assert (await parties.ask(web, web.exchange(code))).json()["error"] == "invalid_grant"
    assert (await parties.graphql(tokens["access_token"], VIEWER)).status_code == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await parties.ask(web, refresh)).json()["error"] == "invalid_grant"


async def test_another_programs_code_and_an_old_code(
    parties: Parties, browser: httpx.AsyncClient, web: Program
) -> None:
    code = await parties.code(browser, web, "openid")
    other = await parties.program(scopes=SCOPES, first_party=True)
    assert (await parties.ask(other, other.exchange(code))).json()["error"] == "invalid_grant"
    async with transaction(parties.database, SYSTEM) as session:
        mine = sa.update(AuthorizationCode).where(AuthorizationCode.code_hash == hash_of(code))
        await session.execute(mine.values(expires_at=AuthorizationCode.expires_at - dt.timedelta(minutes=2)))
    assert (await parties.ask(web, web.exchange(code))).json()["error"] == "invalid_grant"


# ---- who the program is


def basic(text: bytes) -> dict[str, str]:
    """An `Authorization` header of these bytes."""
    return {"authorization": "Basic " + base64.b64encode(text).decode()}


@pytest.mark.parametrize(
    ("headers", "body", "status", "error"),
    [
        ({}, {}, 401, "invalid_client"),
        (basic(b"ID:wrong"), {}, 401, "invalid_client"),
        (basic(b"nobody:wrong"), {}, 401, "invalid_client"),
        (basic(b"no colon"), {}, 401, "invalid_client"),
        (basic(b"\xff\xfe:\xff"), {}, 401, "invalid_client"),
        (basic(b"a\x00b:c"), {}, 401, "invalid_client"),
        ({"authorization": "Basic ???"}, {}, 401, "invalid_client"),
        ({"authorization": b"Basic \xff\xff"}, {}, 401, "invalid_client"),
        ({"authorization": "Basic"}, {}, 401, "invalid_client"),
        ({"authorization": "Bearer x"}, {}, 401, "invalid_client"),
        ({}, {"client_id": "ID"}, 401, "invalid_client"),
        ({}, {"client_id": "ID", "client_secret": "SECRET"}, 401, "invalid_client"),
        (basic(b"ID:wrong"), {"client_id": "ID", "client_secret": "SECRET"}, 400, "invalid_request"),
        ({}, {"client_assertion": "x.y.z", "client_assertion_type": "jwt"}, 401, "invalid_client"),
    ],
)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/par"])
async def test_who_is_not_who_they_say(
    parties: Parties,
    web: Program,
    path: str,
    headers: dict[str, Any],
    body: dict[str, str],
    status: int,
    error: str,
) -> None:
    def told(text: str) -> str:
        return text.replace("ID", web.client_id).replace("SECRET", web.secret or "")

    if headers == basic(b"ID:wrong"):
        headers = basic(f"{web.client_id}:wrong".encode())
    data = {"grant_type": "authorization_code", "code": "x", "token": "x"} | {k: told(v) for k, v in body.items()}
    async with parties.served.client() as client:
        answer = await client.post(path, data=data, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_the_token_endpoint_reads_forms_only(parties: Parties, web: Program) -> None:
    code = {"grant_type": "authorization_code", "code": "x"}
    async with parties.served.client() as client:
        auth = web.basic
        assert auth is not None
        assert (await client.get("/oauth/token", params=code)).status_code == 405
        by_query = await client.post("/oauth/token", params=code, auth=auth)
        by_json = await client.post("/oauth/token", json=code, auth=auth)
        twice = await client.post(
            "/oauth/token",
            content="grant_type=authorization_code&code=a&code=b",
            headers={"content-type": "application/x-www-form-urlencoded"},
            auth=auth,
        )
        large = await client.post("/oauth/token", data={**code, "x": "y" * 300_000}, auth=auth)
        bytes_only = await client.post(
            "/oauth/token",
            content=b"\xff\xfe=\x00",
            headers={"content-type": "application/x-www-form-urlencoded"},
            auth=auth,
        )
    answers = [(each.status_code, each.json()["error"]) for each in (by_query, by_json, twice, large, bytes_only)]
    assert answers == [
        (400, "unsupported_grant_type"),
        (400, "unsupported_grant_type"),
        (400, "invalid_request"),
        (400, "unsupported_grant_type"),
        (400, "unsupported_grant_type"),
    ]


async def test_a_program_without_a_secret_is_no_machine(parties: Parties, spa: Program) -> None:
    answer = await parties.ask(spa, {"grant_type": MACHINE_GRANT, "client_id": spa.client_id})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


# ---- tokens


def part(value: dict[str, Any]) -> str:
    """A part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_forged_tokens_are_refused_everywhere(parties: Parties, browser: httpx.AsyncClient, web: Program) -> None:
    tokens = await parties.tokens(browser, web, *SCOPES)
    real: str = tokens["access_token"]
    head, body, sign = real.split(".")
    header, claims = [json.loads(base64.urlsafe_b64decode(each + "===")) for each in (head, body)]
    async with parties.served.client() as client:
        published = (await client.get("/oauth/jwks")).json()["keys"]
    ours = next(key for key in published if key["kid"] == header["kid"])
    mine = ECKey.generate_key("P-256")
    shared = OctKey.import_key(json.dumps(ours))
    signed = {"typ": "at+jwt", "alg": "ES256", "kid": header["kid"]}
    forged = {
        "alg none": f"{part({**header, 'alg': 'none'})}.{body}.",
        "no signature": f"{head}.{body}.",
        "HS256 with the public key": jwt.encode({**signed, "alg": "HS256"}, claims, shared, algorithms=["HS256"]),
        "own key": jwt.encode(signed, claims, mine),
        "own key inside": jwt.encode({**signed, "jwk": mine.as_dict(private=False)}, claims, mine),
        "own key elsewhere": jwt.encode({**signed, "jku": "https://evil.test/jwks"}, claims, mine),
        "unknown kid": jwt.encode({**signed, "kid": "../../etc/passwd"}, claims, mine),
        "more rights": f"{head}.{part({**claims, 'scope': 'customers:write'})}.{sign}",
        "another's": f"{head}.{part({**claims, 'sub': '01a20ee8-28e9-76a2-8fc9-c62874c35dc4'})}.{sign}",
        "ID token": tokens["id_token"],
        "refresh token": tokens["refresh_token"],
        "no token": "",
        "noise": "a.b.c",
    }
    for name, token in forged.items():
        assert (await parties.graphql(token, VIEWER)).status_code == 401, name
        if token and name != "refresh token":
            told = (await parties.ask(web, {"token": token}, "/oauth/introspect")).json()
            assert told == {"active": False}, name
    assert (await parties.graphql(real, VIEWER)).status_code == 200


async def test_a_token_in_the_address_is_not_looked_at(
    parties: Parties, browser: httpx.AsyncClient, web: Program
) -> None:
    token = (await parties.tokens(browser, web, "openid"))["access_token"]
    async with parties.served.client() as client:
        assert (await client.get("/oauth/userinfo", params={"access_token": token})).status_code == 401
        assert (await client.post("/oauth/userinfo", data={"access_token": token})).status_code == 401
