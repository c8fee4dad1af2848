"""What a program holds ends at once, for whomever it acts, when it or somebody whom its tokens rest on loses a right."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from domain.customers.tables import Customer, CustomerStatus
from domain.identity.client_tables import AuthorizationGrant, Client
from domain.identity.tables import Person
from foundation.session import transaction
from segments.audiences import ENTERPRISE
from segments.classification import Classification
from tests.people import SYSTEM, organisation, person, store
from tests.portal.oauth.parties import Parties, Program
from tests.portal.pages.html_checks import form

MACHINE = {"grant_type": "client_credentials"}
PAGE = "/enterprise/clients"
ORDERS = "{ orders { nodes { number } } }"
SCOPES = ("orders:read", "offline_access")
TRIED_FOR = 2.0
"""Seconds. What the process reads at intervals anyway it would learn of after half a minute only."""


@pytest.fixture(scope="module")
async def company(parties: Parties) -> Customer:
    company = organisation("青岚水文")
    await store(parties.database, company)
    return company


async def buyer(parties: Parties, company: Customer, name: str) -> Person:
    """Somebody of the company."""
    someone = person(
        f"{name}@lost.example.com",
        ENTERPRISE,
        roles=("buyer",),
        customer_id=company.id,
        clearance=Classification.PUBLIC,
    )
    await store(parties.database, someone)
    return someone


async def machine(parties: Parties, maker: Person) -> tuple[Program, str]:
    """A machine of somebody's, and a token that works."""
    program = await parties.program(maker, grants=("client_credentials",), scopes=("orders:read",))
    token = (await parties.ask(program, MACHINE)).json()["access_token"]
    assert (await parties.graphql(token, ORDERS)).status_code == 200
    return program, token


async def let_in(parties: Parties, maker: Person, someone: Person) -> tuple[Program, dict[str, str]]:
    """A program of somebody's that another person let in, and tokens that work."""
    program = await parties.program(maker, scopes=SCOPES)
    async with await parties.browser(someone) as browser:
        tokens = await parties.tokens(browser, program, *SCOPES)
    assert (await parties.graphql(tokens["access_token"], ORDERS)).status_code == 200
    return program, tokens


async def change(parties: Parties, statement: sa.Update) -> None:
    """Change rows as another process would: nothing tells the served application of it."""
    async with transaction(parties.database, SYSTEM) as session:
        await session.execute(statement)


async def refused(parties: Parties, token: str) -> bool:
    """Whether a bearer is refused, once the notice has come."""
    ends_at = asyncio.get_running_loop().time() + TRIED_FOR
    while (await parties.graphql(token, ORDERS)).status_code != 401:
        if asyncio.get_running_loop().time() > ends_at:
            return False
        await asyncio.sleep(0.02)
    return True


async def active(parties: Parties, asks: Program, tokens: Mapping[str, Any]) -> dict[str, bool]:
    """Which of the tokens count, by introspection."""
    names = [name for name in ("access_token", "refresh_token") if name in tokens]
    answers = [await parties.ask(asks, {"token": tokens[name]}, "/oauth/introspect") for name in names]
    return {name: answer.json()["active"] for name, answer in zip(names, answers, strict=True)}


@pytest.fixture(scope="module")
async def server(parties: Parties) -> Program:
    """A server that may ask about anybody's tokens."""
    return await parties.program(introspects=True)


async def test_a_colleague_who_switches_a_program_off_ends_what_everybody_granted_it(
    parties: Parties, company: Customer, server: Program
) -> None:
    maker, someone, keeper = [await buyer(parties, company, name) for name in ("maker", "someone", "keeper")]
    _, tokens = await let_in(parties, maker, someone)
    assert await active(parties, server, tokens) == {"access_token": True, "refresh_token": True}
    async with await parties.browser(keeper) as browser:
        # The newest program stands first.
        fields = form((await browser.get(PAGE)).text, "disable")
        assert (await browser.post(PAGE, data=fields)).status_code == 303
    assert await active(parties, server, tokens) == {"access_token": False, "refresh_token": False}
    assert await refused(parties, tokens["access_token"])


async def test_a_machine_that_is_switched_off_is_refused_at_once(
    parties: Parties, company: Customer, server: Program
) -> None:
    maker = await buyer(parties, company, "machinist")
    program, token = await machine(parties, maker)
    _, other = await machine(parties, maker)
    await change(parties, sa.update(Client).where(Client.client_id == program.client_id).values(active=False))
    assert await active(parties, server, {"access_token": token}) == {"access_token": False}
    assert await refused(parties, token)
    assert (await parties.graphql(other, ORDERS)).status_code == 200


async def test_who_leaves_takes_along_what_they_granted_and_the_programs_they_made(
    parties: Parties, company: Customer, server: Program
) -> None:
    leaver, stays = [await buyer(parties, company, name) for name in ("leaver", "stays")]
    _, token = await machine(parties, leaver)
    _, theirs = await let_in(parties, stays, leaver)
    _, of_their_program = await let_in(parties, leaver, stays)
    _, untouched = await let_in(parties, stays, stays)
    mine = sa.update(Person).where(Person.id == leaver.id)
    await change(parties, mine.values(active=False))
    for tokens in (theirs, of_their_program):
        assert await active(parties, server, tokens) == {"access_token": False, "refresh_token": False}
        assert await refused(parties, tokens["access_token"])
    assert await refused(parties, token)
    assert await active(parties, server, untouched) == {"access_token": True, "refresh_token": True}
    assert (await parties.graphql(untouched["access_token"], ORDERS)).status_code == 200
    # Coming back brings nothing back.
    await change(parties, mine.values(active=True))
    assert await active(parties, server, theirs) == {"access_token": False, "refresh_token": False}


async def test_who_loses_a_right_keeps_the_grant_and_its_next_token_holds_less(
    parties: Parties, company: Customer, server: Program
) -> None:
    someone = await buyer(parties, company, "demoted")
    program = await parties.program(scopes=("clients:manage", *SCOPES))
    async with await parties.browser(someone) as browser:
        tokens = await parties.tokens(browser, program, "clients:manage", *SCOPES)
    assert "clients:manage" in tokens["scope"]
    await change(parties, sa.update(Person).where(Person.id == someone.id).values(roles=["buyer", "spender"]))
    assert await active(parties, server, tokens) == {"access_token": True, "refresh_token": True}
    await change(parties, sa.update(Person).where(Person.id == someone.id).values(roles=[]))
    assert await refused(parties, tokens["access_token"])
    assert await active(parties, server, tokens) == {"access_token": False, "refresh_token": True}
    renewing = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = (await parties.ask(program, renewing)).json()
    assert renewed["scope"] == "offline_access orders:read"
    assert (await parties.graphql(renewed["access_token"], ORDERS)).status_code == 200


async def test_a_company_that_is_no_customer_any_more_has_no_programs(parties: Parties, server: Program) -> None:
    company = organisation("停业的公司")
    await store(parties.database, company)
    maker = await buyer(parties, company, "closed")
    program, token = await machine(parties, maker)
    _, tokens = await let_in(parties, maker, maker)
    await change(parties, sa.update(Customer).where(Customer.id == company.id).values(status=CustomerStatus.CLOSED))
    assert await active(parties, server, tokens) == {"access_token": False, "refresh_token": False}
    assert await refused(parties, token)
    assert (await parties.ask(program, MACHINE)).json()["error"] == "invalid_client"
    async with await parties.browser(maker) as browser:
        fields = form((await browser.get(PAGE)).text, "register")
        page = await browser.post(PAGE, data={**fields, "input.name": "新的", "input.kind": "MACHINE"})
        assert page.status_code == 422


async def test_what_a_program_is_given_ends_nothing(parties: Parties, company: Customer, server: Program) -> None:
    maker = await buyer(parties, company, "generous")
    program, tokens = await let_in(parties, maker, maker)
    wider = sa.update(Client).where(Client.client_id == program.client_id)
    await change(parties, wider.values(scopes=["offline_access", "orders:read", "profile"]))
    assert await active(parties, server, tokens) == {"access_token": True, "refresh_token": True}
    await change(parties, wider.values(scopes=["orders:read", "profile"]))
    assert (await active(parties, server, tokens))["access_token"] is False
    async with transaction(parties.database, SYSTEM) as session:
        mine = sa.select(AuthorizationGrant.revoked_at).join(AuthorizationGrant.client)
        assert await session.scalar(mine.where(Client.client_id == program.client_id)) is None
