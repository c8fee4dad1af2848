"""How the catalogue's search and its facets are answered."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from domain.shop.words import query_terms
from foundation.money import Money
from segments.audiences import CONSUMER, ENTERPRISE, GOVERNMENT, STAFF
from tests.resolvers.planner.oracle import shop
from tests.resolvers.planner.oracle.customers import localised
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import global_id

FACETS = {
    "category": ("类目", "Category"),
    "brand": ("品牌", "Brand"),
    "price": ("价格", "Price"),
    "availability": ("供货", "Availability"),
}
STATES = {
    "IN_STOCK": ("有现货", "In stock"),
    "LOW_STOCK": ("库存紧张", "Few left"),
    "OUT_OF_STOCK": ("缺货", "Out of stock"),
    "NOT_STOCKED": ("按需提供", "On request"),
}
OPTIONS_MAX = 50
BANDS = {
    "0-500": "0–500",
    "500-2000": "500–2,000",
    "2000-10000": "2,000–10,000",
    "10000-50000": "10,000–50,000",
    "50000-200000": "50,000–200,000",
    "200000-": "≥ 200,000",
}
Counted = dict[tuple[str, str], int]  # by value and name


def matching(
    seen: Seen,
    row: Found,
    *,
    text: str | None = None,
    brand: str | None = None,
    status: str | None = None,
    available_only: bool | None = None,
    price_from: Decimal | None = None,
    price_to: Decimal | None = None,
    attributes: list[dict[str, Any]] | None = None,
    store_code: str | None = None,
    options: list[dict[str, Any]] | None = None,
) -> bool:
    variants = seen.where("variant", "product_id", row["id"])
    paid = [found for each in variants if (found := shop.price(seen, each))]
    amounts = [Decimal(Money(each["amount"], each["currency"]).decimal()) for each in paid]
    of_product = {(each["code"], each["value"]) for each in seen.where("attribute", "product_id", row["id"])}
    return (
        (text is None or has_words(row["search"], query_terms(text)))
        and brand in {None, row["brand"]}
        and status in {None, row["status"]}
        and (not available_only or shop.availability(seen, variants) != "OUT_OF_STOCK")
        and ((price_from is None and price_to is None) or any(between(each, price_from, price_to) for each in amounts))
        and (
            store_code is None
            or any(sold_at(seen, each, here) for each in variants for here in seen.where("store", "code", store_code))
        )
        and all(any((wish["code"], each) in of_product for each in wish["values"]) for wish in attributes or ())
        and (options is None or any(has_options(seen, each, options) for each in variants))
    )


def sold_at(seen: Seen, variant: Found, store: Found) -> bool:
    """Whether a variant lies free at a store, or lies nowhere."""
    laid = seen.where("stock", "variant_id", variant["id"])
    here = [each for each in laid if each["location_id"] == store["location_id"]]
    return not laid or any(each["on_hand"] > each["reserved"] for each in here)


def has_options(seen: Seen, variant: Found, options: list[dict[str, Any]]) -> bool:
    """Whether one variant has all that is wished of options."""
    had = {(each["code"], each["value"]) for each in shop.selected_options(seen, variant)}
    return all(any((wish["code"], each) in had for each in wish["values"]) for wish in options)


def between(amount: Decimal, least: Decimal | None, most: Decimal | None) -> bool:
    return (least is None or least <= amount) and (most is None or amount <= most)


def has_words(vector: str, terms: str) -> bool:
    """Whether a tsvector has all terms: words, beginnings of words, and words side by side."""
    places = {
        word: {int(at) for at in re.findall(r"\d+", where)} for word, where in re.findall(r"'(\w+)':(\S+)", vector)
    }
    return bool(terms) and all(has_term(places, term) for term in terms.split(" & "))


def has_term(places: dict[str, set[int]], term: str) -> bool:
    words = re.findall(r"'(\w+)'", term)
    if term.endswith(":*") and len(words) == 1:
        return any(word.startswith(words[0]) for word in places)
    starts = places.get(words[0], set[int]())
    return any(all(start + step in places.get(word, set()) for step, word in enumerate(words)) for start in starts)


def product_facets(
    seen: Seen,
    *,
    category: str | None,
    category_slug: str | None = None,
    brand: str | None,
    attributes: list[dict[str, Any]] | None,
    options: list[dict[str, Any]] | None = None,
    available_only: bool | None = None,
    **rest: Any,
) -> list[Found]:
    wanted = {"brand": brand, "available_only": available_only, "attributes": attributes, "options": options, **rest}

    def found(**instead: Any) -> list[Found]:
        whole = {"category": category, "category_slug": category_slug, **wanted, **instead}
        return [row for row in seen.rows["product"] if shop.products(seen, row, **whole)]

    english = seen.viewer.language == "en"
    counts: dict[str, Counted] = {"category": categories(seen, found(category=None, category_slug=None))}
    counts["brand"] = Counter((row["brand"], row["brand"]) for row in found(brand=None))
    if seen.viewer.audience in {CONSUMER, ENTERPRISE, GOVERNMENT, STAFF}:
        counts["price"] = prices(seen, found(price_from=None, price_to=None))
        stocks = (seen.where("variant", "product_id", row["id"]) for row in found(available_only=None))
        states = [shop.availability(seen, each) for each in stocks]
        counts["availability"] = Counter((state, STATES[state][english]) for state in states)
    fixed = [facet(code.upper(), code, FACETS[code][english], each) for code, each in counts.items() if each]
    for each in fixed:
        if each["code"] == "price":
            each["options"].sort(key=lambda option: list(BANDS).index(option["value"]))
    optional = [
        facet("OPTION", code, name, each, places)
        for code in sorted({row["code"] for row in seen.rows["product_option"]})
        for name, each, places in option_counts(seen, code, found(options=None), without(options, code))
    ]
    free = [
        facet("ATTRIBUTE", code, name, each)
        for code in sorted({row["code"] for row in seen.rows["attribute"]})
        for name, each in attribute_counts(seen, code, found(attributes=without(attributes, code)))
    ]
    return [*fixed, *by_count(optional), *by_count(free)][:100]


def by_count(facets: list[Found]) -> list[Found]:
    """Those among which there is something to choose, the most frequent first."""
    several = [each for each in facets if len(each["options"]) > 1]
    return sorted(several, key=lambda each: (-sum(option["count"] for option in each["options"]), each["code"]))


def option_counts(
    seen: Seen, code: str, products: Iterable[Found], others: list[dict[str, Any]]
) -> Iterator[tuple[str, Counted, dict[str, int]]]:
    """The name of an option, how many products have each value of it in a variant that has what else is wished, and where
    products list the value at the earliest."""
    names: set[str] = set()
    holders: dict[str, set[Any]] = defaultdict(set)
    shown: dict[str, set[str]] = defaultdict(set)
    places: dict[str, set[int]] = defaultdict(set)
    for product in products:
        for variant in seen.where("variant", "product_id", product["id"]):
            for each in shop.selected_options(seen, variant):
                if each["code"] == code and has_options(seen, variant, others):
                    names.add(each["name"])
                    holders[each["value"]].add(product["id"])
                    shown[each["value"]].add(each["value_name"])
                    places[each["value"]].add(each["value_position"])
    if names:
        counted = {(value, min(shown[value])): len(who) for value, who in holders.items()}
        yield min(names), counted, {value: min(each) for value, each in places.items()}


def without(wishes: list[dict[str, Any]] | None, code: str) -> list[dict[str, Any]]:
    return [wish for wish in wishes or () if wish["code"] != code]


def categories(seen: Seen, products: Iterable[Found]) -> Counted:
    """Every shelf with what lies on it and below it."""
    rows = list(products)
    counted = {
        (global_id("Category", shelf["id"]), localised(seen, shelf)): sum(
            row["category_id"] in set(shop.shelves(seen, shelf["id"])) for row in rows
        )
        for shelf in seen.rows["category"]
    }
    return {option: count for option, count in counted.items() if count}


def prices(seen: Seen, products: list[Found]) -> Counted:
    """How many products the filter by the bounds of each choice leaves."""
    counted: Counted = {}
    for value, name in BANDS.items():
        least, most = (Decimal(bound) if bound else None for bound in value.split("-"))
        counted[value, name] = sum(matching(seen, row, price_from=least, price_to=most) for row in products)
    return {option: count for option, count in counted.items() if count}


def attribute_counts(seen: Seen, code: str, products: Iterable[Found]) -> Iterator[tuple[str, Counted]]:
    """The name of an attribute, and how many products have each value of it."""
    names: set[str] = set()
    holders: dict[str, set[Any]] = defaultdict(set)
    shown: dict[str, set[str]] = defaultdict(set)
    parts = (seen.where("attribute", "product_id", row["id"]) for row in products)
    for row in itertools.chain.from_iterable(parts):
        if row["code"] == code:
            names.add(localised(seen, row))
            holders[row["value"]].add(row["product_id"])
            shown[row["value"]].add(localised(seen, row, "value"))
    if names:
        yield min(names), {(value, min(shown[value])): len(who) for value, who in holders.items()}


def facet(kind: str, code: str, name: str, counted: Counted, places: dict[str, int] | None = None) -> Found:
    first = places or {}
    ordered = sorted(counted.items(), key=lambda each: (first.get(each[0][0], 0), -each[1], each[0][0]))
    options = [{"value": value, "name": shown, "count": count} for (value, shown), count in ordered]
    return {"kind": kind, "code": code, "name": name, "options": options[:OPTIONS_MAX]}
