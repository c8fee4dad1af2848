"""Machines' tokens, giving tokens back, asking about them, and what the server says of itself."""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.routing import Route

from domain.audit.tables import AuditEvent, AuditKind
from domain.identity.client_tables import Client, ClientAuthentication
from domain.identity.clients import MACHINE_GRANT
from domain.identity.tables import Person
from foundation.session import transaction
from portal.oauth.issuer import Issuer
from portal.oauth.tokens import token as token_endpoint
from segments.audiences import ENTERPRISE, STAFF
from tests.domain.audit.chains import AUDITOR
from tests.people import SYSTEM, person, store
from tests.portal.oauth.parties import Parties, Program

MACHINE = {"grant_type": MACHINE_GRANT}


@pytest.fixture(scope="module")
async def machine(parties: Parties, staff: Person) -> Program:
    return await parties.program(staff, name="对账机", grants=(MACHINE_GRANT,), scopes=("orders:read",))


async def test_a_machine_acts_for_who_made_it(parties: Parties, machine: Program) -> None:
    answer = await parties.ask(machine, MACHINE)
    tokens = answer.json()
    assert (tokens["scope"], tokens["expires_in"], "refresh_token" in tokens) == ("orders:read", 300, False)
    told = await parties.graphql(tokens["access_token"], "{ orders { nodes { number } } }")
    assert told.json()["data"] == {"orders": {"nodes": []}}


async def test_the_audit_log_tells_of_every_token_and_of_no_secret(
    parties: Parties, staff: Person, machine: Program
) -> None:
    scopes = ("openid", "offline_access", "orders:read")
    public = ClientAuthentication.NONE
    spa = await parties.program(scopes=scopes, first_party=True, authentication=public)
    async with await parties.browser(staff) as browser:
        given = await parties.tokens(browser, spa, *scopes)
    refresh = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": spa.client_id}
    renewed = await parties.ask(spa, refresh)
    alone = (await parties.ask(machine, MACHINE)).json()
    async with transaction(parties.database, AUDITOR.row_settings()) as session:
        issued = AuditEvent.kind == AuditKind.TOKEN_ISSUED
        last = list(await session.scalars(sa.select(AuditEvent).where(issued).order_by(AuditEvent.at.desc()).limit(3)))
    told = [(each.client_id, each.person_id, set(each.subjects), json.loads(each.details)) for each in reversed(last)]
    for (client_id, person_id, subjects, details), program, answer in zip(
        told, (spa, spa, machine), (given, renewed.json(), alone), strict=True
    ):
        claims = decoded(answer["access_token"])
        assert (client_id, person_id) == (program.client_id, staff.id)
        assert uuid.UUID(claims["jti"]) in subjects
        assert details["scopes"] == sorted(claims["scope"].split())
        assert details["expires"][:19] == dt.datetime.fromtimestamp(claims["exp"], dt.UTC).isoformat()[:19]
        assert not any(str(value) in str(details) for value in (answer["access_token"], program.secret) if value)
    grants = [details["grant"] for *_, details in told]
    assert grants[0] == grants[1]
    assert grants[2] is None


def decoded(token: str) -> dict[str, Any]:
    """The claims of a token."""
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


async def test_a_machine_asks_for_its_own_rights_only(parties: Parties, machine: Program) -> None:
    answer = await parties.ask(machine, {**MACHINE, "scope": "orders:read customers:write"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_machine_ends_with_its_maker(parties: Parties) -> None:
    maker = person("maker@example.com", STAFF, roles=("account_manager",))
    await store(parties.database, maker)
    program = await parties.program(maker, grants=(MACHINE_GRANT,), scopes=("orders:read",))
    async with transaction(parties.database, SYSTEM) as session:
        await session.execute(sa.update(Person).where(Person.id == maker.id).values(roles=[]))
    assert (await parties.ask(program, MACHINE)).json()["scope"] == ""
    async with transaction(parties.database, SYSTEM) as session:
        await session.execute(sa.update(Person).where(Person.id == maker.id).values(active=False))
    assert (await parties.ask(program, MACHINE)).json()["error"] == "unauthorized_client"


async def test_the_shop_front_sees_the_consumer_view_as_nobody(parties: Parties) -> None:
    front = await parties.program(name="店面", grants=(MACHINE_GRANT,))
    token = (await parties.ask(front, MACHINE)).json()["access_token"]
    told = await parties.graphql(token, "{ products(first: 1) { nodes { __typename } } viewer { email } }")
    assert told.json()["data"].keys() == {"products", "viewer"}
    assert told.json()["data"]["viewer"] is None
    # There is nothing of staff's in it.
    unknown = (await parties.graphql(token, "{ orderTotals { orders } }")).json()
    assert unknown["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_nothing_widens_the_shop_fronts_token(parties: Parties) -> None:
    """Neither what it is registered for, nor what it asks for, nor what its bearer says beside it."""
    wide = {"scopes": ("orders:read", "customers:write"), "audiences": (STAFF, ENTERPRISE)}
    front = await parties.program(name="店面", grants=(MACHINE_GRANT,), introspects=True, **wide)
    answer = (await parties.ask(front, {**MACHINE, "scope": "orders:read customers:write", "audience": "staff"})).json()
    assert answer["scope"] == ""
    told = (await parties.ask(front, {"token": answer["access_token"]}, "/oauth/introspect")).json()
    assert (told["audience"], told["scope"], told["sub"]) == ("consumer", "", front.client_id)
    async with parties.served.client() as client:
        headers = {
            "authorization": f"Bearer {answer['access_token']}",
            "x-audience": "staff",
            "host": "staff.localhost",
        }
        for query, code in (
            ("{ orderTotals { orders } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ viewer { email } }", None),
        ):
            came = (await client.post("/graphql?audience=staff", json={"query": query}, headers=headers)).json()
            assert came["errors"][0]["extensions"]["code"] == code if code else came == {"data": {"viewer": None}}


async def test_where_consumers_are_not_served_there_is_no_shop_front(parties: Parties, staff: Person) -> None:
    issuer: Issuer = parties.served.app.state.assembly.issuer
    elsewhere = replace(issuer, served=frozenset({STAFF}))
    app = Starlette(routes=[Route("/oauth/token", partial(token_endpoint, elsewhere), methods=["POST"])])
    front = await parties.program(name="店面", grants=(MACHINE_GRANT,))
    theirs = await parties.program(staff, grants=(MACHINE_GRANT,))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=parties.served.settings.base_url) as client:
        refused = await client.post("/oauth/token", data=MACHINE, auth=front.basic or ("", ""))
        taken = await client.post("/oauth/token", data=MACHINE, auth=theirs.basic or ("", ""))
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
    assert taken.status_code == 200


async def test_a_program_that_was_switched_off_is_unknown(parties: Parties) -> None:
    front = await parties.program(name="店面", grants=(MACHINE_GRANT,))
    async with transaction(parties.database, SYSTEM) as session:
        off = sa.update(Client).where(Client.client_id == front.client_id).values(active=False)
        await session.execute(off)
    answer = await parties.ask(front, MACHINE)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_token_given_back_counts_no_more(parties: Parties, machine: Program) -> None:
    first, second = [(await parties.ask(machine, MACHINE)).json()["access_token"] for _ in range(2)]
    assert (await parties.graphql(first, "{ __typename }")).status_code == 200
    stranger = await parties.program(name="别的程序", grants=(MACHINE_GRANT,))
    foreign = await parties.ask(stranger, {"token": first}, "/oauth/revoke")
    assert (foreign.status_code, foreign.json()["error"]) == (400, "invalid_grant")
    assert (await parties.ask(machine, {"token": first}, "/oauth/revoke")).status_code == 200
    assert (await parties.graphql(first, "{ __typename }")).status_code == 401
    assert (await parties.graphql(second, "{ __typename }")).status_code == 200
    assert (await parties.ask(machine, {"token": "nonsense"}, "/oauth/revoke")).status_code == 200


async def test_asking_about_tokens(parties: Parties, staff: Person, machine: Program) -> None:
    token = (await parties.ask(machine, MACHINE)).json()["access_token"]
    gateway = await parties.program(name="网关", grants=(MACHINE_GRANT,), introspects=True)
    stranger = await parties.program(name="别的程序", grants=(MACHINE_GRANT,))
    own, asked, foreign = [
        (await parties.ask(each, {"token": token}, "/oauth/introspect")).json() for each in (machine, gateway, stranger)
    ]
    assert own == asked
    assert (own["active"], own["sub"], own["scope"]) == (True, str(staff.id), "orders:read")
    assert foreign == {"active": False}
    await parties.ask(machine, {"token": token}, "/oauth/revoke")
    assert (await parties.ask(gateway, {"token": token}, "/oauth/introspect")).json() == {"active": False}
    assert (await parties.ask(gateway, {"token": "nonsense"}, "/oauth/introspect")).json() == {"active": False}


async def test_asking_about_a_refresh_token_and_giving_it_back(parties: Parties, staff: Person) -> None:
    program = await parties.program(scopes=("offline_access",))
    async with await parties.browser(staff) as browser:
        tokens = await parties.tokens(browser, program, "offline_access")
    asked = {"token": tokens["refresh_token"], "token_type_hint": "refresh_token"}
    assert (await parties.ask(program, asked, "/oauth/introspect")).json()["active"] is True
    # A server that does not know the hint looks everywhere (RFC 7009 §2.1, RFC 7662 §2.1).
    asked["token_type_hint"] = "pct"
    assert (await parties.ask(program, asked, "/oauth/introspect")).json()["active"] is True
    assert (await parties.ask(program, asked, "/oauth/revoke")).status_code == 200
    assert (await parties.ask(program, asked, "/oauth/introspect")).json() == {"active": False}
    # The family ends with it.
    assert (await parties.graphql(tokens["access_token"], "{ __typename }")).status_code == 401


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
async def test_a_token_must_be_named(parties: Parties, staff: Person, path: str) -> None:
    program = await parties.program(staff, grants=("client_credentials",))
    answer = await parties.ask(program, {"token_type_hint": "pct"}, path)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_public_program_cannot_ask_about_tokens(parties: Parties) -> None:
    spa = await parties.program(authentication=ClientAuthentication.NONE)
    answer = await parties.ask(spa, {"client_id": spa.client_id, "token": "x"}, "/oauth/introspect")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_what_the_server_says_of_itself(parties: Parties) -> None:
    async with parties.served.client() as client:
        first, second = [
            (await client.get(f"/.well-known/{name}")).json()
            for name in ("openid-configuration", "oauth-authorization-server")
        ]
        assert first == second
        assert first["issuer"] == parties.served.settings.base_url
        for name, where in first.items():
            if name.endswith("_endpoint") or name == "jwks_uri":
                answer = await client.options(where) if name != "jwks_uri" else await client.get(where)
                assert answer.status_code in {200, 204, 405}, name
