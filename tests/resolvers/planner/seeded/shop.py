"""A catalogue: nested shelves, products for different audiences, prices of many kinds, stock in three places."""

from __future__ import annotations

import itertools
from typing import Any

from domain.customers.tables import Customer, Region, Segment
from domain.programmes.tables import Programme
from domain.shop import tables
from domain.shop.words import document_vector
from segments.audiences import CONSUMER, ENTERPRISE, GOVERNMENT, Audience
from segments.classification import Classification
from tests.resolvers.planner.seeded.factory import DAYS, EVERY_AUDIENCE, TEXTS, Factory

CURRENCIES = ("CNY", "CNY", "USD", "JPY", "KWD")


def add_shop(make: Factory) -> None:
    """Shelves, places and products."""
    for at in range(8):
        make.add(tables.Category, slug=f"shelf-{at}", parent_id=make.perhaps(tables.Category, 0.7), position=at % 3)
    for name in ("仓库", "仓库", "Store"):
        make.add(tables.StockLocation, name=name, region_id=make.one(Region)["id"])
    for at in range(26):
        add_product(make, at)


def add_product(make: Factory, at: int) -> None:
    """A product with its parts; the first ones are for everybody to see."""
    marks: dict[str, Any] = {"audiences": list(EVERY_AUDIENCE), "classification": Classification.PUBLIC}
    cost = make.random.choice([None, 0, 99, 2**40])
    name = make.random.choice(TEXTS)
    product = make.add(
        tables.Product,
        category_id=make.one(tables.Category)["id"],
        origin_programme_id=make.perhaps(Programme),
        slug=f"p{at}" if at % 5 else f"p%_{at}",
        name=name,
        search=document_vector(name, make.random.choice(TEXTS)),
        brand=make.random.choice(("四方", "a", "A")),
        position=at % 4,
        cost_amount=cost,
        cost_currency=None if cost is None else make.random.choice(CURRENCIES),
        **(marks | {"compartments": []} if at < 10 else {}),
    )
    of = {"product_id": product["id"]}
    for _ in make.times(0, 2):
        make.add(tables.Media, **of, position=make.random.choice([0, 0, 1]))
    for _ in make.times(0, 3):
        code, value = make.random.choice(("use", "grade", "")), make.random.choice(TEXTS[:4])
        make.add(tables.Attribute, **of, code=code, value=value, position=make.random.choice([0, 0, 1]))
    for _ in make.times(0, 3):
        add_variant(make, of, marks if at < 10 else {})


def add_variant(make: Factory, of: dict[str, Any], marks: dict[str, Any]) -> None:
    """A variant with stock and prices: of audiences, of customers, past, present and future, several on one day."""
    variant = make.add(
        tables.Variant, **of, sku=f"sku-{make.number()}", position=make.random.choice([0, 0, 1]), **marks
    )
    key = {"variant_id": variant["id"]}
    for location in make.of(tables.StockLocation)[: make.random.randint(0, 3)]:
        on_hand = make.random.choice([0, 5, 1000])
        reserved = make.random.choice([0, on_hand // 2, on_hand])
        make.add(tables.Stock, **key, location_id=location["id"], on_hand=on_hand, reserved=reserved)
    buyers = [row["id"] for row in make.of(Customer)[:4] if row["segment"] is not Segment.MILITARY]
    periods = list(itertools.combinations(sorted(DAYS), 2))
    for _ in make.times(0, 8):
        since, until = make.random.choice(periods)
        make.add(
            tables.Price,
            **key,
            audience=make.random.choice([CONSUMER, ENTERPRISE, GOVERNMENT]),
            customer_id=make.random.choice([None, None, *buyers]),
            amount=make.random.choice([0, 1, 99, 2_680_000, 2**53 + 1]),
            currency=make.random.choice(CURRENCIES),
            valid_from=since,
            valid_until=make.random.choice([None, until]),
        )


def add_old_agreements(make: Factory) -> None:
    """Prices agreed with customers that are older than what their audience pays today: age alone must not decide."""
    old, newer = sorted(DAYS)[:2]
    buyers = {row["segment"]: row["id"] for row in make.of(Customer)[:4] if row["segment"] is not Segment.MILITARY}
    for variant in make.of(tables.Variant)[::2]:
        for segment, buyer in buyers.items():
            of = {"variant_id": variant["id"], "audience": Audience(segment.value.lower()), "valid_until": None}
            make.add(tables.Price, **of, customer_id=buyer, amount=31, currency="CNY", valid_from=old)
            make.add(tables.Price, **of, customer_id=None, amount=17, currency="CNY", valid_from=newer)


def add_options(make: Factory) -> None:
    """Options of every other product that has variants; some of their variants have none, the others each a combination."""
    for product in make.of(tables.Product)[::2]:
        variants = [row for row in make.of(tables.Variant) if row["product_id"] == product["id"]]
        marks: dict[str, Any] = {}
        if product in make.of(tables.Product)[:10]:
            marks = {"audiences": list(EVERY_AUDIENCE), "classification": Classification.PUBLIC, "compartments": []}
        options = make.random.sample(("size", "colour", ""), make.random.randint(1, 2))
        keys: list[list[dict[str, Any]]] = []
        for code in options:
            place = {"position": make.random.choice([0, 0, 1])}
            option = make.add(tables.ProductOption, product_id=product["id"], code=code, **place, **marks)
            codes = make.random.sample(("a", "A", "测绘", ""), make.random.randint(1, 3))
            keys.append(
                [
                    make.add(
                        tables.OptionValue,
                        option_id=option["id"],
                        code=each,
                        position=make.random.choice([0, 1]),
                        **marks,
                    )
                    for each in codes
                ]
            )
        combinations = list(itertools.product(*keys))
        make.random.shuffle(combinations)
        for variant, values in zip(variants, combinations, strict=False):
            for value in values:
                of = {"variant_id": variant["id"], "option_id": value["option_id"], "value_id": value["id"]}
                make.add(tables.VariantOption, **of, **marks)
