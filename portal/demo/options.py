"""What the variants of the demonstration's products differ by: a kit, a size, a colour; some garments come in two colours."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from domain.shop.tables import OptionValue, Price, Product, ProductOption, Stock, Variant, VariantOption
from portal.demo.catalogue import Toml, families, model_codes
from portal.demo.world import World

Row = dict[str, Any]
# What an option or value is called in both languages, by its code.
Named = dict[str, tuple[str, str]]


def make_options(world: World) -> None:
    """Options of all products that have more than one variant; made last, so that nothing else hangs on them."""
    products = {row["slug"]: row for row in world.rows(Product)}
    variants = _by(world, Variant, "product_id")
    prices, stock = _by(world, Price, "variant_id"), _by(world, Stock, "variant_id")
    for family in families()["family"]:
        for code in model_codes(family["models"]):
            product = products.get(f"{family['sku']}-{code}".lower())
            if product is None or family["variants"] not in families()["options"]:
                continue
            first = list(variants[product["id"]])
            chosen = _first_option(world, product, family, first)
            if family.get("colours"):
                _add_colours(world, product, first, chosen, prices, stock)


def _by(world: World, model: Any, column: str) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in world.rows(model):
        found[row[column]].append(row)
    return found


def _guard(product: Row) -> Row:
    return {name: product[name] for name in ("audiences", "classification", "compartments")}


def _add_option(world: World, product: Row, code: str, values: Named) -> tuple[UUID, dict[str, UUID]]:
    """An option with its values; the keys of both."""
    name, name_en = families()["options"][code]
    place = 10 * sum(row["product_id"] == product["id"] for row in world.rows(ProductOption)[-3:])
    texts = {"code": code, "name": name, "name_en": name_en, "position": place}
    option = world.add(ProductOption, product_id=product["id"], **texts, **_guard(product))
    keys = {
        value: world.add(
            OptionValue, option_id=option, code=value, name=zh, name_en=en, position=at * 10, **_guard(product)
        )
        for at, (value, (zh, en)) in enumerate(values.items())
    }
    return option, keys


def _choose(world: World, product: Row, variant: UUID, option: UUID, value: UUID) -> None:
    world.add(VariantOption, variant_id=variant, option_id=option, value_id=value, **_guard(product))


def _first_option(world: World, product: Row, family: Toml, variants: list[Row]) -> tuple[UUID, dict[UUID, UUID]]:
    """What the variants as they were made differ by; the option, and which value each of them has."""
    values: Named = {suffix: (zh, en) for suffix, zh, en, _ in families()["variants"][family["variants"]]}
    option, keys = _add_option(world, product, family["variants"], values)
    chosen = {row["id"]: keys[row["sku"].rpartition("-")[2]] for row in variants}
    for variant, value in chosen.items():
        _choose(world, product, variant, option, value)
    return option, chosen


def _add_colours(
    world: World,
    product: Row,
    variants: list[Row],
    chosen: tuple[UUID, dict[UUID, UUID]],
    prices: dict[UUID, list[Row]],
    stock: dict[UUID, list[Row]],
) -> None:
    """A second option: what there is comes in one colour, and all but the last of it in another one too."""
    size, sizes = chosen
    [plain, *others] = [(suffix, zh, en) for suffix, zh, en, _ in families()["variants"]["colour"]]
    colour, keys = _add_option(world, product, "colour", {code: (zh, en) for code, zh, en in (plain, *others)})
    names = {row["id"]: (row["name"], row["name_en"]) for row in variants}
    for row in variants:
        _choose(world, product, row["id"], colour, keys[plain[0]])
        row["name"], row["name_en"] = f"{row['name']} {plain[1]}", f"{row['name_en']}, {plain[2].lower()}"
    for code, zh, en in others:
        for row in variants[:-1]:
            size_zh, size_en = names[row["id"]]
            texts = {"sku": f"{row['sku']}-{code}", "name": f"{size_zh} {zh}", "name_en": f"{size_en}, {en.lower()}"}
            place = {"position": row["position"] + 100}
            variant = world.add(Variant, product_id=product["id"], **texts, **place, **_guard(product))
            _choose(world, product, variant, size, sizes[row["id"]])
            _choose(world, product, variant, colour, keys[code])
            for offer in prices[row["id"]]:
                if offer["customer_id"] is None:
                    world.add(Price, **{**offer, "id": world.new_id(), "variant_id": variant})
            for lying in stock[row["id"]]:
                amounts = {"on_hand": world.random.randint(0, 40), "reserved": 0}
                world.add(Stock, **{**lying, "id": world.new_id(), "variant_id": variant, **amounts})
