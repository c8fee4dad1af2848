"""How the catalogue is answered: texts, prices, stock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from tests.resolvers.planner.oracle import search
from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.customers import held, localised
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in


def offers(seen: Seen, variant: Found) -> list[Found]:
    """The prices that the viewer could pay today: an own one before that of the audience, then the newest, then the lowest id."""
    assert seen.viewer.audience is not None
    audience = {"staff": "consumer"}.get(seen.viewer.audience.value, seen.viewer.audience.value)
    found = [
        row
        for row in seen.where("price", "variant_id", variant["id"])
        if row["audience"] == audience and (row["customer_id"] is None or is_own(seen, row)) and held(row, seen.today)
    ]
    return sorted(found, key=lambda row: (row["customer_id"] is None, -row["valid_from"].toordinal(), row["id"]))


def is_own(seen: Seen, offer: Found) -> bool:
    return offer["customer_id"] is not None and offer["customer_id"] == seen.viewer.customer_id


def price(seen: Seen, variant: Found) -> Found | None:
    return next(iter(offers(seen, variant)), None)


def list_price(seen: Seen, variant: Found) -> Found | None:
    return next((row for row in offers(seen, variant) if row["customer_id"] is None), None)


def agreed_until(seen: Seen, variant: Found) -> dt.date | None:
    own = next((row for row in offers(seen, variant) if is_own(seen, row)), None)
    return None if own is None or own["valid_until"] is None else own["valid_until"] - dt.timedelta(days=1)


def price_from(seen: Seen, product: Found) -> Found | None:
    return min(paid(seen, product), key=lambda row: (row["amount"], row["currency"]), default=None)


def price_to(seen: Seen, product: Found) -> Found | None:
    return min(paid(seen, product), key=lambda row: (-row["amount"], row["currency"]), default=None)


def paid(seen: Seen, product: Found) -> list[Found]:
    """What the viewer pays for each variant."""
    return [found for each in seen.where("variant", "product_id", product["id"]) if (found := price(seen, each))]


def available(seen: Seen, variant: Found) -> int:
    return sum(row["on_hand"] - row["reserved"] for row in seen.where("stock", "variant_id", variant["id"]))


def availability(seen: Seen, variants: Iterable[Found]) -> str:
    """What the stock of some variants says: that of which most is left."""
    stock = [seen.where("stock", "variant_id", variant["id"]) for variant in variants]
    free = [sum(row["on_hand"] - row["reserved"] for row in each) for each in stock if each]
    most = max(free, default=None)
    return "NOT_STOCKED" if most is None else "OUT_OF_STOCK" if most <= 0 else "LOW_STOCK" if most <= 5 else "IN_STOCK"


def shelves(seen: Seen, category: Any) -> Iterator[Any]:
    """A category and all below it."""
    yield category
    for below in seen.where("category", "parent_id", category):
        yield from shelves(seen, below["id"])


def product_count(seen: Seen, category: Found) -> int:
    return sum(len(seen.where("product", "category_id", shelf)) for shelf in shelves(seen, category["id"]))


def products(seen: Seen, row: Found, *, category: str | None, category_slug: str | None = None, **wanted: Any) -> bool:
    within = (
        row["category_id"] in set(shelves(seen, key_in(category, "Category")))
        if category is not None
        else category_slug is None
        or any(
            row["category_id"] in shelves(seen, each["id"]) for each in seen.where("category", "slug", category_slug)
        )
    )
    return within and search.matching(seen, row, **wanted)


def categories(_: Seen, row: Found, *, parent: str | None) -> bool:
    return row["parent_id"] == key_in(parent, "Category")


def selected_options(seen: Seen, variant: Found) -> list[Found]:
    """What a variant has of each option of which the viewer sees everything."""
    parts = [
        (option, value)
        for chosen in seen.where("variant_option", "variant_id", variant["id"])
        if (option := seen.one("product_option", chosen["option_id"]))
        and (value := seen.one("option_value", chosen["value_id"]))
    ]
    return [
        {
            "code": option["code"],
            "name": localised(seen, option),
            "value": value["code"],
            "value_name": localised(seen, value),
            "value_position": value["position"],
        }
        for option, value in sorted(parts, key=lambda each: (each[0]["position"], each[0]["id"]))
    ]


def register(answers: Answers) -> None:
    """Tell the oracle of the shop."""
    for type_name in ("Category", "Attribute", "StockLocation", "Variant", "Product", "ProductOption", "OptionValue"):
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
    answers.answer("Variant", "list_price")(list_price)
    answers.answer("Variant", "agreed_until")(agreed_until)
    answers.answer("Variant", "selected_options")(selected_options)
    answers.answer("Variant", "available")(available)
    answers.answer("Variant", "availability")(lambda seen, variant: availability(seen, [variant]))
    answers.answer("Product", "price_from")(price_from)
    answers.answer("Product", "price_to")(price_to)
    answers.answer("Product", "availability")(
        lambda seen, product: availability(seen, seen.where("variant", "product_id", product["id"]))
    )
    answers.answer("Category", "product_count")(product_count)
    answers.answer("Query", "products")(products)
    answers.answer("Query", "categories")(categories)
    answers.answer("Facet", "options")(lambda _, facet: facet["options"])
    answers.answer("Query", "product_facets")(search.product_facets)
