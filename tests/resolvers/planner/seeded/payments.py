"""Payments of many orders, with what was told of them and what was given back."""

from __future__ import annotations

from typing import Any

from domain.orders.tables import Order
from domain.payments import tables
from domain.payments.tables import PaymentState
from tests.resolvers.planner.seeded.factory import INSTANTS, Factory


def add_payments(make: Factory) -> None:
    """Up to three tries an order, of which the first ones came to nothing."""
    for order in make.of(Order):
        for at in make.times(0, 3):
            add_payment(make, order, PaymentState.FAILED if at else make.random.choice(list(PaymentState)))


def add_payment(make: Factory, order: dict[str, Any], state: PaymentState) -> None:
    """A payment with a few events and refunds."""
    amount = make.random.choice([1, 99, 26_800, 2**40])
    captured = amount if state is PaymentState.CAPTURED else 0
    asked = make.random.choice([0, captured // 2, captured])
    of = {"customer_id": order["customer_id"], "order_id": order["id"]}
    known = make.random.random() < 0.7
    payment = make.add(
        tables.Payment,
        **of,
        state=state,
        amount_amount=amount,
        amount_currency=make.random.choice(["CNY", "JPY", "KWD"]),
        authorised_amount=amount if state in {PaymentState.AUTHORISED, PaymentState.CAPTURED} else 0,
        captured_amount=captured,
        refund_asked_amount=asked,
        refunded_amount=make.random.choice([0, asked]),
        provider="sandbox" if known else None,
        reference=str(make.number()) if known else None,
        opened_at=make.random.choice(INSTANTS),
    )
    for _ in make.times(0, 3):
        make.add(tables.PaymentEvent, payment_id=payment["id"], event_id=str(make.number()), said={})
    for _ in make.times(0, 2):
        make.add(
            tables.Refund,
            **of,
            payment_id=payment["id"],
            key=str(make.number()),
            amount_amount=make.random.choice([1, 99, 2**40]),
            amount_currency=payment["amount_currency"],
        )
