"""Returns of some orders, with a few of their lines."""

from __future__ import annotations

from domain.orders.tables import Order, OrderLine
from domain.payments.tables import Refund
from domain.returns import tables
from tests.resolvers.planner.seeded.factory import INSTANTS, Factory


def add_returns(make: Factory) -> None:
    """Up to two returns an order, which together give back no more than was paid."""
    lines = make.of(OrderLine)
    for order in make.of(Order):
        of = {"customer_id": order["customer_id"]}
        paid = order["total_amount"] - order["points_amount"]
        for _ in make.times(0, 2):
            made = make.add(
                tables.OrderReturn,
                **of,
                order_id=order["id"],
                amount_currency=order["total_currency"],
                amount_amount=make.random.choice([0, paid // 3, paid // 2]),
                requested_at=make.random.choice(INSTANTS),
                refund_id=make.perhaps(Refund),
            )
            for line in [line for line in lines if line["order_id"] == order["id"]][:2]:
                quantity = make.random.choice([1, 2, 1000])
                make.add(
                    tables.OrderReturnLine,
                    **of,
                    return_id=made["id"],
                    line_id=line["id"],
                    quantity=quantity,
                    damaged=make.random.choice([0, quantity]),
                    amount_currency=order["total_currency"],
                )
