import re
from collections import Counter
from pathlib import Path

import pytest

from domain.orders.tables import Order, OrderLine, OrderStatus
from domain.shop.tables import (
    Attribute,
    Category,
    Media,
    OptionValue,
    Price,
    Product,
    ProductOption,
    ProductStatus,
    Stock,
    StockLocation,
    Variant,
    VariantOption,
)
from foundation.migrations import ROOT
from portal.demo.catalogue import HAN, families
from portal.demo.prices import SHARES
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, GOVERNMENT, MILITARY
from segments.classification import Classification
from tests.portal.demo.worlds import NOW, by_id, follow_each_other, grouped, made

DRAWINGS: Path = ROOT / "portal/pages/static/illustrations.svg"


def test_every_drawing_is_on_the_sheet() -> None:
    symbols = set(re.findall(r'<symbol[^>]* id="([^"]+)"', DRAWINGS.read_text(encoding="utf-8")))
    assert {row["symbol"] for row in made().rows(Media)} <= symbols - {"nothing"}
    assert len(made().rows(Media)) >= len(made().rows(Product))


def test_addresses_and_stock_keeping_units_are_unique_and_plain() -> None:
    for model, column in ((Product, "slug"), (Variant, "sku"), (Category, "slug")):
        values = [row[column] for row in made().rows(model)]
        assert len(set(values)) == len(values)
        assert all(re.fullmatch(r"[A-Za-z0-9-]+", value) for value in values)


def test_products_lie_on_the_lowest_shelves() -> None:
    shelves = by_id(made(), Category)
    parents = {shelf["parent_id"] for shelf in shelves.values()}
    used = {row["category_id"] for row in made().rows(Product)}
    assert used == shelves.keys() - parents


def test_both_languages_are_complete() -> None:
    for model in (Product, Variant, Category, Attribute, StockLocation, Media, ProductOption, OptionValue):
        for row in made().rows(model):
            for column in ("name_en", "summary_en", "description_en", "value_en", "caption_en"):
                if column in row:
                    assert row[column], f"{model.__name__}.{column}"
                    assert not HAN.search(row[column]), row[column]


def test_texts_have_no_holes() -> None:
    for row in made().rows(Product):
        assert "{" not in row["name"] + row["summary"] + row["summary_en"] + row["description"]
        assert "  " not in row["name"]


def test_every_audience_that_buys_has_a_price_for_all_it_is_offered() -> None:
    priced = grouped((row for row in made().rows(Price) if row["customer_id"] is None), "variant_id", "audience")
    for variant in made().rows(Variant):
        for audience in SHARES:
            spans = priced.pop((variant["id"], audience), None)
            assert (spans is not None) == (audience.value in variant["audiences"])
            if spans is not None:
                assert follow_each_other(spans), "one price at a time, without a gap"
                assert all(span["amount"] > 0 for span in spans)
    assert not priced, "nobody has a price for what is not offered"


def test_some_companies_have_prices_of_their_own_below_the_audience_s() -> None:
    general = {
        row["variant_id"]: row["amount"]
        for row in made().rows(Price)
        if row["customer_id"] is None and row["audience"] is ENTERPRISE and row["valid_until"] is None
    }
    agreed = [row for row in made().rows(Price) if row["customer_id"] is not None]
    assert len({row["customer_id"] for row in agreed}) >= 20
    assert all(row["amount"] < general[row["variant_id"]] for row in agreed)
    assert all(row["valid_from"] <= NOW.date() < row["valid_until"] for row in agreed)


def test_some_products_are_offered_to_everyone_and_some_to_few() -> None:
    offers = Counter(tuple(row["audiences"]) for row in made().rows(Product))
    everyone = {audience.value for audience in (MILITARY, CONSUMER, ENTERPRISE, GOVERNMENT, DIVISION)}
    assert any(set(offer) == everyone for offer in offers)
    assert (MILITARY.value,) in offers
    assert (GOVERNMENT.value, DIVISION.value) in offers


def test_what_consumers_are_offered_is_public() -> None:
    for row in made().rows(Product):
        if CONSUMER.value in row["audiences"]:
            assert row["classification"] is Classification.PUBLIC
            assert row["compartments"] == []


def test_drafts_are_offered_to_nobody() -> None:
    drafts = [row for row in made().rows(Product) if row["status"] is ProductStatus.DRAFT]
    assert drafts
    assert all(row["audiences"] == [] for row in drafts)


@pytest.mark.parametrize("status", ProductStatus)
def test_products_are_in_every_state(status: ProductStatus) -> None:
    assert any(row["status"] is status for row in made().rows(Product))


def test_some_goods_come_from_programmes() -> None:
    origins = [row["origin_programme_id"] for row in made().rows(Product) if row["origin_programme_id"]]
    assert len(origins) > 100
    assert len(set(origins)) > 10


def test_stock_lies_at_several_places_and_some_of_it_is_gone() -> None:
    lying = grouped(made().rows(Stock), "variant_id")
    assert len({row["location_id"] for row in made().rows(Stock)}) == len(made().rows(StockLocation)) >= 4
    assert sum(len(rows) > 1 for rows in lying.values()) > 100
    assert any(row["on_hand"] == 0 for row in made().rows(Stock))
    assert all(0 <= row["reserved"] <= row["on_hand"] for row in made().rows(Stock))
    assert all(len({row["location_id"] for row in rows}) == len(rows) for rows in lying.values())


def test_orders_add_up() -> None:
    lines = grouped(made().rows(OrderLine), "order_id")
    for order in made().rows(Order):
        mine = lines[order["id"]]
        assert 1 <= len(mine) <= 8
        assert order["units"] == sum(line["quantity"] for line in mine)
        assert order["total_amount"] == sum(line["amount_amount"] for line in mine)
        assert sorted(line["position"] for line in mine) == list(range(len(mine)))


def test_orders_bought_what_was_offered() -> None:
    sku = {row["id"]: row["sku"] for row in made().rows(Variant)}
    assert all(sku[line["variant_id"]] == line["sku"] for line in made().rows(OrderLine))
    assert {row["status"] for row in made().rows(Order)} == set(OrderStatus)
    numbers = [row["number"] for row in made().rows(Order)]
    assert len(set(numbers)) == len(numbers)


def test_every_attribute_and_kind_of_variant_of_the_catalogue_is_used() -> None:
    data = families()
    used = {code for family in data["family"] for code in family["attributes"]} | {"use"}
    assert used == data["attributes"].keys()
    assert {family["variants"] for family in data["family"]} == data["variants"].keys()
    assert {family["use"] for family in data["family"]} == data["uses"].keys()


def test_variants_of_a_product_differ_by_its_options() -> None:
    variants, options, values = (by_id(made(), model) for model in (Variant, ProductOption, OptionValue))
    chosen = grouped(made().rows(VariantOption), "variant_id")
    siblings = grouped(variants.values(), "product_id")
    of_product = grouped(options.values(), "product_id")
    assert {len(each) for each in of_product.values()} == {1, 2}
    for product, rows in siblings.items():
        expected = {row["id"] for row in of_product.get(product, [])}
        assert bool(expected) == (len(rows) > 1)
        combinations = [frozenset(each["value_id"] for each in chosen.get(row["id"], [])) for row in rows]
        assert len(set(combinations)) == len(combinations)
        for row in rows:
            assert {each["option_id"] for each in chosen.get(row["id"], [])} == expected
    for row in made().rows(VariantOption):
        assert values[row["value_id"]]["option_id"] == row["option_id"]
        assert row["audiences"] == variants[row["variant_id"]]["audiences"]
