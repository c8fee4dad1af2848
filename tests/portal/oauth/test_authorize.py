"""Letting a program in: signing in, agreeing, going back with a code, and tokens for the code."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
import sqlalchemy as sa

from domain.identity.client_tables import ClientAuthentication
from domain.identity.tables import LoginSession, Person
from foundation.clock import system_clock
from foundation.session import transaction
from segments.audiences import ENTERPRISE, STAFF
from segments.classification import Classification
from tests.people import PASSWORD, SYSTEM, person, store
from tests.portal.oauth.parties import CALLBACK, Parties, Program, address, agree, authorize, landed
from tests.portal.pages.html_checks import complaints, form

PUBLIC = ClientAuthentication.NONE
WHOLE = ("openid", "profile", "email", "offline_access", "orders:read")


@pytest.fixture(scope="module")
async def buyer(parties: Parties) -> Person:
    """Somebody who signs in by a password alone."""
    someone = person("he.yian@example.com", ENTERPRISE, clearance=Classification.PUBLIC, roles=("buyer",))
    await store(parties.database, someone)
    return someone


@pytest.fixture(scope="module")
async def program(parties: Parties) -> Program:
    return await parties.program(scopes=WHOLE)


def claims(token: str) -> dict[str, object]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_the_whole_way(parties: Parties, staff: Person, program: Program) -> None:
    async with await parties.browser(staff) as browser:
        page = await authorize(browser, program.request(*WHOLE, nonce="n-1"))
        assert page.status_code == 200
        assert complaints(page.text) == []
        assert "测绘助手" in page.text
        assert "查看订单" in page.text
        assert "https://program.example.com" in page.headers["content-security-policy"]
        back = landed(await agree(browser, page))
        assert back["state"] == "st4te"
        assert back["iss"] == parties.served.settings.base_url
        answer = await parties.ask(program, program.exchange(back["code"]))
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        tokens = answer.json()
        assert tokens["token_type"] == "Bearer"
        assert set(tokens["scope"].split()) == set(WHOLE)
        said = claims(tokens["id_token"])
        assert (said["nonce"], said["aud"], said["sub"]) == ("n-1", program.client_id, str(staff.id))
        assert said["amr"] == ["pwd", "otp", "mfa"]
        told = await parties.graphql(tokens["access_token"], "{ orders { nodes { number } } }")
        assert told.json()["data"] == {"orders": {"nodes": []}}
        # The next time nobody is asked for the same.
        again = landed(await authorize(browser, program.request("openid", "orders:read")))
        assert "code" in again


async def test_signing_in_comes_first_and_leads_back(parties: Parties, buyer: Person) -> None:
    program = await parties.program(scopes=WHOLE, first_party=True)
    async with await parties.browser() as browser:
        asked = await authorize(browser, program.request("openid"))
        assert asked.status_code == 303
        place = asked.headers["location"]
        assert place.startswith("/sign-in?next=%2Foauth%2Fauthorize")
        hidden = form((await browser.get(place)).text, "sign-in")
        entered = {**hidden, "account": buyer.email, "password": PASSWORD}
        signed_in = await browser.post(place, data=entered)
        assert signed_in.headers["location"].startswith("/oauth/authorize?")
        page = await browser.get(signed_in.headers["location"], headers={"referer": str(browser.base_url.join(place))})
        # A browser holds the sign-in form's policy against a redirection to the program, so a page leads on.
        assert page.status_code == 200
        assert page.headers["refresh"].startswith(f"0; url={CALLBACK}?code=")


async def test_declining_is_told(parties: Parties, staff: Person) -> None:
    fresh = await parties.program(scopes=WHOLE)
    async with await parties.browser(staff) as browser:
        page = await authorize(browser, fresh.request("openid"))
        told = landed(await agree(browser, page, "deny"))
    assert (told["error"], told["state"]) == ("access_denied", "st4te")
    assert "iss" in told


async def test_our_own_programs_ask_nobody(parties: Parties, staff: Person) -> None:
    own = await parties.program(scopes=WHOLE, first_party=True, authentication=PUBLIC)
    async with await parties.browser(staff) as browser:
        tokens = await parties.tokens(browser, own, "openid", "offline_access")
    assert {"access_token", "id_token", "refresh_token"} <= tokens.keys()


async def test_a_token_holds_no_more_than_its_person(parties: Parties) -> None:
    reader = person("reader@example.com", STAFF)
    await store(parties.database, reader)
    program = await parties.program(scopes=WHOLE)
    async with await parties.browser(reader) as browser:
        tokens = await parties.tokens(browser, program, "openid", "orders:read")
    assert tokens["scope"] == "openid"
    refused = await parties.graphql(tokens["access_token"], "{ orders { nodes { number } } }")
    assert refused.status_code == 403


async def test_a_program_of_other_audiences_is_not_for_me(parties: Parties, staff: Person) -> None:
    clubs = await parties.program(scopes=("openid",), audiences=(ENTERPRISE,))
    async with await parties.browser(staff) as browser:
        told = landed(await authorize(browser, clubs.request("openid")))
    assert told["error"] == "access_denied"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"prompt": "none"}, "consent_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"resource": "https://elsewhere.example.com"}, "invalid_target"),
    ],
)
async def test_what_openid_connect_adds(
    parties: Parties, staff: Person, parameters: dict[str, str], error: str
) -> None:
    fresh = await parties.program(scopes=WHOLE)
    async with await parties.browser(staff) as browser:
        told = landed(await authorize(browser, fresh.request("openid", **parameters)))
    assert (told["error"], told["state"]) == (error, "st4te")


async def test_without_a_page_nobody_signs_in(parties: Parties, program: Program) -> None:
    async with await parties.browser() as browser:
        told = landed(await authorize(browser, program.request("openid", prompt="none")))
    assert told["error"] == "login_required"


@pytest.mark.parametrize("wanted", [{"prompt": "login"}, {"max_age": "0"}])
async def test_a_program_may_want_a_fresh_sign_in(parties: Parties, buyer: Person, wanted: dict[str, str]) -> None:
    program = await parties.program(scopes=WHOLE, first_party=True)
    async with await parties.browser(buyer) as browser:
        place = (await authorize(browser, program.request("openid", **wanted))).headers["location"]
        assert "again=yes" in place
        assert (await browser.get(place)).status_code == 200
        signed_in = await browser.post(
            place,
            data={**form((await browser.get(place)).text, "sign-in"), "account": buyer.email, "password": PASSWORD},
        )
        tokens = await browser.get(signed_in.headers["location"])
    assert "code" in landed(tokens)


async def test_nobody_says_for_themselves_that_they_have_just_signed_in(parties: Parties, staff: Person) -> None:
    program = await parties.program(scopes=WHOLE, first_party=True)
    hour = dt.timedelta(hours=1)
    async with await parties.browser(staff) as browser:
        async with transaction(parties.database, SYSTEM) as session:
            aged = sa.update(LoginSession).where(LoginSession.person_id == staff.id)
            await session.execute(aged.values(authenticated_at=system_clock() - hour))
        for since in ("0", "1" * 12):
            forged = {**program.request("openid", prompt="login"), "signed_in_since": since}
            assert "again=yes" in (await authorize(browser, forged)).headers["location"]


async def test_a_referrer_that_is_no_address_is_none(parties: Parties, staff: Person) -> None:
    program = await parties.program(scopes=WHOLE, first_party=True)
    async with await parties.browser(staff) as browser:
        sent = await browser.get("/oauth/authorize", params=program.request("openid"), headers={"referer": "http://["})
    assert "code" in landed(sent)


async def test_the_request_may_come_by_post(parties: Parties, staff: Person, program: Program) -> None:
    async with await parties.browser(staff) as browser:
        response = await browser.post("/oauth/authorize", data=program.request("openid"))
    assert response.headers["location"] == address(program.request("openid"))


async def test_an_agreement_can_be_taken_back(parties: Parties, staff: Person) -> None:
    fresh = await parties.program(scopes=WHOLE, name="要收回的程序")
    async with await parties.browser(staff) as browser:
        tokens = await parties.tokens(browser, fresh, "openid", "offline_access")
        page = await browser.get("/oauth/consents")
        assert complaints(page.text) == []
        assert "要收回的程序" in page.text
        fields = form(page.text, "withdraw")
        assert (await browser.post("/oauth/consents", data={**fields, "form-token": ""})).status_code == 403
        assert (await browser.post("/oauth/consents", data=fields)).status_code == 303
        assert "要收回的程序" not in (await browser.get("/oauth/consents")).text
        told = await authorize(browser, fresh.request("openid", prompt="none"))
        assert landed(told)["error"] == "consent_required"
    refreshed = await parties.ask(fresh, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert refreshed.json()["error"] == "invalid_grant"
    assert (await parties.graphql(tokens["access_token"], "{ __typename }")).status_code == 401


@pytest.mark.parametrize("own", [False, True], ids=["another's", "our own"])
@pytest.mark.parametrize("callback", ["http://127.0.0.1:8912/callback", "com.example.survey:/callback"])
async def test_who_cannot_prove_who_it_is_asks_each_time(
    parties: Parties, staff: Person, callback: str, *, own: bool
) -> None:
    """Another program on the same machine can use its name and its address (RFC 8252 §8.6)."""
    app = await parties.program(
        scopes=WHOLE, authentication=PUBLIC, redirect_uris=(callback, CALLBACK), first_party=own
    )
    asked = {"redirect_uri": callback}
    async with await parties.browser(staff) as browser:
        for _ in range(2):
            page = await authorize(browser, app.request("openid", **asked))
            assert page.status_code == 200
            assert "code" in landed(await agree(browser, page), callback)
            told = landed(await authorize(browser, app.request("openid", prompt="none", **asked)), callback)
            assert told["error"] == "consent_required"
        # An https address is claimed by who holds the name, so nobody else is led to.
        assert "code" in landed(await authorize(browser, app.request("openid")))


async def test_a_program_with_a_secret_is_known_at_any_address(parties: Parties, staff: Person) -> None:
    callback = "http://127.0.0.1:8913/callback"
    web = await parties.program(scopes=WHOLE, redirect_uris=(callback,))
    asked = web.request("openid", redirect_uri=callback)
    async with await parties.browser(staff) as browser:
        await agree(browser, await authorize(browser, asked))
        assert "code" in landed(await authorize(browser, asked), callback)


async def test_userinfo_tells_what_was_agreed(parties: Parties, staff: Person, program: Program) -> None:
    async with await parties.browser(staff) as browser:
        whole = await parties.tokens(browser, program, "openid", "profile", "email")
        none = await parties.tokens(browser, program, "orders:read")
    async with parties.served.client() as client:
        told = await client.get("/oauth/userinfo", headers={"authorization": f"Bearer {whole['access_token']}"})
        refused = await client.get("/oauth/userinfo", headers={"authorization": f"Bearer {none['access_token']}"})
        identity = await client.get("/oauth/userinfo", headers={"authorization": f"Bearer {whole['id_token']}"})
        nothing = await client.get("/oauth/userinfo")
    assert told.json() == {"sub": str(staff.id), "name": "韩雪", "email": staff.email, "email_verified": True}
    assert (refused.status_code, identity.status_code, nothing.status_code) == (403, 401, 401)
    assert "insufficient_scope" in refused.headers["www-authenticate"]
