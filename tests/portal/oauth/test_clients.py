"""Other people's clients complete every flow against the whole application on a real port."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
import pytest
from joserfc.jwk import ECKey

from domain.identity.client_tables import ClientAuthentication
from domain.identity.clients import DEVICE_GRANT, MACHINE_GRANT
from domain.identity.invitations import invite
from domain.identity.tables import Person
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from portal.app import create_app
from segments.audiences import STAFF
from tests.people import IDS, SYSTEM, person, store
from tests.portal.graphql.live import free_port, node, served
from tests.portal.oauth.parties import CALLBACK, Parties, agree, authorize
from tests.portal.served import Served

# It asks for the successor of httpx, which nothing else here needs.
with warnings.catch_warnings(action="ignore"):
    AsyncOAuth2Client = import_module("authlib.integrations.httpx_client").AsyncOAuth2Client

SCOPES = ("openid", "profile", "email", "offline_access", "orders:read")


@dataclass(frozen=True)
class House:
    """The application on a port, somebody signed in at it, and programs."""

    parties: Parties
    staff: Person
    given: dict[str, Any]

    async def run(self, script: str) -> Any:
        """What a script of `tests/clients` prints, with a session of its own."""
        return await node(script, orjson.dumps({**self.given, "cookie": await self.cookie()}).decode())

    async def cookie(self) -> str:
        """A browser in which the person is signed in."""
        async with await self.parties.browser(self.staff) as browser:
            return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> AsyncIterator[House]:
    port = free_port()
    name = own_database.addresses.owner.database
    own = settings.model_copy(update={"database_name": name, "public_url": f"http://127.0.0.1:{port}", "port": port})
    app = create_app(own)
    staff = person("han.xue@example.com", STAFF, name="韩雪", roles=("account_manager",))
    await store(own_database, staff)
    with served(app, port=port):
        parties = Parties(Served(app, own), own_database)
        key = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
        jwks = orjson.dumps({"keys": [key.as_dict(private=False)]}).decode()
        keyed = await parties.program(scopes=SCOPES, authentication=ClientAuthentication.PRIVATE_KEY, jwks=jwks)
        spa = await parties.program(
            scopes=SCOPES, post_logout_redirect_uris=(CALLBACK,), authentication=ClientAuthentication.NONE
        )
        web = await parties.program(scopes=SCOPES, post_logout_redirect_uris=(CALLBACK,))
        machine = await parties.program(staff, grants=(MACHINE_GRANT,), scopes=("orders:read",))
        terminal = await parties.program(
            grants=(DEVICE_GRANT,), redirect_uris=(), scopes=("openid",), authentication=ClientAuthentication.NONE
        )
        async with transaction(own_database, SYSTEM) as session:
            invitation = await invite(
                session, staff, uses=1, valid_for=dt.timedelta(days=1), now=system_clock(), row_id=IDS()
            )
        given = {
            "invitation": invitation,
            "issuer": own.base_url,
            "callback": CALLBACK,
            "web": {"id": web.client_id, "secret": web.secret},
            "machine": {"id": machine.client_id, "secret": machine.secret},
            "keyed": {"id": keyed.client_id, "jwk": key.as_dict(private=True)},
            "terminal": {"id": terminal.client_id},
            "spa": {"id": spa.client_id},
        }
        yield House(parties, staff, given)


@pytest.mark.node
async def test_openid_client(house: House) -> None:
    found = await house.run("openid_client.mjs")
    person_id, viewer = str(house.staff.id), {"viewer": {"email": house.staff.email}}
    assert found["claims"]["sub"] == found["pushed"] == person_id
    assert found["userinfo"]["name"] == "韩雪"
    assert found["answer"] == {"data": viewer}
    assert (found["rotated"], found["active"], found["revoked"]) == (True, True, False)
    assert (found["bound"], found["held"], found["heldAgain"]) == ("dpop", viewer, "dpop")
    assert found["machine"] == "orders:read"
    assert found["registration"] == {
        "name": "自助程序",
        "scope": "orders:read",
        "renamed": "改名的程序",
        "statuses": [200, 204, 401],
        "gone": "invalid_client",
    }
    assert (found["device"], found["left"]) == (person_id, f"{CALLBACK}?state=bye")


@pytest.mark.node
async def test_oauth4webapi(house: House) -> None:
    found = await house.run("oauth4webapi.mjs")
    assert found["claims"]["sub"] == str(house.staff.id)
    assert (found["type"], found["refreshed"], found["bound"]) == ("dpop", "dpop", "string")
    assert found["answer"] == {"viewer": {"email": house.staff.email}}


@pytest.mark.node
async def test_oidc_client_ts(house: House) -> None:
    found = await house.run("oidc_client_ts.mjs")
    assert (found["profile"]["sub"], found["profile"]["name"]) == (str(house.staff.id), "韩雪")
    assert (found["page"], found["rotated"], found["afterwards"]) == ("/maps", True, "invalid_grant")
    assert found["left"].startswith(f"{CALLBACK}?state=")


async def test_authlibs_own_client(house: House) -> None:
    issuer, web = house.given["issuer"], house.given["web"]
    client = AsyncOAuth2Client(
        web["id"], web["secret"], scope="openid offline_access", redirect_uri=CALLBACK, code_challenge_method="S256"
    )
    # As cookies and not as a header, beside which the browser would send none of its own: the consent form has one.
    cookies = dict(pair.split("=", 1) for pair in (await house.cookie()).split("; "))
    async with client, httpx.AsyncClient(base_url=issuer, cookies=cookies) as browser:
        verifier = "a-verifier-of-more-than-forty-three-characters-long"
        address, state = client.create_authorization_url(f"{issuer}/oauth/authorize", code_verifier=verifier)
        page = await authorize(browser, dict(parse_qsl(urlsplit(address).query)))
        back = page if page.status_code == 303 else await agree(browser, page)
        tokens = await client.fetch_token(
            f"{issuer}/oauth/token",
            authorization_response=back.headers["location"],
            state=state,
            code_verifier=verifier,
        )
        assert tokens["token_type"] == "Bearer"
        refreshed = await client.refresh_token(f"{issuer}/oauth/token")
        assert refreshed["refresh_token"] != tokens["refresh_token"]
        told = await client.introspect_token(f"{issuer}/oauth/introspect", token=refreshed["access_token"])
        assert told.json()["active"] is True
        assert (
            await client.revoke_token(f"{issuer}/oauth/revoke", token=refreshed["refresh_token"])
        ).status_code == 200
