"""How payments are answered."""

from __future__ import annotations

from typing import Any

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in


def part(column: str) -> Any:
    """A sum of a payment, in its currency."""

    def money(_: Seen, payment: Found) -> Found:
        return {"amount": payment[column], "currency": payment["amount_currency"]}

    return money


def pay_address(seen: Seen, payment: Found) -> str | None:
    open_ = payment["state"] == "INITIATED" and payment["expires_at"] > seen.now
    return f"/payments/{payment['id']}/pay" if open_ else None


def payments(_: Seen, row: Found, *, state: str | None = None, order: str | None = None) -> bool:
    return state in {None, row["state"]} and (order is None or row["order_id"] == key_in(order, "Order"))


def register(answers: Answers) -> None:
    """Tell the oracle of payments."""
    answers.answer("Payment", "refunded")(part("refunded_amount"))
    answers.answer("Payment", "refund_asked")(part("refund_asked_amount"))
    answers.answer("Payment", "pay_address")(pay_address)
    answers.answer("Query", "payments")(payments)
