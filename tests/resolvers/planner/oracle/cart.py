"""How carts are answered: prices of now, and what is in the way."""

from __future__ import annotations

from typing import Any

from domain.cart.tokens import cart_key
from tests.resolvers.planner.oracle import shop
from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen


def own_cart(seen: Seen, cart: Found, *, token: str | None) -> bool:
    if seen.viewer.person_id is not None:
        return bool(cart["person_id"] == seen.viewer.person_id)
    return token is not None and cart["person_id"] is None and cart["id"] == cart_key(token)


def price(seen: Seen, line: Found) -> Found | None:
    variant = seen.one("variant", line["variant_id"])
    return variant and shop.price(seen, variant)


def amount(seen: Seen, line: Found) -> Found | None:
    one = price(seen, line)
    return one and {"amount": one["amount"] * line["quantity"], "currency": one["currency"]}


def lines(seen: Seen, cart: Found) -> list[Found]:
    return seen.where("cart_line", "cart_id", cart["id"])


def total(seen: Seen, cart: Found) -> Found | None:
    costs = [cost for line in lines(seen, cart) if (cost := amount(seen, line))]
    if len({cost["currency"] for cost in costs}) != 1:
        return None
    return {"amount": sum(cost["amount"] for cost in costs), "currency": min(cost["currency"] for cost in costs)}


def problem(seen: Seen, line: Found) -> str | None:
    variant, cost = seen.one("variant", line["variant_id"]), price(seen, line)
    product = variant and seen.one("product", variant["product_id"])
    if not variant or not product or product["status"] != "ACTIVE" or not cost:
        return "NOT_FOR_SALE"
    stock = seen.where("stock", "variant_id", variant["id"])
    left = sum(row["on_hand"] - row["reserved"] for row in stock)
    if stock and left <= 0:
        return "OUT_OF_STOCK"
    if stock and left < line["quantity"]:
        return "TOO_FEW"
    same = (cost["amount"], cost["currency"]) == (line["seen_amount"], line["seen_currency"])
    return None if same else "PRICE_CHANGED"


def points_at_checkout(seen: Seen) -> Any:
    found = [row for row in seen.rows["points_programme"] if row["code"] == "MEMBERS"]
    if not found:
        return None
    worth = {"amount": found[0]["worth_amount"], "currency": found[0]["worth_currency"]}
    return {"points": found[0]["worth_points"], "worth": worth}


def register(answers: Answers) -> None:
    """Tell the oracle of carts."""
    answers.answer("Query", "cart")(own_cart)
    answers.answer("Query", "points_at_checkout")(points_at_checkout)
    answers.answer("Cart", "units")(lambda seen, cart: sum(line["quantity"] for line in lines(seen, cart)))
    answers.answer("Cart", "total")(total)
    answers.answer("CartLine", "price")(price)
    answers.answer("CartLine", "amount")(amount)
    answers.answer("CartLine", "problem")(problem)
