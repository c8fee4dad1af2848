"""What was granted in a session ends when its owner ends it from elsewhere, and programs are told."""

from __future__ import annotations

import asyncio
import re

import httpx

from domain.identity.authenticators import code_of, step_at
from domain.identity.tables import Person
from foundation.clock import system_clock
from segments.audiences import ENTERPRISE
from segments.classification import Classification
from tests.people import PASSWORD, person, store
from tests.portal.oauth.parties import Parties, Program
from tests.portal.oauth.test_logout import listening
from tests.portal.pages.html_checks import form

SCOPES = ("openid", "offline_access")


async def active(parties: Parties, program: Program, tokens: dict[str, str]) -> list[bool]:
    """Whether the refresh token and the access token still count."""
    answers = [
        await parties.ask(program, {"token": tokens[name]}, "/oauth/introspect")
        for name in ("refresh_token", "access_token")
    ]
    return [answer.json()["active"] for answer in answers]


async def act(browser: httpx.AsyncClient, action: str, **entered: str) -> None:
    """Send a form of one's own account's page."""
    page = (await browser.get("/security")).text
    response = await browser.post("/security", data={**form(page, action), **entered})
    assert response.status_code == 303


async def buyer(parties: Parties, email: str) -> Person:
    """Somebody of a company."""
    someone = person(email, ENTERPRISE, clearance=Classification.PUBLIC)
    await store(parties.database, someone)
    return someone


async def test_a_session_ended_from_elsewhere_takes_its_grants_along(parties: Parties) -> None:
    someone = await buyer(parties, "elsewhere@example.com")
    async with (
        listening() as (where, bodies),
        await parties.browser(someone) as here,
        await parties.browser(someone) as there,
    ):
        program = await parties.program(scopes=SCOPES, backchannel_logout_uri=where)
        mine, theirs = [await parties.tokens(browser, program, *SCOPES) for browser in (here, there)]
        page = (await here.get("/security")).text
        await act(here, "session-end", id=re.findall(r'name="id" value="([^"]+)"', page)[0])
        assert b"logout_token=" in await asyncio.wait_for(bodies.get(), 10)
        assert await active(parties, program, theirs) == [False, False]
        assert await active(parties, program, mine) == [True, True]


async def test_programs_are_told_of_sessions_that_a_new_password_or_a_first_factor_ends(parties: Parties) -> None:
    someone = await buyer(parties, "factors@example.com")
    new = {"new_password": "yet another passphrase", "new_password_again": "yet another passphrase"}
    async with listening() as (where, bodies), await parties.browser(someone) as here:
        program = await parties.program(scopes=SCOPES, backchannel_logout_uri=where)
        for change in ("password", "authenticator"):
            async with await parties.browser(someone) as there:
                theirs = await parties.tokens(there, program, *SCOPES)
            if change == "password":
                await act(here, "password", password=PASSWORD, **new)
            else:
                await act(here, "authenticator-begin")
                page = (await here.get("/security")).text
                secret = "".join(re.findall(r'<code class="secret">([A-Z2-7 ]+)</code>', page)[0].split())
                entered = {**form(page, "authenticator"), "code": code_of(secret, step_at(system_clock()))}
                assert (await here.post("/security", data=entered)).status_code == 200
            assert b"logout_token=" in await asyncio.wait_for(bodies.get(), 10)
            assert await active(parties, program, theirs) == [False, False]


async def test_a_new_password_leaves_only_what_was_granted_here(parties: Parties) -> None:
    someone = await buyer(parties, "renewed@example.com")
    program = await parties.program(scopes=SCOPES)
    async with await parties.browser(someone) as here, await parties.browser(someone) as there:
        mine, theirs = [await parties.tokens(browser, program, *SCOPES) for browser in (here, there)]
        # A session that is over long ago: what was granted in it goes on until the password changes.
        await there.post("/sign-out", data=form((await there.get("/security")).text, "sign-out"))
        assert await active(parties, program, theirs) == [True, True]
        new = {"new_password": "another long passphrase", "new_password_again": "another long passphrase"}
        await act(here, "password", password=PASSWORD, **new)
        assert await active(parties, program, theirs) == [False, False]
        assert await active(parties, program, mine) == [True, True]
