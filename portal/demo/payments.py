"""How consumers paid for what they bought in the shop, and what some of them sent back."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from domain.customers.tables import Customer, Segment
from domain.orders.tables import Channel, Order, OrderLine, OrderStatus
from domain.payments.tables import (
    EventEffect,
    Payment,
    PaymentEvent,
    PaymentNewsKind,
    PaymentState,
    Refund,
    RefundReason,
    RefundState,
)
from domain.returns.tables import OrderReturn, OrderReturnLine, ReturnState
from portal.demo.world import World

PROVIDER = "sandbox"
MINUTE = dt.timedelta(minutes=1)
# Of the orders of this many days payments are kept, and each so manyth of those that arrived comes back in part.
DAYS, RETURNED = 120, 9
REASONS = ("规格买错了", "收到时外壳有划痕", "与现有设备不兼容")


def make_payments(world: World) -> None:
    """A payment for every order that a consumer placed in the shop lately, and a few returns."""
    since = world.now - dt.timedelta(days=DAYS)
    consumers = {row["id"] for row in world.rows(Customer) if row["segment"] is Segment.CONSUMER}
    lines: dict[UUID, dict[str, Any]] = {}
    for line in world.rows(OrderLine):
        lines.setdefault(line["order_id"], line)
    arrived = 0
    for order in world.rows(Order):
        bought = order["customer_id"] in consumers and order["channel"] is Channel.SHOP and order["total_amount"] > 0
        if not bought or order["placed_at"] < since or order["status"] in {OrderStatus.PLACED, OrderStatus.CANCELLED}:
            continue
        payment = {"id": world.new_id(), "paid_at": min(order["placed_at"] + MINUTE, world.now)}
        refund = None
        if order["status"] is OrderStatus.DELIVERED:
            arrived += 1
            if arrived % RETURNED == 0:
                refund = make_return(world, order, lines[order["id"]], payment["id"], arrived // RETURNED)
        add_payment(world, order, payment, refund)


def add_payment(world: World, order: dict[str, Any], payment: dict[str, Any], refunded: int | None) -> None:
    """A payment that was captured, and what the provider said of it."""
    amount, key = order["total_amount"], payment["id"]
    told: dict[str, Any] = {"payment_id": key, "provider": PROVIDER, "effect": EventEffect.APPLIED, "said": {}}
    world.add(
        Payment,
        id=key,
        order_id=order["id"],
        customer_id=order["customer_id"],
        amount_amount=amount,
        amount_currency=order["total_currency"],
        authorised_amount=amount,
        captured_amount=amount,
        refund_asked_amount=refunded or 0,
        refunded_amount=refunded or 0,
        state=PaymentState.CAPTURED,
        provider=PROVIDER,
        reference=f"demo_{key}",
        opened_at=order["placed_at"],
        expires_at=min(order["placed_at"] + 30 * MINUTE, world.now),
        closed_at=payment["paid_at"],
        looks=0,
        version=1,
    )
    for kind in (PaymentNewsKind.AUTHORISED, PaymentNewsKind.CAPTURED):
        at = payment["paid_at"]
        event = f"demo_{kind.value.lower()}_{key}"
        world.add(PaymentEvent, event_id=event, kind=kind, said_at=at, received_at=at, **told)


def make_return(world: World, order: dict[str, Any], line: dict[str, Any], payment_id: UUID, number: int) -> int | None:
    """One piece of an order's first line comes back: asked for, or given back already; answers what was."""
    ended = number % 2 == 0
    amount = line["amount_amount"] // line["quantity"] if ended else 0
    at = min(order["delivered_at"] + dt.timedelta(days=1), world.now)
    of = {"customer_id": order["customer_id"]}
    refund_id = None
    if amount:
        refund_id = world.add(
            Refund,
            payment_id=payment_id,
            order_id=order["id"],
            amount_amount=amount,
            amount_currency=order["total_currency"],
            reason=RefundReason.RETURNED,
            key=f"demo {number}",
            state=RefundState.SUCCEEDED,
            round=1,
            requested_at=at,
            ended_at=at,
            **of,
        )
    returned = world.add(
        OrderReturn,
        order_id=order["id"],
        state=ReturnState.REFUNDED if ended else ReturnState.REQUESTED,
        reason=REASONS[number % len(REASONS)],
        amount_amount=amount,
        amount_currency=order["total_currency"],
        points=0,
        refund_id=refund_id,
        requested_at=at,
        decided_at=at if ended else None,
        received_at=at if ended else None,
        ended_at=at if ended else None,
        version=1,
        **of,
    )
    world.add(
        OrderReturnLine,
        return_id=returned,
        line_id=line["id"],
        quantity=1,
        damaged=0,
        amount_amount=amount,
        amount_currency=order["total_currency"],
        points=0,
        **of,
    )
    return amount or None
