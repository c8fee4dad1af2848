"""How orders and their sums are answered, and money."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
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
    placed_from: dt.datetime | None,
    placed_before: dt.datetime | None,
    customer: str | None = None,
    source: str | None = None,
) -> bool:
    systems = [system["id"] for system in seen.rows["source_system"] if system["code"] == source]
    return (
        (customer is None or row["customer_id"] == key_in(customer, "Customer"))
        and status in {None, row["status"]}
        and (source is None or row["source_system_id"] in systems)
        and (placed_from is None or row["placed_at"] >= placed_from)
        and (placed_before is None or row["placed_at"] < placed_before)
    )


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


def register(answers: Answers) -> None:
    """Tell the oracle of orders and money."""
    answers.answer("Money", "amount")(decimal)
    answers.answer("Order", "at")(lambda _seen, order: order["placed_at"])
    answers.answer("Query", "orders")(orders)
    answers.answer("Query", "order_totals")(totals)
