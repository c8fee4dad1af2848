"""Carts and checkout through GraphQL: totals of now, a token for who is not signed in, one order or nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from domain.cart.tables import Cart, CartLine
from domain.orders.paying import order_paid
from domain.orders.tables import Order, PaymentTerms
from domain.payments.tables import Payment
from domain.points.balances import balance
from domain.points.programmes import open_pool, set_spender
from domain.shop.tables import Price
from foundation.database import Database
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.keys import encode_id
from schema.root import MASTER
from segments.audiences import STAFF
from segments.viewer import Viewer
from segments.views import compile_views
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market
from tests.resolvers.test_shop import LIMITS

CART = "token errors { code path message } cart { units total { amount currency } lines { quantity problem variant { sku } price { amount } seen { amount } } }"
ADD = f"mutation($variant: ID!, $quantity: Int!, $token: String) {{ addToCart(input: {{variant: $variant, quantity: $quantity, token: $token}}) {{ {CART} }} }}"
SET = ADD.replace("addToCart", "setCartLine")
MERGE = f"mutation($token: String!) {{ mergeCart(input: {{token: $token}}) {{ {CART} }} }}"
READ = f"query($token: String) {{ cart(token: $token) {{ {CART.partition('cart { ')[2]} }}"
CHECKOUT = """mutation($input: CheckoutInput!, $key: String!) { checkout(input: $input) @idempotent(key: $key) {
    errors { code path message }
    order { id number status settlement dueOn total { amount } subtotal { amount } discount { amount } points paidByPoints { amount }
        payable { amount currency } lines(first: 9) { nodes { sku quantity unitPrice { amount } payable { amount } } } } } }"""
CANCEL = """mutation($order: ID!, $key: String!) { cancelOrder(input: {order: $order, reason: "不要了"}) @idempotent(key: $key) {
    errors { code } order { status cancelReason } } }"""


class Till:
    """A market and an engine that serves it."""

    def __init__(self, market: Market, engine: Engine) -> None:
        self.market, self.engine, self.keys = market, engine, 0

    async def ask(self, viewer: Viewer, source: str, **variables: Any) -> Any:
        """The one root field of an answer without errors."""
        answer = await self.engine.execute(viewer, Operation(source, variables))
        body = orjson.loads(answer.body)
        assert "errors" not in body, body
        return next(iter(body["data"].values()))

    async def add(self, viewer: Viewer, name: str, quantity: int, token: str | None = None, source: str = ADD) -> Any:
        """Put something into a cart."""
        return await self.ask(viewer, source, variant=self.id(name), quantity=quantity, token=token)

    def id(self, name: str) -> str:
        return encode_id("Variant", self.market.variants[name])

    async def check_out(
        self, viewer: Viewer, expected: str, key: str | None = None, source: str = CHECKOUT, **given: Any
    ) -> Any:
        """Order what is in the cart."""
        self.keys += 1
        address = {
            "recipient": "王芳",
            "phone": "138 0000 0000",
            "region": encode_id("Region", self.market.regions["510100"]),
            "address": "天府大道 1 号",
            "expectedTotal": expected,
        }
        return await self.ask(viewer, source, input=address | given, key=key or f"key {self.keys}")


@pytest.fixture(scope="module")
async def till(own_database: Database) -> AsyncIterator[Till]:
    market = Market(own_database)
    await market.fill()
    terms = PaymentTerms(
        id=IDS(), customer_id=market.company, contract="HT-2026-1", days=30, limit_amount=4000_00, limit_currency="CNY",
        valid_from=dt.date(2026, 1, 1), valid_until=None,
    )  # fmt: skip
    async with market.acting(SYSTEM) as session:
        session.add(terms)
        await open_pool(session, market.programme, market.company)
    await market.give_points(market.buyer, 1_000_000)
    await market.give_points(market.company, 1_000_000)
    engine = Engine(compile_views(MASTER), own_database, LIMITS, read_pool_size=2, clock=lambda: NOW)
    yield Till(market, engine)
    await engine.close()


@pytest.fixture(autouse=True)
async def fresh(till: Till) -> None:
    await till.market.stock({("drone", "chengdu"): 3, ("drone", "xian"): 5, ("battery", "xian"): 100})
    async with till.market.acting(SYSTEM) as session:
        await session.execute(sa.delete(CartLine))
        await session.execute(sa.delete(Cart))


def buyer_of(till: Till) -> Viewer:
    return Viewer(
        till.market.enterprise.audience,
        customer_id=till.market.company,
        person_id=till.market.company_person,
        scopes=frozenset({"orders:read", "orders:place", "points:read", "points:spend"}),
    )


def codes(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["path"])) for error in payload["errors"]]


async def test_who_is_not_signed_in_has_a_cart_by_its_token_alone(till: Till) -> None:
    nobody = Viewer.anonymous()
    made = await till.add(nobody, "drone", 2)
    token = made["token"]
    assert made["cart"]["total"] == {"amount": "2000.00", "currency": "CNY"}
    assert (await till.add(nobody, "battery", 3, token))["cart"]["units"] == 5
    assert (await till.ask(nobody, READ, token=token))["units"] == 5
    for wrong in (None, "", "x" * 43, token + "x"):
        assert await till.ask(nobody, READ, token=wrong) is None
    assert await till.ask(till.market.consumer, READ, token=token) is None, "who is signed in has their own"
    assert codes(await till.add(nobody, "drone", 1, "short")) == [("CART_TOKEN", "input.token")]


async def test_it_survives_signing_in(till: Till) -> None:
    await till.add(till.market.consumer, "drone", 3)
    token = (await till.add(Viewer.anonymous(), "drone", 1))["token"]
    await till.add(Viewer.anonymous(), "battery", 4, token)
    for _ in range(2):
        merged = await till.ask(till.market.consumer, MERGE, token=token)
        assert {line["variant"]["sku"]: line["quantity"] for line in merged["cart"]["lines"]} == {
            "DRONE": 3,
            "BATTERY": 4,
        }
    assert await till.ask(Viewer.anonymous(), READ, token=token) is None


@pytest.mark.parametrize(
    ("name", "quantity", "code"),
    [
        ("rope", 1, ("CANNOT_BE_BOUGHT", "input.variant")),
        ("tank", 1, ("NOT_FOUND", "input.variant")),
        ("drone", 0, ("OUT_OF_RANGE", "input.quantity")),
        ("drone", 1001, ("OUT_OF_RANGE", "input.quantity")),
    ],
)
async def test_what_does_not_go_in(till: Till, name: str, quantity: int, code: tuple[str, str]) -> None:
    assert codes(await till.add(till.market.consumer, name, quantity)) == [code]


async def test_lines_are_set_and_say_what_is_wrong(till: Till) -> None:
    me = till.market.consumer
    await till.add(me, "drone", 9)
    cart = (await till.add(me, "battery", 1))["cart"]
    assert [line["problem"] for line in cart["lines"]] == ["TOO_FEW", None]
    cart = (await till.add(me, "drone", 0, source=SET))["cart"]
    assert [line["variant"]["sku"] for line in cart["lines"]] == ["BATTERY"]
    price = sa.update(Price).where(
        Price.variant_id == till.market.variants["battery"], Price.audience == till.market.consumer.audience
    )
    async with till.market.acting(SYSTEM) as session:
        await session.execute(price.values(amount=40_00))
    cart = await till.ask(me, READ)
    assert cart["lines"][0] == {
        "quantity": 1, "problem": "PRICE_CHANGED", "variant": {"sku": "BATTERY"}, "price": {"amount": "40.00"},
        "seen": {"amount": "33.33"},
    }  # fmt: skip
    refused = await till.check_out(me, "33.33")
    assert codes(refused) == [("PRICE_CHANGED", "input.expectedTotal")]
    assert "40.00" in refused["errors"][0]["message"]
    async with till.market.acting(SYSTEM) as session:
        await session.execute(price.values(amount=33_33))


async def test_a_cart_becomes_one_order_that_waits_for_its_payment(till: Till) -> None:
    me = till.market.consumer
    await till.add(me, "drone", 1)
    await till.add(me, "battery", 2)
    order = (await till.check_out(me, "1066.66", key="once"))["order"]
    again = (await till.check_out(me, "1066.66", key="once"))["order"]
    assert order == again
    assert order["status"] == "PLACED"
    assert order["payable"] == {"amount": "1066.66", "currency": "CNY"}
    assert (await till.ask(me, READ))["units"] == 0
    async with till.market.acting(SYSTEM) as session:
        [payment] = await session.scalars(sa.select(Payment).join(Order).where(Order.number == order["number"]))
        assert payment.amount_amount == 1066_66
    cancelled = await till.ask(me, CANCEL, order=order["id"], key="cancel")
    assert cancelled["order"] == {"status": "CANCELLED", "cancelReason": "不要了"}
    assert await till.market.left("drone") == {"chengdu": (3, 0), "xian": (5, 0)}


async def test_who_may_order_and_no_more_spends_no_points(till: Till) -> None:
    program = replace(buyer_of(till), scopes=frozenset({"orders:read", "orders:place"}))
    await till.add(program, "battery", 1)
    with pytest.raises(AssertionError, match="INSUFFICIENT_SCOPE"):
        await till.check_out(program, "30.00", points=10)
    assert (await till.check_out(program, "30.00"))["order"]["points"] == 0


async def test_points_pay_a_part_or_all(till: Till) -> None:
    me, market = till.market.consumer, till.market
    await till.add(me, "battery", 1)
    for points, code in ((3334, "OUT_OF_RANGE"), (-1, "OUT_OF_RANGE")):
        assert codes(await till.check_out(me, "33.33", points=points)) == [(code, "input.points")]
    order = (await till.check_out(me, "33.33", points=1000))["order"]
    assert (order["paidByPoints"]["amount"], order["payable"]["amount"]) == ("10.00", "23.33")
    async with market.acting(SYSTEM) as session:
        assert (await balance(session, market.programme, market.buyer)).held == 1000
    await till.ask(me, CANCEL, order=order["id"], key="part")
    await till.add(me, "battery", 1)
    order = (await till.check_out(me, "33.33", points=3333))["order"]
    assert (order["status"], order["payable"]["amount"]) == ("PAID", "0.00")
    async with market.acting(SYSTEM) as session:
        now = await balance(session, market.programme, market.buyer)
        assert (now.available, now.held) == (1_000_000 - 3333, 0)
    await till.ask(me, CANCEL, order=order["id"], key="all")
    async with market.acting(SYSTEM) as session:
        assert (await balance(session, market.programme, market.buyer)).available == 1_000_000


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"phone": "call me"}, "PHONE_MALFORMED"),
        ({"recipient": "  "}, "EMPTY"),
        ({"address": "x" * 201}, "TOO_LONG"),
        ({"expectedTotal": "0.005"}, "PRICE_CHANGED"),
        ({"voucher": "NOTHING"}, "VOUCHER_UNKNOWN"),
        ({"points": 2_000}, "POINTS_INSUFFICIENT"),
    ],
)
async def test_a_refused_checkout_changes_nothing(till: Till, given: dict[str, Any], code: str) -> None:
    poor = till.market.consumer
    if code == "POINTS_INSUFFICIENT":
        poor = buyer_of(till)
        code = "NO_SPENDER"
    total = "33.33" if poor is till.market.consumer else "30.00"
    await till.add(poor, "battery", 1)
    refused = await till.check_out(poor, total, **given)
    assert [found for found, _ in codes(refused)] == [code]
    assert refused["order"] is None
    assert (await till.ask(poor, READ))["units"] == 1
    assert await till.market.left("battery") == {"xian": (100, 0)}


async def test_a_company_orders_on_account_with_its_pool(till: Till) -> None:
    me, market = buyer_of(till), till.market
    clerk = Viewer(STAFF, person_id=market.clerk_person, scopes=frozenset({"orders:read", "orders:manage"}))
    async with market.acting(SYSTEM) as session:
        await set_spender(session, market.programme, market.company, market.company_person, 50_000)
    await till.add(me, "drone", 4)
    order = (await till.check_out(me, "3000.00", onAccount=True, points=10_000))["order"]
    assert (order["status"], order["settlement"], order["dueOn"]) == ("PLACED", "ON_ACCOUNT", "2026-12-29")
    assert order["payable"]["amount"] == "2900.00"
    assert {line["unitPrice"]["amount"] for line in order["lines"]["nodes"]} == {"750.00"}
    async with market.acting(SYSTEM) as session:
        now = await balance(session, market.programme, market.company)
        assert (now.available, now.held) == (990_000, 0)
        assert (
            await session.scalar(
                sa.select(sa.func.count()).select_from(Payment).join(Order).where(Order.number == order["number"])
            )
            == 0
        )
    await till.add(me, "drone", 2)
    refused = await till.check_out(me, "1500.00", onAccount=True)
    assert codes(refused) == [("ABOVE_LIMIT", "input.onAccount")]
    ship = """mutation($order: ID!, $key: String!) { shipOrder(input: {order: $order, carrier: "顺丰"}) @idempotent(key: $key) {
        errors { code } order { status shipments { carrier location { name } lines { quantity line { sku } } } } } }"""
    sent = (await till.ask(clerk, ship, order=order["id"], key="ship"))["order"]
    assert sent["status"] == "SHIPPED"
    assert sum(line["quantity"] for each in sent["shipments"] for line in each["lines"]) == 4
    settle = """mutation($order: ID!, $key: String!) { settleOrder(input: {order: $order}) @idempotent(key: $key) {
        errors { code } order { status paidAt } } }"""
    settled = (await till.ask(clerk, settle, order=order["id"], key="settle"))["order"]
    assert settled["status"] == "SHIPPED"
    assert settled["paidAt"] is not None
    assert not codes(await till.check_out(me, "1500.00", onAccount=True)), "what is paid is owed no more"


async def test_nobody_sees_or_orders_anothers_cart(till: Till) -> None:
    await till.add(till.market.consumer, "battery", 1)
    other = Viewer(till.market.consumer.audience, customer_id=IDS(), person_id=IDS())
    assert await till.ask(other, READ) is None
    async with till.market.acting(other) as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(CartLine)) == 0
        assert (await session.execute(sa.delete(CartLine))).rowcount == 0  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_paid_order_is_late_for_nothing(till: Till) -> None:
    me = till.market.consumer
    await till.add(me, "battery", 1)
    order = (await till.check_out(me, "33.33"))["order"]
    async with till.market.acting(SYSTEM) as session:
        key = (await session.execute(sa.select(Order.id).where(Order.number == order["number"]))).scalar_one()
        assert await order_paid(session, NOW, IDS, key)
    listed = "query($number: String) { orders(filter: {number: $number}, first: 2) { nodes { status } } }"
    assert (await till.ask(me, listed, number=f" {order['number'].lower()} "))["nodes"] == [{"status": "PAID"}]


async def test_who_follows_their_orders_hears_of_each_change_and_of_nobody_else_s(till: Till) -> None:
    me, company, clerk = till.market.consumer, buyer_of(till), Viewer(STAFF, scopes=frozenset({"orders:read"}))
    heard: dict[Viewer, list[str]] = {me: [], company: [], clerk: []}

    async def listen(viewer: Viewer) -> None:
        follow = Operation("subscription { orderChanged { status customer { name } } }", {})
        async with aclosing(till.engine.subscribe(viewer, follow)) as events:
            async for event in events:
                changed = orjson.loads(event.body)["data"]["orderChanged"]
                heard[viewer].append(f"{changed['customer']['name']} {changed['status']}")

    tasks = [asyncio.create_task(listen(viewer)) for viewer in heard]
    await asyncio.sleep(0.3)  # Until all listen; nothing says so.
    await till.add(me, "battery", 1)
    order = (await till.check_out(me, "33.33"))["order"]
    for _ in range(100):
        if heard[clerk]:
            break
        await asyncio.sleep(0.02)
    await till.ask(me, CANCEL, order=order["id"], key="followed")
    for _ in range(100):
        if len(heard[clerk]) > 1 and len(heard[me]) > 1:
            break
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    mine = ["CONSUMER PLACED", "CONSUMER CANCELLED"]
    assert heard == {me: mine, company: [], clerk: mine}
