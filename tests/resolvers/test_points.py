"""Points by GraphQL: what members, companies and staff read and move, each under their own rights."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa

from domain.customers.tables import Customer, CustomerKind, Segment
from domain.identity.tables import Person
from domain.points import ledger, programmes
from domain.points.members import is_number
from domain.points.programmes import ProgrammeSettings
from domain.points.tables import PointsMember, PointsTransfer
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import CONSUMER, ENTERPRISE, STAFF, Audience
from segments.scopes import scopes_of
from segments.viewer import Viewer
from tests.people import IDS, SYSTEM, organisation, person, store

DAY = dt.timedelta(days=1)
PROGRAMME = IDS()
# Points wait seven days and live two years: what was earned so long ago is available, and what was earned today is not.
SETTINGS = ProgrammeSettings(
    "MEMBERS", "四方会员", "Quadrant members", transfer_min=1, transfer_max=500, transfer_month_max=800
)


def consumer(name: str) -> Customer:
    made = organisation(name)
    made.kind, made.segment = CustomerKind.PERSON, Segment.CONSUMER
    return made


@dataclass
class House:
    """An engine, customers with points, and who looks."""

    engine: Engine
    database: Database
    viewers: dict[str, Viewer] = field(default_factory=dict[str, Viewer])
    members: dict[str, PointsMember] = field(default_factory=dict[str, PointsMember])
    keys: int = 0

    async def said(self, who: str, source: str, **variables: Any) -> Any:
        operation = Operation(source, variables)
        return orjson.loads((await self.engine.execute(self.viewers[who], operation)).body)

    async def done(self, who: str, source: str, **variables: Any) -> Any:
        """The payload of a mutation's first field, asked with a fresh key."""
        self.keys += 1
        answer = await self.said(who, source, key=f"key {self.keys}", **variables)
        assert "errors" not in answer, answer
        return next(iter(answer["data"].values()))

    def id(self, who: str) -> str:
        return encode_id("Membership", self.members[who].id)


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> AsyncIterator[House]:
    customers = {
        "ann": consumer("安"),
        "bo": consumer("博"),
        "firm": organisation("甲公司"),
        "other": organisation("乙公司"),
    }
    people: dict[str, Person] = {
        "ann": person("ann@example.com", CONSUMER, customer_id=customers["ann"].id),
        "bo": person("bo@example.com", CONSUMER, customer_id=customers["bo"].id),
        "buyer": person("buyer@example.com", ENTERPRISE, roles=("buyer",), customer_id=customers["firm"].id),
        "clerk": person("clerk@example.com", ENTERPRISE, customer_id=customers["firm"].id),
        "rival": person("rival@example.com", ENTERPRISE, roles=("buyer",), customer_id=customers["other"].id),
        "head": person("head@example.com", STAFF, roles=("department_head",)),
        "counter": person("counter@example.com", STAFF, roles=("sales",)),
    }
    await store(own_database, *customers.values(), *people.values())
    async with transaction(own_database, SYSTEM) as session:
        await programmes.set_programme(session, PROGRAMME, 0, SETTINGS)
        now = system_clock()
        for name, amount, days in (
            ("ann", 1000, 700),
            ("ann", 300, 40),
            ("ann", 50, 1),
            ("bo", 10, 40),
            ("firm", 5000, 90),
        ):
            await ledger.earn(
                session, programme_id=PROGRAMME, customer_id=customers[name].id, key=f"{name} {days}", amount=amount,
                earned_at=now - days * DAY,
            )  # fmt: skip
        await programmes.settle_due(session)
        found = list(await session.scalars(sa.select(PointsMember)))
    engine = Engine(compiled_views((CONSUMER, ENTERPRISE, STAFF)), own_database, DocumentLimits.of(settings))
    made = House(engine, own_database)
    made.viewers = {name: viewer_of(each) for name, each in people.items()}
    made.members = {
        name: member for name, each in customers.items() for member in found if member.customer_id == each.id
    }
    yield made
    await engine.close()


def viewer_of(someone: Person) -> Viewer:
    audience = Audience(someone.audience)
    return Viewer(
        audience,
        person_id=someone.id,
        customer_id=someone.customer_id,
        clearance=someone.clearance,
        roles=frozenset(someone.roles),
        scopes=scopes_of(audience, someone.roles),
        language="en",
    )


MINE = """{ memberships { nodes {
    number programme { code name worth { amount currency } } balance { pending available held debt } worth { amount currency }
    expiry { month amount } history { at pending available }
    expiring(until: "2999-01-01T00:00:00Z") { nodes { remaining active } totalCount }
    transfers(first: 2) { nodes { code amount change } totalCount pageInfo { hasNextPage endCursor } }
} totalCount } }"""


async def test_a_member_sees_what_they_have(house: House) -> None:
    [mine] = (await house.said("ann", MINE))["data"]["memberships"]["nodes"]
    assert is_number(mine["number"])
    assert mine["programme"] == {
        "code": "MEMBERS",
        "name": "Quadrant members",
        "worth": {"amount": "1.00", "currency": "CNY"},
    }
    assert mine["balance"] == {"pending": "50", "available": "1300", "held": "0", "debt": "0"}
    assert mine["worth"] == {"amount": "13.00", "currency": "CNY"}
    assert mine["expiring"] == {
        "nodes": [{"remaining": "1000", "active": True}, {"remaining": "300", "active": True}, {"remaining": "50", "active": False}],
        "totalCount": 3,
    }  # fmt: skip
    assert sum(int(each["amount"]) for each in mine["expiry"]) == 1000
    assert len(mine["expiry"]) == len(mine["history"]) == 12
    assert [each["available"] for each in mine["history"]][-1] == "1300"
    assert mine["history"][0]["available"] == "1000"
    assert mine["transfers"]["totalCount"] == 5
    assert mine["transfers"]["pageInfo"]["hasNextPage"]


async def test_a_statement_goes_on_where_it_stopped(house: House) -> None:
    asked = "query($after: String) { memberships { nodes { transfers(first: 2, after: $after) { nodes { id code } pageInfo { hasNextPage endCursor } } } } }"
    found: list[str] = []
    after: str | None = None
    for _ in range(3):
        page = (await house.said("ann", asked, after=after))["data"]["memberships"]["nodes"][0]["transfers"]
        found += [each["code"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert sorted(found) == ["ACTIVATE", "ACTIVATE", "EARN", "EARN", "EARN"]
    assert not page["pageInfo"]["hasNextPage"]


async def test_a_balance_is_read_at_any_instant(house: House) -> None:
    asked = "query($at: DateTime!) { memberships { nodes { balanceAt(at: $at) { pending available } } } }"
    now = system_clock()
    seen: list[tuple[str, str]] = []
    for days in (-800, -699, -600, -35, 0, 10, 40, 800):
        [node] = (await house.said("ann", asked, at=(now + days * DAY).isoformat()))["data"]["memberships"]["nodes"]
        seen.append((node["balanceAt"]["pending"], node["balanceAt"]["available"]))
    assert seen == [
        ("0", "0"), ("1000", "0"), ("0", "1000"), ("300", "1000"), ("50", "1300"), ("0", "1350"), ("0", "350"), ("0", "0"),
    ]  # fmt: skip


async def test_members_see_their_own_and_staff_see_all(house: House) -> None:
    for who, count in (("ann", 1), ("buyer", 1), ("rival", 0), ("head", 3)):
        assert (await house.said(who, "{ memberships { totalCount } }"))["data"]["memberships"]["totalCount"] == count
    asked = "query($id: ID!) { membership(id: $id) { number } }"
    for who in ("bo", "buyer"):
        assert (await house.said(who, asked, id=house.id("ann")))["data"] == {"membership": None}
    assert (await house.said("counter", asked, id=house.id("ann")))["data"]["membership"]["number"]
    by_number = (
        "query($n: String!) { memberships(number: $n) { nodes { id customer { name memberships { number } } } } }"
    )
    [found] = (await house.said("counter", by_number, n=house.members["ann"].number))["data"]["memberships"]["nodes"]
    assert found["customer"] == {"name": "安", "memberships": [{"number": house.members["ann"].number}]}


SEND = """mutation($key: String!, $input: TransferPointsInput!) { transferPoints(input: $input) @idempotent(key: $key) {
    membership { balance { available } } transfer { code change } errors { code path } } }"""
SPEND = """mutation($key: String!, $input: SpendPointsInput!) { spendPoints(input: $input) @idempotent(key: $key) {
    membership { balance { available } } transfer { id code change } errors { code path } } }"""


async def test_points_go_to_the_member_with_a_number(house: House) -> None:
    number = house.members["bo"].number
    told = await house.done(
        "ann", SEND, input={"membership": house.id("ann"), "to": f"{number[:5]} {number[5:]}", "amount": "200"}
    )
    assert told == {
        "membership": {"balance": {"available": "1100"}},
        "transfer": {"code": "TRANSFER", "change": "-200"},
        "errors": [],
    }
    [his] = (await house.said("bo", "{ memberships { nodes { balance { available } } } }"))["data"]["memberships"][
        "nodes"
    ]
    assert his["balance"] == {"available": "210"}


async def test_a_transfer_that_may_not_be_names_what_is_wrong(house: House) -> None:
    number = house.members["bo"].number
    mistyped = number[:3] + str((int(number[3]) + 1) % 10) + number[4:]
    own, firm = house.members["ann"].number, house.members["firm"].number
    for to, amount, code, place in (
        (mistyped, "1", "MEMBER_NUMBER_WRONG", "to"),
        ("12", "1", "MEMBER_NUMBER_WRONG", "to"),
        ("0000000000", "1", "NO_SUCH_MEMBER", "to"),
        (own, "1", "NO_SUCH_MEMBER", "to"),
        (number, "0", "OUT_OF_RANGE", "amount"),
        (number, "501", "TRANSFER_LIMITED", "amount"),
        (firm, "-5", "OUT_OF_RANGE", "amount"),
    ):
        told = await house.done("ann", SEND, input={"membership": house.id("ann"), "to": to, "amount": amount})
        assert told["errors"] == [{"code": code, "path": ["input", place]}], to
        assert told["transfer"] is None
    told = await house.done("bo", SEND, input={"membership": house.id("ann"), "to": number, "amount": "1"})
    assert told["errors"] == [{"code": "NOT_FOUND", "path": ["input", "membership"]}]


async def test_a_key_is_needed_and_fifty_calls_spend_once(house: House) -> None:
    unkeyed = SPEND.replace("@idempotent(key: $key)", "").replace("$key: String!, ", "")
    asked = {"membership": house.id("ann"), "amount": "10"}
    assert (await house.said("ann", unkeyed, input=asked))["errors"][0]["extensions"]["code"] == "KEY_REQUIRED"
    [before] = (await house.said("ann", "{ memberships { nodes { balance { available } } } }"))["data"]["memberships"][
        "nodes"
    ]
    answers = await asyncio.gather(*(house.said("ann", SPEND, key="fifty", input=asked) for _ in range(50)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["data"]["spendPoints"]["membership"]["balance"]["available"] == str(
        int(before["balance"]["available"]) - 10
    )
    assert (await house.said("ann", SPEND, key="fifty", input=asked | {"amount": "11"}))["errors"][0]["extensions"][
        "code"
    ] == "KEY_REUSED"


async def test_a_counter_spends_for_a_member_and_a_scope_is_needed(house: House) -> None:
    asked = {"membership": house.id("bo"), "amount": "1"}
    assert (await house.done("counter", SPEND, input=asked))["errors"] == []
    for who, scopes in (("head", house.viewers["head"].scopes), ("ann", frozenset[str]())):
        house.viewers["narrow"] = replace(house.viewers[who], scopes=scopes)
        refused = await house.said("narrow", SPEND, key="narrow", input=asked)
        assert refused["errors"][0]["extensions"] == {"code": "INSUFFICIENT_SCOPE", "scopes": ["points:spend"]}
    too_many = await house.done("counter", SPEND, input=asked | {"amount": "100000"})
    assert too_many["errors"] == [{"code": "POINTS_INSUFFICIENT", "path": ["input", "amount"]}]


POOL = """mutation($key: String!, $input: OpenPointsPoolInput!) { openPointsPool(input: $input) @idempotent(key: $key) {
    membership { isPool balance { available } } errors { code path } } }"""
SPENDER = """mutation($key: String!, $input: SetPointsSpenderInput!) { setPointsSpender(input: $input) @idempotent(key: $key) {
    spender { name email monthMax spent left } errors { code path } } }"""


async def test_a_company_pools_its_points_and_says_who_spends_them(house: House) -> None:
    programme, firm = encode_id("PointsProgramme", PROGRAMME), house.id("firm")
    told = await house.done("buyer", SPENDER, input={"membership": firm, "email": "clerk@example.com", "monthMax": "5"})
    assert told["errors"] == [{"code": "NO_POOL", "path": ["input", "membership"]}]
    nowhere = await house.done("buyer", POOL, input={"programme": encode_id("PointsProgramme", IDS())})
    assert nowhere["errors"] == [{"code": "NOT_FOUND", "path": ["input", "programme"]}]
    opened = await house.done("buyer", POOL, input={"programme": programme})
    assert opened == {"membership": {"isPool": True, "balance": {"available": "5000"}}, "errors": []}
    named = {"membership": firm, "email": " Clerk@Example.com", "monthMax": "100"}
    told = await house.done("buyer", SPENDER, input=named)
    assert told["spender"] == {
        "name": "李伟",
        "email": "clerk@example.com",
        "monthMax": "100",
        "spent": "0",
        "left": "100",
    }
    for email in ("rival@example.com", "nobody@example.com"):
        told = await house.done("buyer", SPENDER, input=named | {"email": email})
        assert told["errors"] == [{"code": "NOBODY_OF_COMPANY", "path": ["input", "email"]}], email
    spent = {"membership": firm, "amount": "60"}
    assert (await house.done("clerk", SPEND, input=spent))["errors"] == []
    assert (await house.done("clerk", SPEND, input=spent))["errors"][0]["code"] == "SPENDER_CAP_REACHED"
    assert (await house.done("buyer", SPEND, input=spent))["errors"][0]["code"] == "NO_SPENDER"
    assert (await house.done("rival", SPEND, input=spent))["errors"][0]["code"] == "NOT_FOUND"
    read = "{ memberships { nodes { balance { available } spenders { nodes { spent left } } transfers { totalCount nodes { change } } } } }"
    [seen] = (await house.said("buyer", read))["data"]["memberships"]["nodes"]
    assert seen["balance"]["available"] == "4940"
    assert seen["spenders"]["nodes"] == [{"spent": "60", "left": "40"}]
    assert sum(int(each["change"]) for each in seen["transfers"]["nodes"]) == 4940
    denied = await house.said("clerk", SPENDER, key="clerk", input=named)
    assert denied["errors"][0]["extensions"]["code"] == "INSUFFICIENT_SCOPE"


async def test_staff_set_a_programme_as_they_have_seen_it(house: House) -> None:
    asked = """mutation($key: String!, $input: SetPointsProgrammeInput!) { setPointsProgramme(input: $input) @idempotent(key: $key) {
        programme { code version transferMax worth { amount } } errors { code path } } }"""
    given: dict[str, Any] = {
        "code": "OTHER", "name": "其他", "timeZone": "Asia/Tokyo", "activationDays": 0, "rounding": "FLOOR", "transferMin": "0",
        "transferMax": "0", "transferMonthMax": "0", "worthPoints": 1, "worthAmount": 2, "worthCurrency": "JPY",
    }  # fmt: skip
    made = await house.done("head", asked, input=given)
    assert made["programme"] == {"code": "OTHER", "version": 1, "transferMax": "0", "worth": {"amount": "2"}}
    programme = encode_id("PointsProgramme", await key_of(house, "OTHER"))
    for more, expected in (
        ({"programme": programme}, ("EMPTY", "version")),
        ({"programme": programme, "version": 7}, ("CHANGED_MEANWHILE", "version")),
        ({"timeZone": "Mars"}, ("NOT_A_TIME_ZONE", "timeZone")),
        ({"worthCurrency": "XXXX"}, ("NOT_A_CURRENCY", "worthCurrency")),
        ({"activationDays": 400}, ("OUT_OF_RANGE", "activationDays")),
        ({"code": ""}, ("EMPTY", "code")),
        ({"code": "OTHER"}, ("PROGRAMME_CODE_TAKEN", "code")),
    ):
        told = await house.done("head", asked, input=given | {"code": "THIRD"} | more)
        assert [(each["code"], each["path"][-1]) for each in told["errors"]] == [expected]
    changed = await house.done(
        "head", asked, input=given | {"programme": programme, "version": 1, "transferMonthMax": "9"}
    )
    assert changed["programme"]["version"] == 2


async def key_of(house: House, code: str) -> UUID:
    async with transaction(house.database, SYSTEM) as session:
        found = await session.scalar(sa.text("select id from points_programme where code = :code"), {"code": code})
    assert found is not None
    return found


async def test_who_follows_their_points_hears_of_each_movement_once(house: House) -> None:
    follow = Operation("subscription { pointsMoved { code change } }", {})
    heard: dict[str, list[Any]] = {"bo": [], "rival": []}

    async def listen(who: str) -> None:
        async with aclosing(house.engine.subscribe(house.viewers[who], follow)) as events:
            async for event in events:
                heard[who].append(orjson.loads(event.body)["data"]["pointsMoved"])

    tasks = [asyncio.create_task(listen(who)) for who in heard]
    await asyncio.sleep(0.3)  # Until both listen; nothing says so.
    await house.done(
        "ann", SEND, input={"membership": house.id("ann"), "to": house.members["bo"].number, "amount": "3"}
    )
    await house.done("bo", SPEND, input={"membership": house.id("bo"), "amount": "2"})
    for _ in range(100):
        if len(heard["bo"]) >= 2:
            break
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    assert heard == {"bo": [{"code": "TRANSFER", "change": "3"}, {"code": "SPEND", "change": "-2"}], "rival": []}
    async with transaction(house.database, SYSTEM) as session:
        moved = await session.scalar(
            sa.select(sa.func.count()).select_from(PointsTransfer).where(PointsTransfer.code != "ACTIVATE")
        )
        told = await session.scalar(sa.text("select count(*) from outbox_event where kind = 'points.moved'"))
    assert told == moved


async def test_a_night_in_which_everybody_s_points_expire_reaches_each_alone(house: House) -> None:
    """What a job settles is told too; 2,000 members' events are more than a subscription may leave waiting."""
    many = [consumer("众") for _ in range(2_000)]
    await store(house.database, *many)
    ann = house.viewers["ann"].customer_id
    earn = sa.text(
        """select count(points_earn(:programme, id, 'long ago', '\\x00', 7, null, null, null, null, :at))
        from customer where name = '众' or id = :ann"""
    )
    async with transaction(house.database, SYSTEM) as session:
        # Waited seven days, lived for two years, and ended some days ago.
        long_ago = {"programme": PROGRAMME, "at": system_clock() - 745 * DAY, "ann": ann}
        assert await session.scalar(earn, long_ago) == 2_001
    heard: dict[str, list[Any]] = {"ann": [], "bo": []}
    ended: list[str] = []

    async def listen(who: str) -> None:
        follow = Operation("subscription { pointsMoved { code change } }", {})
        async with aclosing(house.engine.subscribe(house.viewers[who], follow)) as events:
            async for event in events:
                heard[who].append(orjson.loads(event.body)["data"]["pointsMoved"])
        ended.append(who)

    tasks = [asyncio.create_task(listen(who)) for who in heard]
    await asyncio.sleep(0.3)  # Until both listen; nothing says so.
    async with transaction(house.database, SYSTEM) as session:
        assert await programmes.settle_due(session, 3_000) == 2_001
    # Who was not woken by the others is still there for their own.
    await house.done("bo", SPEND, input={"membership": house.id("bo"), "amount": "1"})
    for _ in range(100):
        if heard["bo"] and heard["ann"]:
            break
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    assert ended == []
    assert heard == {"ann": [{"code": "EXPIRE", "change": "-7"}], "bo": [{"code": "SPEND", "change": "-1"}]}
    async with transaction(house.database, SYSTEM) as session:
        told = "select count(*) from outbox_event where kind = 'points.moved' and payload ->> 'code' = 'EXPIRE'"
        assert await session.scalar(sa.text(told)) == 2_001
