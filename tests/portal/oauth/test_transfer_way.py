"""The division's whole way by programs: from a classified outcome to a product in the shop, by the scopes of tokens alone.

Every call is tried first with each of its scopes missing: it is refused with that very scope, and nothing has happened.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from domain.approvals.policies import publish_policy
from domain.customers.tables import Employee
from domain.identity.clients import MACHINE_GRANT
from domain.identity.tables import Person
from domain.shop.tables import Category
from domain.transfer.screenings import publish_sheet
from foundation.clock import system_clock
from foundation.session import transaction
from segments.audiences import CONSUMER, DIVISION, STAFF, Audience
from segments.classification import Classification
from tests.people import IDS, SYSTEM, person, store
from tests.portal.oauth.parties import Parties, Program

# What nobody may find in the shop.
CODE, COMPARTMENT, TITLE, CIVIL_TITLE, PARTNER = (
    "JG-2026-731",
    "QL-7",
    "旋翼抗风控制律",
    "抗风部件（民用）",
    "观澜测绘公司",
)
PRODUCT = "观澜巡检套件"
REGISTER = (
    "mutation($i: RegisterOutcomeInput!) { registerOutcome(input: $i) { outcome { id version } errors { code } } }"
)
SHEETS = "{ screeningSheets(latest: true) { nodes { criteria { id } } } }"
SCREEN = "mutation($i: ScreenOutcomeInput!) { screenOutcome(input: $i) { outcome { stage version } errors { code } } }"
REQUEST = """mutation($i: RequestDeclassificationInput!) {
    requestDeclassification(input: $i) { review { id } errors { code } } }"""
PENDING = "{ declassificationReviews(status: PENDING) { nodes { id title request { version } } } }"
DECIDE = """mutation($i: DecideDeclassificationInput!) {
    decideDeclassification(input: $i) { review { status } errors { code } } }"""
DESCRIPTIONS = "{ civilDescriptions(first: 1) { nodes { id title } } }"
START = """mutation($i: StartTransferProjectInput!) {
    startTransferProject(input: $i) { project { id milestones { id } } errors { code } } }"""
REACH = """mutation($i: ReachTransferMilestoneInput!) {
    reachTransferMilestone(input: $i) { project { version } errors { code } } }"""
CATEGORIES = "{ categories { nodes { id slug } } }"
LAUNCH = """mutation($i: LaunchTransferProductInput!) {
    launchTransferProduct(input: $i) { project { status } errors { code } } }"""
SHOP = """query($text: String!) { products(filter: { text: $text }) { nodes {
    __typename id name slug summary description brand category { name summary } } } }"""


class House:
    """Somebody for each step, and one program that all of them let in."""

    def __init__(self, parties: Parties, program: Program, people: dict[str, Person]) -> None:
        self.parties = parties
        self.program = program
        self.people = people
        self._tokens: dict[tuple[str, frozenset[str]], str] = {}

    async def token(self, who: str, *scopes: str) -> str:
        """A token that the authorization server gave the program for somebody who agreed."""
        place = who, frozenset(scopes)
        if place not in self._tokens:
            async with await self.parties.browser(self.people[who]) as browser:
                granted = await self.parties.tokens(browser, self.program, *scopes)
            assert frozenset(granted["scope"].split()) == place[1]
            self._tokens[place] = granted["access_token"]
        return self._tokens[place]

    async def send(self, token: str, query: str, given: Any = None) -> Any:
        """What a token's bearer is answered."""
        variables = {} if given is None else {"i": given}
        async with self.parties.served.client() as client:
            headers = {"authorization": f"Bearer {token}", "accept-language": "zh"}
            return await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    async def call(self, who: str, scopes: tuple[str, ...], query: str, given: Any = None) -> Any:
        """The answer to somebody with these scopes, none of which could be left out."""
        for missing in scopes:
            token = await self.token(who, *(scope for scope in scopes if scope != missing))
            refused = await self.send(token, query, given)
            assert refused.status_code == 403, (query, missing, refused.text)
            challenge = f'Bearer error="insufficient_scope", scope="{missing}"'
            assert refused.headers["www-authenticate"] == challenge, query
            errors = refused.json()["errors"]
            assert {error["extensions"]["code"] for error in errors} == {"INSUFFICIENT_SCOPE"}
            assert "data" not in refused.json()
        answer = await self.send(await self.token(who, *scopes), query, given)
        assert answer.status_code == 200, answer.text
        [payload] = answer.json()["data"].values()
        assert payload.get("errors", []) == [], payload
        return payload


def colleague(name: str, audience: Audience, *roles: str) -> tuple[Employee, Person]:
    """Somebody of the house who may know."""
    employee = Employee(id=IDS(), name=name, name_en=None, title="x", department="x", phone="1", email=f"{IDS()}@x.cn")
    someone = person(
        f"{employee.id}@way.example.com",
        audience,
        name=name,
        roles=roles,
        clearance=Classification.SECRET,
        compartments=(COMPARTMENT,),
    )
    someone.employee_id = employee.id
    return employee, someone


@pytest.fixture(scope="module")
async def house(parties: Parties) -> House:
    made = {
        "chief": colleague("任总师", STAFF, "programme_manager"),
        "screener": colleague("筛选员", DIVISION, "technology_transfer"),
        "author": colleague("撰写人", DIVISION, "technology_transfer"),
        "reviewer": colleague("审查员", DIVISION, "declassification_reviewer"),
        "officer": colleague("保密员", STAFF, "security_officer"),
    }
    now = system_clock()
    steps: list[dict[str, Any]] = [
        {"name": "审查", "signers": [{"role": "declassification_reviewer"}], "deadline_hours": 48},
        {"name": "保密", "signers": [{"role": "security_officer"}], "deadline_hours": 48},
    ]
    criteria: list[dict[str, Any]] = [{"code": "market", "name": "市场", "weight": 100, "floor": 0}]
    async with transaction(parties.database, SYSTEM) as session:
        for employee, _ in made.values():
            session.add(employee)
        given = {"name_en": None, "summary": "线路巡检", "summary_en": None, "position": 1}
        session.add(Category(id=IDS(), slug="way", name="巡检设备", **given))
        await publish_sheet(session, now, IDS, name="评分", pass_mark=60, criteria=criteria)
        await publish_policy(session, now, IDS, subject_kind="declassification", code="way", name="脱密", steps=steps)
    shopper = person("shopper@way.example.com", CONSUMER, clearance=Classification.PUBLIC)
    people = {name: someone for name, (_, someone) in made.items()} | {"shopper": shopper}
    await store(parties.database, *people.values())
    needed = (
        "approvals:read catalogue:read outcomes:write transfer:approve transfer:project transfer:read transfer:review "
        "transfer:screen"
    )
    return House(parties, await parties.program(name="转化平台", scopes=tuple(needed.split())), people)


async def test_from_a_classified_outcome_to_a_product_of_the_shop(house: House) -> None:
    registered = {
        "code": CODE,
        "domain": "无人机",
        "civilUse": "线路巡检",
        "readiness": 8,
        "title": TITLE,
        "text": "指标",
    }
    guarded = {"classification": "CONFIDENTIAL", "compartments": [COMPARTMENT]}
    outcome = (await house.call("chief", ("outcomes:write",), REGISTER, {**registered, **guarded}))["outcome"]
    [criterion] = (await house.call("screener", ("transfer:read",), SHEETS))["nodes"][0]["criteria"]
    screening = {
        "outcome": outcome["id"],
        "version": outcome["version"],
        "scores": [{"criterion": criterion["id"], "points": 80}],
    }
    screened = (await house.call("screener", ("transfer:read", "transfer:screen"), SCREEN, screening))["outcome"]
    assert screened["stage"] == "SCREENED"
    await declassified(house, outcome["id"], screened["version"])
    [description] = (await house.call("author", ("transfer:read",), DESCRIPTIONS))["nodes"]
    assert description["title"] == CIVIL_TITLE
    await launched(house, description["id"])
    for token in (await house.token("shopper"), await shop_front(house)):
        await no_trace_in_the_shop(house, token, outcome["id"])


async def declassified(house: House, outcome: str, version: int) -> None:
    """The civil text is put up, and two others sign it, each in their own portal's view."""
    asked = {
        "outcome": outcome,
        "version": version,
        "targetClassification": "PUBLIC",
        "title": CIVIL_TITLE,
        "civilUse": "线路巡检",
        "text": "用于线路巡检。",
        "justification": "同类产品已公开。",
    }
    await house.call("author", ("transfer:read", "transfer:review"), REQUEST, asked)
    reading = ("approvals:read", "transfer:read")
    [review] = (await house.call("reviewer", reading, PENDING))["nodes"]
    signed = {"review": review["id"], "version": review["request"]["version"], "kind": "APPROVE"}
    # Whoever asked has no right to sign, whatever their program asks for.
    own = await house.send(await house.token("author", "transfer:read", "transfer:review"), DECIDE, signed)
    assert own.status_code == 403
    approving = ("transfer:approve", "transfer:read")
    first = await house.call("reviewer", approving, DECIDE, signed)
    assert first["review"]["status"] == "PENDING"
    twice = await house.send(await house.token("reviewer", *approving), DECIDE, signed)
    assert twice.json()["data"]["decideDeclassification"]["errors"] != []
    [review] = (await house.call("officer", (), PENDING))["nodes"]
    last = {**signed, "version": review["request"]["version"]}
    second = await house.call("officer", ("transfer:approve",), DECIDE, last)
    assert second["review"]["status"] == "APPROVED"


async def launched(house: House, description: str) -> None:
    """A project with a partner, its milestone, and the product that results."""
    today = dt.datetime.now(dt.UTC).date()
    project = {
        "description": description,
        "name": "抗风 → 巡检",
        "partner": PARTNER,
        "licence": "SOLE",
        "licenceFrom": today.isoformat(),
        "milestones": [{"name": "样机", "plannedOn": (today + dt.timedelta(days=30)).isoformat()}],
    }
    running = ("transfer:project", "transfer:read")
    started = (await house.call("author", running, START, project))["project"]
    reached = {"milestone": started["milestones"][0]["id"], "on": (today - dt.timedelta(days=1)).isoformat()}
    version = (await house.call("author", running, REACH, reached))["project"]["version"]
    categories = (await house.call("author", ("catalogue:read",), CATEGORIES))["nodes"]
    product = {
        "project": started["id"],
        "version": version,
        "category": next(each["id"] for each in categories if each["slug"] == "way"),
        "name": PRODUCT,
        "summary": "抗风七级",
        "description": "用于线路巡检。",
        "brand": "四方",
        "variant": "标准版",
        "price": "12800.00",
    }
    done = await house.call("author", running, LAUNCH, product)
    assert done["project"]["status"] == "COMPLETED"


async def shop_front(house: House) -> str:
    """A token of a shop front, which is nobody."""
    front = await house.parties.program(name="店面", grants=(MACHINE_GRANT,))
    return (await house.parties.ask(front, {"grant_type": MACHINE_GRANT})).json()["access_token"]


async def no_trace_in_the_shop(house: House, token: str, outcome: str) -> None:
    """The product is there, and nothing of where it came from: no word, no field, no row."""
    async with house.parties.served.client() as client:
        headers = {"authorization": f"Bearer {token}"}
        asked = {"query": SHOP, "variables": {"text": PRODUCT}}
        answer = await client.post("/graphql", json=asked, headers=headers)
        [product] = answer.json()["data"]["products"]["nodes"]
        assert (product["name"], product["brand"]) == (PRODUCT, "四方")
        told = json.dumps(answer.json(), ensure_ascii=False)
        assert not [word for word in (CODE, COMPARTMENT, TITLE, CIVIL_TITLE, PARTNER, outcome) if word in told]
        for query in ("{ technologyOutcomes { nodes { id } } }", DESCRIPTIONS, PENDING):
            unknown = (await client.post("/graphql", json={"query": query}, headers=headers)).json()
            assert {error["extensions"]["code"] for error in unknown["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}
        node = {"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": outcome}}
        found = (await client.post("/graphql", json=node, headers=headers)).json()
        assert not (found.get("data") or {}).get("node")
