"""Orders of every customer, some imported, some of a store's till, placed at instants that other orders and interactions share."""

from __future__ import annotations

from typing import Any

from domain.customers.tables import Customer, SourceSystem
from domain.orders import tables
from domain.shop.tables import Variant
from domain.stores.tables import Store
from tests.resolvers.planner.seeded.factory import INSTANTS, Factory


def add_orders(make: Factory) -> None:
    """Up to twelve orders a customer, most of the first ones, whose people look."""
    for at, customer in enumerate(make.of(Customer)):
        for _ in make.times(9, 12) if at < 4 else make.times(0, 4):
            add_order(make, customer)


def add_order(make: Factory, customer: dict[str, Any]) -> None:
    """An order with up to four lines."""
    imported = make.random.random() < 0.4
    of = {"customer_id": customer["id"]}
    total = make.random.choice([0, 0, 1, 99, 250_031_563])
    store = None if imported else make.perhaps(Store)
    order = make.add(
        tables.Order,
        **of,
        **({} if store is None else {"channel": tables.Channel.STORE}),
        store_id=store,
        placed_at=make.random.choice(INSTANTS),
        total_amount=total,
        points_amount=make.random.choice([0, total // 2, total]),
        total_currency=make.random.choice(["CNY", "USD", "JPY"]),
        source_system_id=make.one(SourceSystem)["id"] if imported else None,
        source_line=make.number() if imported else None,
    )
    for at in make.times(0, 4):
        quantity, amount = make.random.choice([1, 2, 1000]), make.random.choice([0, 1, 99, 2**40])
        make.add(
            tables.OrderLine,
            **of,
            order_id=order["id"],
            variant_id=make.perhaps(Variant),
            position=at // 2,
            quantity=quantity,
            shipped=make.random.choice([0, quantity // 2, quantity]),
            amount_amount=amount,
            discount_amount=make.random.choice([0, amount // 3]),
            points_amount=make.random.choice([0, amount // 3]),
            amount_currency=make.random.choice(["CNY", "JPY", "KWD"]),
        )
