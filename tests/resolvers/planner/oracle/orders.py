"""How orders and their sums are answered, and money."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from functools import partial
from typing import Any

from foundation.money import Money
from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in


def decimal(_: Seen, money: Found) -> str:
    return Money(money["amount"], money["currency"]).decimal()


def orders(
    seen: Seen,
    row: Found,
    *,
    status: str | None,
    number: str | None,
    to_ship: bool | None = None,
    placed_from: dt.datetime | None,
    placed_before: dt.datetime | None,
    customer: str | None = None,
    source: str | None = None,
    store: str | None = None,
) -> bool:
    systems = [system["id"] for system in seen.rows["source_system"] if system["code"] == source]
    return (
        (customer is None or row["customer_id"] == key_in(customer, "Customer"))
        and status in {None, row["status"]}
        and (number is None or row["number"] in {number.strip(), number.strip().upper()})
        and to_ship in {None, shippable(row)}
        and (source is None or row["source_system_id"] in systems)
        and (store is None or row["store_id"] == key_in(store, "Store"))
        and (placed_from is None or row["placed_at"] >= placed_from)
        and (placed_before is None or row["placed_at"] < placed_before)
    )


def shippable(row: Found) -> bool:
    waits = row["status"] in {"PAID", "PARTIALLY_SHIPPED"}
    on_account = row["status"] == "PLACED" and row["settlement"] == "ON_ACCOUNT"
    return row["channel"] != "IMPORT" and (waits or on_account)


def unit_price(_: Seen, line: Found) -> Found | None:
    if line["amount_amount"] % line["quantity"]:
        return None
    return {"amount": line["amount_amount"] // line["quantity"], "currency": line["amount_currency"]}


def totals(seen: Seen, **filter: Any) -> list[Found]:
    """Sums by currency."""
    by_currency: dict[str, list[Found]] = defaultdict(list)
    for row in seen.rows["order"]:
        if orders(seen, row, **filter):
            by_currency[row["total_currency"]].append(row)
    return [
        {
            "orders": len(rows),
            "customers": len({row["customer_id"] for row in rows}),
            "units": sum(row["units"] for row in rows),
            "total": {"amount": sum(row["total_amount"] for row in rows), "currency": currency},
            "free_orders": sum(row["total_amount"] == 0 for row in rows),
            "first_placed_at": min(row["placed_at"] for row in rows),
            "last_placed_at": max(row["placed_at"] for row in rows),
        }
        for currency, rows in sorted(by_currency.items())
    ]


def summed(_: Seen, row: Found, *, signs: dict[str, int], currency: str) -> Found:
    """Money that is a sum of a row's columns."""
    return {"amount": sum(sign * row[name] for name, sign in signs.items()), "currency": row[currency]}


def register(answers: Answers) -> None:
    """Tell the oracle of orders and money."""
    answers.answer("Money", "amount")(decimal)
    answers.answer("Order", "at")(lambda _seen, order: order["placed_at"])
    for name, signs in {
        "subtotal": {"total_amount": 1, "discount_amount": 1},
        "discount": {"discount_amount": 1},
        "paid_by_points": {"points_amount": 1},
        "payable": {"total_amount": 1, "points_amount": -1},
    }.items():
        answers.answer("Order", name)(partial(summed, signs=signs, currency="total_currency"))
    for name, signs in {
        "discount": {"discount_amount": 1},
        "payable": {"amount_amount": 1, "discount_amount": -1, "points_amount": -1},
    }.items():
        answers.answer("OrderLine", name)(partial(summed, signs=signs, currency="amount_currency"))
    answers.answer("OrderLine", "unit_price")(unit_price)
    answers.answer("Order", "shippable")(lambda _, order: shippable(order))
    answers.answer("Order", "cancellable")(
        lambda _, order: order["status"] in {"PLACED", "PAID"} and order["channel"] != "IMPORT"
    )
    answers.answer("Query", "orders")(orders)
    answers.answer("Query", "order_totals")(totals)
