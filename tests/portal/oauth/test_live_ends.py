"""What somebody watches ends with the token, the grant or the session by which they watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from domain.identity.client_tables import Client
from domain.identity.tables import Person
from foundation.session import transaction
from portal.graphql.routes import graphql_routes, open_door
from segments.audiences import ENTERPRISE
from segments.classification import Classification
from tests.people import SYSTEM, organisation, person, store
from tests.portal.graphql import asgi
from tests.portal.oauth.parties import Parties, Program
from tests.portal.pages.html_checks import form

FOLLOW = {"query": "subscription { interactionLogged { subject } }"}
SUBSCRIBE = {"id": "1", "type": "subscribe", "payload": FOLLOW}
ORIGIN = "http://localhost:8000"
WAITED_MAX = 3.0
"""Seconds. A process learns by notice; what it reads at intervals it would know after half a minute."""


@pytest.fixture(scope="module")
async def buyer(parties: Parties) -> Person:
    company = organisation("守望的公司")
    someone = person(
        "watcher@example.com", ENTERPRISE, customer_id=company.id, clearance=Classification.PUBLIC, roles=("buyer",)
    )
    await store(parties.database, company, someone)
    return someone


@pytest.fixture(scope="module")
def app(parties: Parties) -> Starlette:
    """The application's own door, which looks at callers more often."""
    assembly = parties.served.app.state.assembly
    door = open_door(assembly.engine, assembly.callers, parties.served.settings)
    door.standing_seconds = 0.05
    return Starlette(routes=graphql_routes(door))


@asynccontextmanager
async def events(app: Starlette, **headers: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """A subscription over server-sent events; what it yields waits for its end, and tells the reason."""
    async with asgi.http(app, "/graphql/stream", FOLLOW, **headers) as peer:
        start = await peer.next()
        assert start["status"] == 200

        async def ended() -> str:
            written = b""
            while (message := await peer.next())["more_body"]:
                written += message["body"]
            return "standing" if b"STANDING_ENDED" in written + message["body"] else "otherwise"

        yield ended


@asynccontextmanager
async def messages(app: Starlette, **headers: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """The same over a WebSocket."""
    async with asgi.socket(app, init={}, **headers) as peer:
        await peer.say(SUBSCRIBE)

        async def ended() -> str:
            while (message := await peer.next())["type"] == "websocket.send":
                pass
            return "standing" if message["code"] == 4403 else "otherwise"

        yield ended


@asynccontextmanager
async def watching(app: Starlette, **headers: str) -> AsyncIterator[list[Callable[[], Awaitable[str]]]]:
    """Both, seen to go on for some looks at the caller."""
    async with events(app, **headers) as one, messages(app, **headers) as other:
        looking = [asyncio.create_task(asyncio.wait_for(ended(), 60)) for ended in (one, other)]
        await asyncio.sleep(0.3)
        assert not any(look.done() for look in looking)

        def waits(look: asyncio.Task[str]) -> Callable[[], Awaitable[str]]:
            return lambda: asyncio.wait_for(look, WAITED_MAX)

        yield [waits(look) for look in looking]


async def give_back(parties: Parties, program: Program, tokens: dict[str, Any], _: Person) -> None:
    """The program gives the access token back."""
    assert (await parties.ask(program, {"token": tokens["access_token"]}, "/oauth/revoke")).status_code == 200


async def withdraw(parties: Parties, _: Program, __: dict[str, Any], someone: Person) -> None:
    """The person takes back what they agreed to."""
    async with await parties.browser(someone) as browser:
        fields = form((await browser.get("/oauth/consents")).text, "withdraw")
        assert (await browser.post("/oauth/consents", data=fields)).status_code == 303


async def switch_off(parties: Parties, program: Program, _: dict[str, Any], __: Person) -> None:
    """Somebody elsewhere switches the program off."""
    async with transaction(parties.database, SYSTEM) as session:
        mine = Client.client_id == program.client_id
        await session.execute(sa.update(Client).where(mine).values(active=False))


@pytest.mark.parametrize("end", [give_back, withdraw, switch_off])
async def test_a_program_watches_no_longer_than_its_token_counts(
    parties: Parties, buyer: Person, app: Starlette, end: Callable[..., Awaitable[None]]
) -> None:
    program = await parties.program(scopes=("orders:read",))
    async with await parties.browser(buyer) as browser:
        tokens = await parties.tokens(browser, program, "orders:read")
    async with watching(app, authorization=f"Bearer {tokens['access_token']}") as both:
        await end(parties, program, tokens, buyer)
        assert [await ended() for ended in both] == ["standing", "standing"]


async def test_a_browser_watches_no_longer_than_its_session_lasts(
    parties: Parties, buyer: Person, app: Starlette
) -> None:
    async with await parties.browser(buyer) as browser:
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        async with watching(app, cookie=cookie, origin=ORIGIN) as both:
            page = await browser.get("/oauth/consents")
            assert (await browser.post("/sign-out", data=form(page.text, "sign-out"))).status_code == 303
            assert [await ended() for ended in both] == ["standing", "standing"]
