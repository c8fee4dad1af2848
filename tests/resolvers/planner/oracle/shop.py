"""How the catalogue is answered: texts, prices, stock."""

from __future__ import annotations

from functools import partial

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.customers import held, localised
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in


def price(seen: Seen, variant: Found) -> Found | None:
    """What the viewer pays today: an own price before that of the audience, then the newest, then the lowest id."""
    assert seen.viewer.audience is not None
    audience = {"staff": "consumer"}.get(seen.viewer.audience.value, seen.viewer.audience.value)
    offers = [
        row
        for row in seen.where("price", "variant_id", variant["id"])
        if row["audience"] == audience
        and (row["customer_id"] is None or row["customer_id"] == seen.viewer.customer_id)
        and held(row, seen.today)
    ]
    return min(offers, key=lambda row: (row["customer_id"] is None, -row["valid_from"].toordinal(), row["id"]), default=None)  # fmt: skip


def available(seen: Seen, variant: Found) -> int:
    return sum(row["on_hand"] - row["reserved"] for row in seen.where("stock", "variant_id", variant["id"]))


def products(_: Seen, row: Found, *, category: str | None, status: str | None = None) -> bool:
    return (category is None or row["category_id"] == key_in(category, "Category")) and status in {None, row["status"]}


def categories(_: Seen, row: Found, *, parent: str | None) -> bool:
    return row["parent_id"] == key_in(parent, "Category")


def register(answers: Answers) -> None:
    """Tell the oracle of the shop."""
    for type_name in ("Category", "Attribute", "StockLocation", "Variant", "Product"):
        answers.answer(type_name, "name")(localised)
    for type_name, column in (
        ("Category", "summary"),
        ("Media", "caption"),
        ("Attribute", "value"),
        ("Product", "summary"),
        ("Product", "description"),
    ):
        answers.answer(type_name, column)(partial(localised, column=column))
    answers.answer("Variant", "price")(price)
    answers.answer("Variant", "available")(available)
    answers.answer("Query", "products")(products)
    answers.answer("Query", "categories")(categories)
