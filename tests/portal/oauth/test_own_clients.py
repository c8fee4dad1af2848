"""A company's people keep their own programs at a page of the enterprise portal, within their own rights."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa

from domain.identity.client_tables import Client
from domain.identity.own_clients import CLIENTS_MAX
from domain.identity.tables import Person
from foundation.session import transaction
from segments.audiences import ENTERPRISE
from segments.classification import Classification
from tests.people import SYSTEM, organisation, person, store
from tests.portal.oauth.parties import CALLBACK, Parties, Program
from tests.portal.pages.html_checks import complaints, form

PAGE = "/enterprise/clients"
MACHINE = {"grant_type": "client_credentials"}
ADD = "mutation($client: ID!) { addClientSecret(input: { client: $client }) { secret errors { code } } }"
REGISTER = "mutation($input: RegisterClientInput!) { registerClient(input: $input) { secret errors { code path } } }"


@pytest.fixture(scope="module")
async def buyers(parties: Parties) -> tuple[Person, Person]:
    """The buyers of two companies."""
    found: list[Person] = []
    for name in ("远川测绘", "北塬电力"):
        company = organisation(name)
        buyer = person(
            f"{len(found)}@buyers.example.com",
            ENTERPRISE,
            roles=("buyer",),
            customer_id=company.id,
            clearance=Classification.PUBLIC,
        )
        await store(parties.database, company, buyer)
        found.append(buyer)
    return found[0], found[1]


@pytest.fixture
async def browser(parties: Parties, buyers: tuple[Person, Person]) -> AsyncIterator[httpx.AsyncClient]:
    async with await parties.browser(buyers[0]) as browser:
        yield browser


def told(page: httpx.Response) -> Program:
    """What the page tells once."""
    assert page.status_code == 200, page.text
    found = dict(re.findall(r'id="client-(id|secret)">([^<]+)', page.text))
    return Program(found["id"], found.get("secret"))


async def registered(browser: httpx.AsyncClient, name: str, kind: str = "MACHINE", **more: str) -> httpx.Response:
    fields = form((await browser.get(PAGE)).text, "register")
    return await browser.post(PAGE, data={**fields, "input.name": name, "input.kind": kind, **more})


async def test_a_machine_from_the_page_to_its_first_answer(parties: Parties, browser: httpx.AsyncClient) -> None:
    page = await registered(browser, "订单同步", **{"input.scopes": "orders:read"})
    assert complaints(page.text) == []
    assert page.headers["cache-control"] == "no-store"
    program = told(page)
    assert program.secret not in (await browser.get(PAGE)).text
    answer = (await parties.ask(program, MACHINE)).json()
    assert answer["scope"] == "orders:read"
    assert (await parties.graphql(answer["access_token"], "{ orders { nodes { number } } }")).status_code == 200
    assert (await parties.graphql(answer["access_token"], "{ clients { nodes { name } } }")).status_code == 403


async def test_a_secret_is_replaced_without_a_pause(parties: Parties, browser: httpx.AsyncClient) -> None:
    first = told(await registered(browser, "换密钥"))
    fields = form((await browser.get(PAGE)).text, "secret")
    second = told(await browser.post(PAGE, data=fields))
    assert second.client_id == first.client_id
    third = await browser.post(PAGE, data={**fields, **form((await browser.get(PAGE)).text, "register"), **fields})
    assert third.status_code == 422
    assert [(await parties.ask(each, MACHINE)).status_code for each in (first, second)] == [200, 200]
    # The older one is the first of the newest program on the page.
    assert (await browser.post(PAGE, data=form((await browser.get(PAGE)).text, "revoke"))).status_code == 303
    assert [(await parties.ask(each, MACHINE)).status_code for each in (first, second)] == [401, 200]
    assert (await browser.post(PAGE, data=form((await browser.get(PAGE)).text, "disable"))).status_code == 303
    assert (await parties.ask(second, MACHINE)).json()["error"] == "invalid_client"


async def test_what_is_wrong_stands_beside_its_field(browser: httpx.AsyncClient) -> None:
    for fields in (
        {"input.name": ""},
        {"input.name": "x", "input.kind": "WEB"},
        {"input.name": "x", "input.kind": "WEB", "input.redirectUris": "http://program.example.com/"},
        {"input.name": "x", "input.kind": "MACHINE", "input.redirectUris": CALLBACK},
        {"input.name": "x", "input.scopes": "customers:write"},
    ):
        page = await registered(browser, name="x", kind="MACHINE", **fields)
        assert page.status_code == 422, fields
        assert complaints(page.text) == []
        assert "client-secret" not in page.text


async def test_an_app_has_no_secret_and_colleagues_let_it_in(
    parties: Parties, buyers: tuple[Person, Person], browser: httpx.AsyncClient
) -> None:
    more = {"input.redirectUris": CALLBACK, "input.scopes": "orders:read"}
    program = told(await registered(browser, "外业助手", "APP", **more))
    assert program.secret is None
    tokens = await parties.tokens(browser, program, "orders:read")
    assert tokens["scope"] == "orders:read"
    async with await parties.browser(buyers[1]) as stranger:
        refused = await stranger.get("/oauth/authorize", params=program.request("orders:read"))
    assert "error=access_denied" in refused.headers["location"]


async def test_another_companys_programs_are_not_there(
    parties: Parties, buyers: tuple[Person, Person], browser: httpx.AsyncClient
) -> None:
    await registered(browser, "只有本单位看得到")
    fields = form((await browser.get(PAGE)).text, "disable")
    async with await parties.browser(buyers[1]) as stranger:
        page = await stranger.get(PAGE)
        assert "只有本单位看得到" not in page.text
        own = form(page.text, "register")
        tried = await stranger.post(PAGE, data={**fields, "form-token": own["form-token"]})
        assert tried.status_code == 422
    assert "只有本单位看得到" in (await browser.get(PAGE)).text


async def test_a_program_that_registers_programs_hands_on_its_own_rights_alone(
    parties: Parties, buyers: tuple[Person, Person]
) -> None:
    keeper = await parties.program(buyers[0], grants=("client_credentials",), scopes=("clients:manage",))
    token = (await parties.ask(keeper, MACHINE)).json()["access_token"]
    async with parties.served.client() as client:
        asked = {"name": "越权", "kind": "MACHINE", "scopes": ["orders:read"]}
        answer = await client.post(
            "/graphql",
            json={"query": REGISTER, "variables": {"input": asked}},
            headers={"authorization": f"Bearer {token}"},
        )
    payload = answer.json()["data"]["registerClient"]
    assert payload == {"secret": None, "errors": [{"code": "SCOPE_NOT_HELD", "path": ["input", "scopes", "0"]}]}


async def test_nobody_gets_anothers_rights_by_a_secret_of_their_program(
    parties: Parties, buyers: tuple[Person, Person]
) -> None:
    owner = buyers[0]
    colleague = person("colleague@buyers.example.com", ENTERPRISE, roles=("buyer",), customer_id=owner.customer_id)
    await store(parties.database, colleague)
    wide = await parties.program(owner, grants=("client_credentials",), scopes=("orders:read",))
    seen = "{ clients(first: 50) { nodes { id clientId } } }"
    for maker, code in ((colleague, "CLIENT_OF_ANOTHER"), (owner, "SCOPE_NOT_HELD")):
        keeper = await parties.program(maker, grants=("client_credentials",), scopes=("clients:manage",))
        token = (await parties.ask(keeper, MACHINE)).json()["access_token"]
        nodes = (await parties.graphql(token, seen)).json()["data"]["clients"]["nodes"]
        place = next(each["id"] for each in nodes if each["clientId"] == wide.client_id)
        async with parties.served.client() as client:
            answer = await client.post(
                "/graphql",
                json={"query": ADD, "variables": {"client": place}},
                headers={"authorization": f"Bearer {token}"},
            )
        payload = answer.json()["data"]["addClientSecret"]
        assert payload == {"secret": None, "errors": [{"code": code}]}


async def test_the_page_offers_a_secret_of_ones_own_programs_alone(
    parties: Parties, buyers: tuple[Person, Person], browser: httpx.AsyncClient
) -> None:
    colleague = person("reader@buyers.example.com", ENTERPRISE, roles=("buyer",), customer_id=buyers[0].customer_id)
    await store(parties.database, colleague)
    offer = "再生成一个密钥"
    await registered(browser, "同事能看到")
    assert offer in (await browser.get(PAGE)).text
    async with await parties.browser(colleague) as theirs:
        page = (await theirs.get(PAGE)).text
    assert "同事能看到" in page
    assert offer not in page


async def test_two_who_register_at_once_do_not_pass_the_bound(parties: Parties) -> None:
    company = organisation("同时登记")
    hasty = person("hasty@buyers.example.com", ENTERPRISE, roles=("buyer",), customer_id=company.id)
    await store(parties.database, company, hasty)
    for number in range(CLIENTS_MAX - 1):
        await parties.program(hasty, name=f"第 {number} 个", grants=("client_credentials",))
    async with await parties.browser(hasty) as browser:
        answers = await asyncio.gather(*(registered(browser, f"同时 {number}") for number in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422]


async def test_there_are_not_more_than_anybody_needs(
    parties: Parties, buyers: tuple[Person, Person], browser: httpx.AsyncClient
) -> None:
    async with transaction(parties.database, SYSTEM) as session:
        mine = sa.select(sa.func.count()).where(Client.customer_id == buyers[0].customer_id, Client.active)
        there_are = await session.scalar(mine) or 0
    for number in range(there_are, CLIENTS_MAX):
        await parties.program(buyers[0], name=f"第 {number} 个", grants=("client_credentials",))
    assert (await registered(browser, "多余的")).status_code == 422
