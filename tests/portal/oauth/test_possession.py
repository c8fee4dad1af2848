"""Tokens bound to a key (DPoP), programs that sign instead of telling a secret, requests that are pushed ahead."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from domain.identity.client_tables import ClientAuthentication
from domain.identity.clients import MACHINE_GRANT
from domain.identity.proofs import token_hash
from domain.identity.tables import Person
from foundation.clock import system_clock
from tests.portal.oauth.parties import CALLBACK, Parties, Program, agree, authorize, landed

SCOPES = ("openid", "offline_access", "orders:read")
VIEWER = {"query": "{ viewer { email } }"}
KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
async def browser(parties: Parties, staff: Person) -> httpx.AsyncClient:
    return await parties.browser(staff)


@pytest.fixture(scope="module")
async def spa(parties: Parties) -> Program:
    return await parties.program(scopes=SCOPES, first_party=True, authentication=ClientAuthentication.NONE)


def seconds(later: int = 0) -> int:
    return int(system_clock().timestamp()) + later


def proof(parties: Parties, path: str, token: str | None = None, key: ECKey = KEY, **changed: Any) -> str:
    """A proof for a POST to a path, with some of it changed; `header` changes its header, None leaves a claim out."""
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False), **changed.pop("header", {})}
    signer = changed.pop("signer", key)
    said: dict[str, Any] = {
        "jti": secrets.token_urlsafe(16),
        "htm": "POST",
        "htu": parties.served.settings.base_url + path,
        "iat": seconds(),
        **({} if token is None else {"ath": token_hash(token)}),
        **changed,
    }
    kept = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(header, kept, signer, algorithms=[header["alg"]])


async def bound_tokens(parties: Parties, browser: httpx.AsyncClient, program: Program, **request: str) -> Any:
    code = await parties.code(browser, program, *SCOPES, **request)
    headers = {"dpop": proof(parties, "/oauth/token")}
    answer = await parties.ask(program, program.exchange(code), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def asked(parties: Parties, token: str, *proofs: str, scheme: str = "DPoP") -> httpx.Response:
    async with parties.served.client() as client:
        headers = [("authorization", f"{scheme} {token}"), *(("dpop", each) for each in proofs)]
        return await client.post("/graphql", json=VIEWER, headers=headers)


async def test_a_bound_token_works_with_its_key_alone(
    parties: Parties, browser: httpx.AsyncClient, spa: Program
) -> None:
    tokens = await bound_tokens(parties, browser, spa)
    token = tokens["access_token"]
    assert tokens["token_type"] == "DPoP"
    once = proof(parties, "/graphql", token)
    assert (await asked(parties, token, once)).status_code == 200
    for name, proofs in {
        "replayed": [once],
        "none": [],
        "two": [proof(parties, "/graphql", token), proof(parties, "/graphql", token)],
        "another key": [proof(parties, "/graphql", token, OTHER)],
        "another key's signature": [proof(parties, "/graphql", token, signer=OTHER)],
        "another method": [proof(parties, "/graphql", token, htm="GET")],
        "another address": [proof(parties, "/oauth/token", token)],
        "another host": [proof(parties, "/graphql", token, htu="https://evil.test/graphql")],
        "another token": [proof(parties, "/graphql", "another")],
        "no token": [proof(parties, "/graphql")],
        "old": [proof(parties, "/graphql", token, iat=seconds(-300))],
        "of tomorrow": [proof(parties, "/graphql", token, iat=seconds(86_400))],
        "no jti": [proof(parties, "/graphql", token, jti=None)],
        "odd claims": [proof(parties, "/graphql", token, iat="now", htu=7)],
        "a private key shown": [proof(parties, "/graphql", token, header={"jwk": KEY.as_dict(private=True)})],
        "another type": [proof(parties, "/graphql", token, header={"typ": "JWT"})],
        "a shared key": [
            proof(
                parties,
                "/graphql",
                token,
                header={"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}},
                signer=OctKey.import_key("secret" * 8),
            )
        ],
        "noise": ["a.b.c"],
    }.items():
        answer = await asked(parties, token, *proofs)
        assert answer.status_code in {400, 401}, name
        assert "www-authenticate" in answer.headers, name
    assert (await asked(parties, token, scheme="Bearer")).status_code == 401
    assert (await asked(parties, token, proof(parties, "/graphql", token), scheme="Bearer")).status_code == 401


async def test_an_unbound_token_does_not_pass_as_bound(
    parties: Parties, browser: httpx.AsyncClient, spa: Program
) -> None:
    token = (await parties.tokens(browser, spa, "openid"))["access_token"]
    assert (await asked(parties, token, proof(parties, "/graphql", token))).status_code == 401


async def test_a_public_programs_refresh_token_is_bound_too(
    parties: Parties, browser: httpx.AsyncClient, spa: Program
) -> None:
    first = (await bound_tokens(parties, browser, spa))["refresh_token"]
    data = {"grant_type": "refresh_token", "refresh_token": first, "client_id": spa.client_id}
    for headers, error in (
        ({}, "invalid_grant"),
        ({"dpop": proof(parties, "/oauth/token", key=OTHER)}, "invalid_grant"),
        ({"dpop": "noise"}, "invalid_dpop_proof"),
    ):
        answer = await parties.ask(spa, data, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    answer = await parties.ask(spa, data, headers={"dpop": proof(parties, "/oauth/token")})
    assert answer.json()["token_type"] == "DPoP"


async def test_a_code_may_be_bound_from_the_start(parties: Parties, browser: httpx.AsyncClient, spa: Program) -> None:
    code = await parties.code(browser, spa, "openid", dpop_jkt=OTHER.thumbprint())
    answer = await parties.ask(spa, spa.exchange(code), headers={"dpop": proof(parties, "/oauth/token")})
    assert answer.json()["error"] == "invalid_grant"
    assert (await parties.ask(spa, spa.exchange(code))).json()["error"] == "invalid_grant"
    headers = {"dpop": proof(parties, "/oauth/token", key=OTHER)}
    assert (await parties.ask(spa, spa.exchange(code), headers=headers)).status_code == 200


async def test_a_pushed_request_names_no_other_key_than_its_proof(parties: Parties, spa: Program) -> None:
    for named, status in ((OTHER, 400), (KEY, 201)):
        asked = {**spa.request("openid"), "dpop_jkt": named.thumbprint()}
        answer = await parties.ask(spa, asked, "/oauth/par", headers={"dpop": proof(parties, "/oauth/par")})
        assert answer.status_code == status, answer.text
    assert "error" not in answer.json()


async def test_who_promised_proofs_must_send_them(parties: Parties, staff: Person) -> None:
    machine = await parties.program(staff, grants=(MACHINE_GRANT,), dpop_bound=True)
    data = {"grant_type": MACHINE_GRANT}
    assert (await parties.ask(machine, data)).json()["error"] == "invalid_dpop_proof"
    answer = await parties.ask(machine, data, headers={"dpop": proof(parties, "/oauth/token")})
    assert answer.json()["token_type"] == "DPoP"


# ---- assertions


def assertion(parties: Parties, program: Program, key: Any, **changed: Any) -> dict[str, str]:
    """A token request of a machine that signs, with some of its assertion changed."""
    header = {"alg": "ES256", **changed.pop("header", {})}
    said = {
        "iss": program.client_id,
        "sub": program.client_id,
        "aud": parties.served.settings.base_url,
        "jti": secrets.token_urlsafe(16),
        "iat": seconds(),
        "exp": seconds(60),
        **changed,
    }
    kept = {name: value for name, value in said.items() if value is not None}
    signed = jwt.encode(header, kept, key, algorithms=[header["alg"]])
    return {"grant_type": MACHINE_GRANT, "client_assertion_type": ASSERTION, "client_assertion": signed}


async def test_a_program_that_signs(parties: Parties, staff: Person) -> None:
    jwks = json.dumps({"keys": [KEY.as_dict(private=False)]})
    machine = await parties.program(
        staff, grants=(MACHINE_GRANT,), authentication=ClientAuthentication.PRIVATE_KEY, jwks=jwks
    )
    once = assertion(parties, machine, KEY)
    assert (await parties.ask(machine, once)).status_code == 200
    shared = OctKey.import_key(jwks)
    for name, data in {
        "replayed": once,
        "another key": assertion(parties, machine, OTHER),
        "another server's": assertion(parties, machine, KEY, aud="https://elsewhere.example.com"),
        "old": assertion(parties, machine, KEY, exp=seconds(-120)),
        "too long a life": assertion(parties, machine, KEY, exp=seconds(86_400)),
        "with an end that is no number": assertion(parties, machine, KEY, exp=float("nan")),
        "with an end beyond all numbers": assertion(parties, machine, KEY, exp=float("inf")),
        "made at no time": assertion(parties, machine, KEY, nbf=float("nan")),
        "made at a time that is no number": assertion(parties, machine, KEY, iat=float("-inf")),
        "without an end": assertion(parties, machine, KEY, exp=None),
        "without a name": assertion(parties, machine, KEY, jti=None),
        "of another issuer": assertion(parties, machine, KEY, iss="another"),
        "of nobody": assertion(parties, machine, KEY, sub=None),
        "of an unknown program": assertion(parties, machine, KEY, sub="unknown", iss="unknown"),
        "HS256 with the public key": assertion(parties, machine, shared, header={"alg": "HS256"}),
        "noise": {**once, "client_assertion": "a.b.c"},
        "unsigned": {**once, "client_assertion": "eyJhbGciOiJub25lIn0.e30."},
        "another kind": {**once, "client_assertion_type": "saml"},
    }.items():
        answer = await parties.ask(machine, data)
        assert answer.status_code in {400, 401}, name
        assert answer.json()["error"] == "invalid_client", name


# ---- pushed requests


async def test_a_pushed_request_is_its_own_programs_and_works_once(
    parties: Parties, browser: httpx.AsyncClient
) -> None:
    web = await parties.program(scopes=SCOPES, first_party=True)
    pushed = await parties.ask(web, web.request("openid"), "/oauth/par")
    assert pushed.status_code == 201
    named = {"client_id": web.client_id, "request_uri": pushed.json()["request_uri"]}
    other = await parties.program(scopes=SCOPES, first_party=True)
    stolen = await authorize(browser, {**named, "client_id": other.client_id})
    assert stolen.status_code == 400
    # What stands beside the name does not count.
    told = landed(await authorize(browser, {**named, "redirect_uri": "https://evil.test/", "state": "other"}))
    assert told["state"] == "st4te"
    assert (await parties.ask(web, web.exchange(told["code"]))).status_code == 200
    assert (await authorize(browser, named)).status_code == 400


async def test_a_pushed_request_gives_one_code_in_two_browsers_at_once(parties: Parties, staff: Person) -> None:
    web = await parties.program(scopes=SCOPES)
    pushed = await parties.ask(web, web.request("openid"), "/oauth/par")
    named = {"client_id": web.client_id, "request_uri": pushed.json()["request_uri"]}
    async with await parties.browser(staff) as one, await parties.browser(staff) as other:
        pages = [await authorize(browser, named) for browser in (one, other)]
        both = await asyncio.gather(*(agree(browser, page) for browser, page in zip((one, other), pages, strict=True)))
    assert sorted(answer.status_code for answer in both) == [303, 400]


async def test_a_pushed_request_that_was_declined_is_over(parties: Parties, browser: httpx.AsyncClient) -> None:
    web = await parties.program(scopes=SCOPES)
    pushed = await parties.ask(web, web.request("openid"), "/oauth/par")
    named = {"client_id": web.client_id, "request_uri": pushed.json()["request_uri"]}
    declined = await agree(browser, await authorize(browser, named), "decline")
    assert landed(declined)["error"] == "access_denied"
    assert (await authorize(browser, named)).status_code == 400


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"redirect_uri": "https://evil.test/"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "no:such"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"client_id": "another"}, "invalid_request"),
        ({"resource": "https://elsewhere.example.com"}, "invalid_target"),
    ],
)
async def test_a_wrong_request_is_not_kept(parties: Parties, parameters: dict[str, str], error: str) -> None:
    web = await parties.program(scopes=SCOPES)
    answer = await parties.ask(web, {**web.request("openid"), **parameters}, "/oauth/par")
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert CALLBACK not in answer.headers.get("location", "")
