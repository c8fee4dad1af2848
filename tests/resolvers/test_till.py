"""Tills through GraphQL: rung up once for a key, paid, voided, and read as orders of their store."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from domain.orders.tables import Order
from domain.payments.refunds import refund_order
from foundation.database import Database
from foundation.money import Money
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.keys import encode_id
from schema.root import MASTER
from segments.viewer import Viewer
from segments.views import compile_views
from tests.domain.orders.market import IDS, NOW, SYSTEM
from tests.domain.till.shop_floor import Floor
from tests.resolvers.test_shop import LIMITS

ORDER = """order { id status channel store { code worksHere } customer { name } payable { amount } points
    payments(first: 5) { nodes { state provider reference amount { amount } refunds(first: 5) { nodes { id state } } } } }"""
RING_UP = f"""mutation($input: RingUpSaleInput!, $key: String!) {{ ringUpSale(input: $input) @idempotent(key: $key) {{
    errors {{ code path message }} {ORDER} }} }}"""
TAKE = RING_UP.replace("RingUpSale", "TakeTillPayment").replace("ringUpSale", "takeTillPayment")
VOID = f"mutation($input: VoidSaleInput!) {{ voidSale(input: $input) {{ errors {{ code }} {ORDER} }} }}"
PAY_OUT = """mutation($input: PayOutRefundInput!, $key: String!) { payOutRefund(input: $input) @idempotent(key: $key) {
    errors { code path } refund { state endedAt } } }"""
SALES = """query($store: ID!) { orders(filter: {store: $store, status: PLACED}, first: 20) { nodes { id } } }"""
RIGHTS = frozenset({"stores:sell", "orders:read"})


class Counter:
    """A floor and the engine that serves it."""

    def __init__(self, floor: Floor, engine: Engine) -> None:
        self.floor, self.engine = floor, engine
        self.clerk = dataclasses.replace(floor.clerk, scopes=RIGHTS)
        self.other_clerk = dataclasses.replace(floor.other_clerk, scopes=RIGHTS)
        self.store = encode_id("Store", floor.street.store)

    async def ask(self, source: str, viewer: Viewer | None = None, **variables: Any) -> Any:
        """The one root field of an answer without errors."""
        answer = await self.engine.execute(viewer or self.clerk, Operation(source, variables))
        body = orjson.loads(answer.body)
        assert "errors" not in body, body
        return next(iter(body["data"].values()))

    async def ring_up(self, key: str, name: str = "drone", viewer: Viewer | None = None, **given: Any) -> Any:
        """Ring up one piece for the member."""
        lines = [{"variant": encode_id("Variant", self.floor.market.variants[name]), "quantity": 1}]
        wish = {"store": self.store, "member": self.floor.number, "lines": lines} | given
        return await self.ask(RING_UP, viewer, input=wish, key=key)


@pytest.fixture(scope="module")
async def counter(own_database: Database) -> AsyncIterator[Counter]:
    floor = Floor(own_database)
    await floor.fill()
    engine = Engine(compile_views(MASTER), own_database, LIMITS, read_pool_size=2, clock=lambda: NOW)
    yield Counter(floor, engine)
    await engine.close()


def codes(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(map(str, error.get("path") or ()))) for error in payload["errors"]]


async def count(counter: Counter) -> int:
    async with counter.floor.acting(SYSTEM) as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(Order)) or 0


async def test_one_key_rings_up_one_sale_and_takes_its_money_once(counter: Counter) -> None:
    before, had = await count(counter), await counter.floor.balance()
    answers = await asyncio.gather(*(counter.ring_up("once", points=1_000) for _ in range(5)))
    assert all(each == answers[0] for each in answers)
    assert (await count(counter), (await counter.floor.balance()).held) == (before + 1, 1_000)
    order = answers[0]["order"]
    assert (order["status"], order["channel"], order["points"]) == ("PLACED", "STORE", 1_000)
    assert order["store"] == {"code": "CD01", "worksHere": True}
    [payment] = order["payments"]["nodes"]
    assert (payment["state"], payment["provider"], payment["amount"]) == ("INITIATED", "till", order["payable"])
    assert [each["id"] for each in (await counter.ask(SALES, store=counter.store))["nodes"]] == [order["id"]]
    wish = {"order": order["id"], "means": "CARD", "receipt": "S-1"}
    taken = [await counter.ask(TAKE, input=wish, key="take") for _ in range(2)]
    assert taken[0] == taken[1]
    assert taken[0]["order"]["status"] == "DELIVERED"
    assert taken[0]["order"]["payments"]["nodes"][0]["reference"] == "CD01 S-1"
    earned = 2 * int(float(order["payable"]["amount"]))
    assert await counter.floor.balance() == had._replace(available=had.available - 1_000 + earned)
    assert codes(await counter.ask(TAKE, input=wish, key="again")) == [("NOT_PAYABLE", "input.order")]
    assert (await counter.ask(SALES, store=counter.store))["nodes"] == []


async def test_what_is_refused_says_where(counter: Counter) -> None:
    other = await counter.ring_up("other", viewer=counter.other_clerk)
    assert codes(other) == [("OTHER_STORE", "input.store")]
    assert "店员" in other["errors"][0]["message"]
    assert codes(await counter.ring_up("stock", "battery")) == [("NOT_ENOUGH_IN_STOCK", "input")]
    assert codes(await counter.ring_up("member", member="1234567890")) == [("MEMBER_NUMBER_WRONG", "input.member")]
    assert codes(await counter.ring_up("both", customer=encode_id("Customer", IDS()))) == [
        ("MEMBER_OR_CUSTOMER", "input.member")
    ]
    nothing = encode_id("Store", IDS())
    assert codes(await counter.ring_up("nothing", store=nothing)) == [("NOT_FOUND", "input.store")]


async def test_void_and_money_back(counter: Counter) -> None:
    order = (await counter.ring_up("void"))["order"]
    assert codes(await counter.ask(VOID, counter.other_clerk, input={"order": order["id"]})) == [("OTHER_STORE", "")]
    assert (await counter.ask(VOID, input={"order": order["id"]}))["order"]["status"] == "CANCELLED"
    sold = (await counter.ring_up("sold", "course"))["order"]
    await counter.ask(TAKE, input={"order": sold["id"], "means": "CASH", "receipt": "S-2"}, key="sold paid")
    async with counter.floor.acting(SYSTEM) as session:
        newest = (await session.scalars(sa.select(Order.id).order_by(Order.id.desc()).limit(1))).one()
        key = await refund_order(session, NOW, IDS, order_id=newest, amount=Money(10_00, "CNY"), key="sorry")
    wish = {"refund": encode_id("Refund", key), "means": "CASH", "receipt": "R-1"}
    paid = await counter.ask(PAY_OUT, input=wish, key="out")
    assert (paid["refund"]["state"], paid["errors"]) == ("SUCCEEDED", [])
    assert codes(await counter.ask(PAY_OUT, input=wish, key="out again")) == [("REFUND_ENDED", "input.refund")]
