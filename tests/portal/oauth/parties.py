"""The parties of an authorization, for tests: a served application, people's browsers, programs and what they send."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from domain.identity.client_tables import Client, ClientAuthentication
from domain.identity.clients import MACHINE_GRANT, Registration, add_client, add_secret
from domain.identity.sessions import SessionTerms, open_session
from domain.identity.tables import Person
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from portal.session_cookie import SessionCookie
from tests.people import IDS, SYSTEM
from tests.portal.pages.html_checks import form
from tests.portal.served import Served

CALLBACK = "https://program.example.com/callback"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-long"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Program:
    """A registered program and its secret."""

    client_id: str
    secret: str | None = None
    callback: str = CALLBACK

    @property
    def basic(self) -> tuple[str, str] | None:
        """What it authenticates with, if it has a secret."""
        return None if self.secret is None else (self.client_id, self.secret)

    def request(self, *scopes: str, **parameters: str | None) -> dict[str, str]:
        """An authorization request; None leaves a parameter out."""
        sent = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "scope": " ".join(scopes),
            "state": "st4te",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **parameters,
        }
        return {name: value for name, value in sent.items() if value is not None}

    def exchange(self, presented: str, /, **parameters: str | None) -> dict[str, str]:
        """A token request with a code."""
        sent = {
            "grant_type": "authorization_code",
            "code": presented,
            "redirect_uri": self.callback,
            "code_verifier": VERIFIER,
            "client_id": None if self.secret else self.client_id,
            **parameters,
        }
        return {name: value for name, value in sent.items() if value is not None}


@dataclass(frozen=True)
class Parties:
    """A served application and its database."""

    served: Served
    database: Database

    async def program(self, owner: Person | None = None, **registration: Any) -> Program:
        """A program that was registered, with a secret where it has one."""
        given: dict[str, Any] = {"name": "测绘助手", **registration}
        if "redirect_uris" not in given and MACHINE_GRANT not in given.get("grants", ()):
            given["redirect_uris"] = (CALLBACK,)
        async with transaction(self.database, SYSTEM) as session:
            row_id = IDS()
            row = await add_client(session, Registration(**given), owner, system_clock(), row_id, row_id.hex)
            secret = None if without_secret(row) else await add_secret(session, row, system_clock(), IDS())
        return Program(row.client_id, secret)

    async def browser(
        self, someone: Person | None = None, amr: Iterable[str] = ("pwd", "otp", "mfa")
    ) -> httpx.AsyncClient:
        """A browser, in which somebody is signed in. Nobody's password is hashed for it."""
        browser = self.served.client()
        if someone is not None:
            secret = secrets.token_urlsafe(32)
            terms = SessionTerms.of(self.served.settings)
            async with transaction(self.database, SYSTEM) as session:
                await open_session(
                    session,
                    someone,
                    secret,
                    "test",
                    session_id=IDS(),
                    now=system_clock(),
                    terms=terms,
                    amr=tuple(amr),
                )
            browser.cookies.set(SessionCookie.of(self.served.settings).name, secret)
        return browser

    async def code(self, browser: httpx.AsyncClient, program: Program, *scopes: str, **parameters: str | None) -> str:
        """A code for somebody signed in, who agrees when they are asked."""
        response = await authorize(browser, program.request(*scopes, **parameters))
        if response.status_code == 200:
            response = await agree(browser, response)
        return landed(response)["code"]

    async def tokens(self, browser: httpx.AsyncClient, program: Program, *scopes: str, **parameters: str | None) -> Any:
        """The tokens of somebody signed in."""
        code = await self.code(browser, program, *scopes, **parameters)
        return (await self.ask(program, program.exchange(code))).json()

    async def ask(
        self, program: Program, data: dict[str, str], path: str = "/oauth/token", **options: Any
    ) -> httpx.Response:
        """What a program is answered."""
        async with self.served.client() as client:
            auth = program.basic or httpx.USE_CLIENT_DEFAULT
            return await client.post(path, data=data, **{"auth": auth, **options})

    async def graphql(self, token: str, query: str, scheme: str = "Bearer") -> httpx.Response:
        """What a token's bearer is answered."""
        async with self.served.client() as client:
            headers = {"authorization": f"{scheme} {token}"}
            return await client.post("/graphql", json={"query": query}, headers=headers)


def without_secret(row: Client) -> bool:
    """Whether a program proves who it is otherwise, or not at all."""
    return row.authentication in {ClientAuthentication.NONE, ClientAuthentication.PRIVATE_KEY}


async def authorize(browser: httpx.AsyncClient, request: dict[str, str]) -> httpx.Response:
    """What a browser gets that a program sent here."""
    return await browser.get("/oauth/authorize", params=request)


async def agree(browser: httpx.AsyncClient, page: httpx.Response, decision: str = "allow") -> httpx.Response:
    """Press a button of the consent page."""
    fields = {**form(page.text, "consent"), "decision": decision}
    return await browser.post(page.request.url.raw_path.decode(), data=fields)


def landed(response: httpx.Response, callback: str = CALLBACK) -> dict[str, str]:
    """What a program is told at its address."""
    assert response.status_code == 303, response.text
    location = response.headers["location"]
    assert location.startswith(callback), location
    return dict(parse_qsl(urlsplit(location).query))


def address(request: dict[str, str]) -> str:
    """A request as an address."""
    return f"/oauth/authorize?{urlencode(request)}"
