"""Signing out at a program's request, and telling the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet

from domain.identity.client_tables import Client, LogoutNotice
from domain.identity.farewells import CHANNEL
from domain.identity.tables import Person
from foundation.clock import system_clock
from foundation.session import transaction
from tests.people import SYSTEM
from tests.portal.oauth.parties import CALLBACK, Parties, Program
from tests.portal.pages.html_checks import complaints, form


@pytest.fixture(scope="module")
async def web(parties: Parties) -> Program:
    return await parties.program(
        scopes=("openid",), first_party=True, post_logout_redirect_uris=("https://program.example.com/bye",)
    )


async def signed_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/oauth/consents")).status_code == 200


async def test_with_an_id_token_at_once(parties: Parties, staff: Person, web: Program) -> None:
    async with await parties.browser(staff) as browser:
        hint = (await parties.tokens(browser, web, "openid"))["id_token"]
        bye = "https://program.example.com/bye"
        asked = {"id_token_hint": hint, "post_logout_redirect_uri": bye, "state": "s"}
        left = await browser.get("/oauth/logout", params=asked)
        assert (left.status_code, left.headers["location"]) == (303, f"{bye}?state=s")
        assert not await signed_in(browser)


async def test_without_one_the_person_is_asked(parties: Parties, staff: Person, web: Program) -> None:
    bye = "https://program.example.com/bye"
    asked = {"client_id": web.client_id, "post_logout_redirect_uri": bye}
    async with await parties.browser(staff) as browser:
        page = await browser.get("/oauth/logout", params=asked)
        assert complaints(page.text) == []
        assert await signed_in(browser)
        fields = form(page.text, "logout")
        stayed = await browser.post("/oauth/logout", data={**fields, "stay": "yes"})
        assert stayed.headers["location"] == "/"
        assert await signed_in(browser)
        # A page of another site has no token of ours, so it gets no further than the question.
        forged = await browser.post("/oauth/logout", data={**asked, "form-token": "0" * 80})
        assert forged.status_code == 200
        assert await signed_in(browser)
        left = await browser.post("/oauth/logout", data=fields)
        assert left.headers["location"] == bye
        assert not await signed_in(browser)


async def test_another_sessions_id_token_signs_nobody_out(parties: Parties, staff: Person, web: Program) -> None:
    async with await parties.browser(staff) as browser, await parties.browser(staff) as elsewhere:
        hint = (await parties.tokens(elsewhere, web, "openid"))["id_token"]
        assert (await browser.get("/oauth/logout", params={"id_token_hint": hint})).status_code == 200
        assert await signed_in(browser)


@pytest.mark.parametrize(
    "parameters",
    [
        {"id_token_hint": "a.b.c"},
        {"id_token_hint": "ACCESS"},
        {"post_logout_redirect_uri": "https://program.example.com/bye"},
        {"client_id": "WEB", "post_logout_redirect_uri": "https://evil.test/"},
        {"client_id": "WEB", "post_logout_redirect_uri": CALLBACK},
        {"client_id": "another", "id_token_hint": "HINT"},
        {"id_token_hint": "x" * 9000},
    ],
)
async def test_nobody_is_led_elsewhere(
    parties: Parties, staff: Person, web: Program, parameters: dict[str, str]
) -> None:
    async with await parties.browser(staff) as browser:
        tokens = await parties.tokens(browser, web, "openid")
        known = {"HINT": tokens["id_token"], "ACCESS": tokens["access_token"], "WEB": web.client_id}
        sent = {name: known.get(value, value) for name, value in parameters.items()}
        answer = await browser.get("/oauth/logout", params=sent)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert await signed_in(browser)


@asynccontextmanager
async def listening(*refusals: int) -> AsyncIterator[tuple[str, asyncio.Queue[bytes]]]:
    """A program's server, that keeps the bodies it is sent. It answers the first ones with these statuses."""
    answers = iter(refusals)
    bodies: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await bodies.put(await reader.readexactly(length))
        writer.write(
            f"HTTP/1.1 {next(answers, 200)} x\r\n".encode() + b"content-length: 0\r\nconnection: close\r\n\r\n"
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/logout", bodies


async def test_programs_are_told_of_the_end(parties: Parties, staff: Person) -> None:
    async with listening() as (where, bodies), await parties.browser(staff) as browser:
        web = await parties.program(scopes=("openid",), first_party=True, backchannel_logout_uri=where)
        await parties.tokens(browser, web, "openid")
        page = await browser.get("/oauth/consents")
        assert (await browser.post("/sign-out", data=form(page.text, "sign-out"))).status_code == 303
        body = await asyncio.wait_for(bodies.get(), 10)
        published = (await browser.get("/oauth/jwks")).json()
    token = jwt.decode(parse_qs(body.decode())["logout_token"][0], KeySet.import_key_set(published))
    assert token.header["typ"] == "logout+jwt"
    assert (token.claims["aud"], token.claims["sub"]) == (web.client_id, str(staff.id))
    assert "http://schemas.openid.net/event/backchannel-logout" in token.claims["events"]
    assert "nonce" not in token.claims


async def test_a_program_that_did_not_hear_is_told_again(parties: Parties, staff: Person) -> None:
    async with listening(503, 400) as (where, bodies), await parties.browser(staff) as browser:
        web = await parties.program(scopes=("openid",), first_party=True, backchannel_logout_uri=where)
        await parties.tokens(browser, web, "openid")
        page = await browser.get("/oauth/consents")
        assert (await browser.post("/sign-out", data=form(page.text, "sign-out"))).status_code == 303
        tokens = {await told(bodies)}
        mine = LogoutNotice.client_id == sa.select(Client.id).where(Client.client_id == web.client_id).scalar_subquery()
        for attempts in (1, 2):
            async with transaction(parties.database, SYSTEM) as session:
                notice = (await session.scalars(sa.select(LogoutNotice).where(mine))).one()
                assert notice.attempts == attempts
                assert notice.next_at > system_clock()
                # Its time comes, and another process says so.
                notice.next_at = system_clock()
                await session.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))
            tokens.add(await told(bodies))
        # Each time another token: the one before may be over by then.
        assert len(tokens) == 3
        assert await until_gone(parties, mine)


async def told(bodies: asyncio.Queue[bytes]) -> str:
    """The logout token that a program is sent next."""
    body = await asyncio.wait_for(bodies.get(), 10)
    return parse_qs(body.decode())["logout_token"][0]


async def until_gone(parties: Parties, which: sa.ColumnElement[bool]) -> bool:
    """Whether a note is forgotten within seconds."""
    for _ in range(100):
        async with transaction(parties.database, SYSTEM) as session:
            if await session.scalar(sa.select(LogoutNotice.id).where(which)) is None:
                return True
        await asyncio.sleep(0.05)
    return False


async def test_a_program_that_is_away_holds_nobody_up(parties: Parties, staff: Person) -> None:
    web = await parties.program(
        scopes=("openid",), first_party=True, backchannel_logout_uri="http://127.0.0.1:9/logout"
    )
    async with await parties.browser(staff) as browser:
        await parties.tokens(browser, web, "openid")
        page = await browser.get("/oauth/consents")
        assert (await browser.post("/sign-out", data=form(page.text, "sign-out"))).status_code == 303
        assert not await signed_in(browser)
