"""The catalogue of the demonstration: 300 products in their shelves, made from the families of `catalogue.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from uuid import UUID

from domain.shop.tables import Attribute, Category, Media, MediaKind, Product, ProductStatus, Variant
from domain.shop.words import document_vector
from portal.demo.world import SYNTHETIC, SYNTHETIC_EN, World
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, GOVERNMENT, MILITARY, Audience
from segments.classification import Classification

# Who is offered a family of goods.
OFFERED: dict[str, tuple[Audience, ...]] = {
    "civil": (CONSUMER, ENTERPRISE, GOVERNMENT, DIVISION),
    "retail": (CONSUMER, ENTERPRISE, DIVISION),
    "business": (ENTERPRISE, GOVERNMENT, DIVISION),
    "government": (GOVERNMENT, DIVISION),
    "military": (MILITARY,),
}
BRAND = "四方（示例）"
CURRENCY = "CNY"
HAN = re.compile(r"[\u4e00-\u9fff]+")

Toml = dict[str, Any]


class Offer(NamedTuple):
    """Who is offered a product, and who is cleared for it."""

    audiences: tuple[Audience, ...]
    degree: Classification
    compartments: tuple[str, ...]

    def guard(self) -> Toml:
        """The columns that a product and its parts share."""
        return {
            "audiences": [audience.value for audience in self.audiences],
            "classification": self.degree,
            "compartments": list(self.compartments),
        }


class Item(NamedTuple):
    """A stored variant, as far as prices, stock and orders need it."""

    id: UUID
    sku: str
    name: str
    offer: Offer
    reference: int  # fen
    tangible: bool
    rank: int  # the model's place in its family: first models sell most
    status: ProductStatus


class Shown(NamedTuple):
    """A value of an attribute in both languages."""

    zh: str
    en: str


class Texts(NamedTuple):
    """What a product says of itself."""

    name: str
    name_en: str
    summary: str
    summary_en: str
    description: str
    description_en: str
    values: dict[str, Shown]
    words: str  # the text of a tsvector


@cache
def families() -> Toml:
    """The content of `catalogue.toml`."""
    return tomllib.loads((files("portal.demo") / "catalogue.toml").read_text(encoding="utf-8"))


def make_catalogue(world: World, programmes: dict[str, UUID]) -> list[Item]:
    """Shelves and products with all that hangs on them; `programmes` are those that exist, by code."""
    data = families()
    shelves = make_shelves(world, data["categories"])
    items: list[Item] = []
    for number, family in enumerate(data["family"]):
        codes = model_codes(family["models"])
        for rank in range(len(family["models"])):
            if world.storable(Classification(family.get("degree", "PUBLIC"))):
                position = (rank * len(data["family"]) + number) * 10
                items += _make_product(world, family, rank, codes[rank], position, shelves, programmes)
    return items


def make_shelves(world: World, categories: Toml) -> dict[str, UUID]:
    """The categories by slug; a shelf stands after the one it is in."""
    shelves: dict[str, UUID] = {}
    for position, (slug, shelf) in enumerate(categories.items()):
        shelves[slug] = world.add(
            Category,
            parent_id=shelves[shelf["parent"]] if "parent" in shelf else None,
            slug=slug,
            name=shelf["name"],
            name_en=shelf["name_en"],
            summary=shelf["summary"],
            summary_en=shelf["summary_en"],
            position=position * 10,
        )
    return shelves


def model_codes(models: list[str]) -> list[str]:
    """The part of a stock-keeping unit that stands for the model: its Latin letters and digits, numbered when alike."""
    codes: list[str] = []
    for number, model in enumerate(models, 1):
        code = "".join(re.findall(r"[A-Z0-9]", model.upper())) or str(number)
        codes.append(code if code not in codes else f"{code}-{number}")
    return codes


def english(text: str, words: str) -> str:
    """A text with its Chinese parts in English, by a table of `catalogue.toml`."""
    table: dict[str, str] = families()[words]
    return table.get(text) or HAN.sub(lambda part: table[part.group()], text)


def shown(code: str, definition: list[Any], rank: int) -> Shown:
    """How the attribute of a model reads."""
    if isinstance(definition[0], str):
        value = definition[rank % len(definition)]
    else:
        value = f"{definition[0] + definition[1] * rank:,}"
    declared = families()["attributes"][code]
    value_en = english(value.replace(" 至 ", " to "), "values")
    return Shown(declared.get("zh", "{}").format(value), declared.get("en", "{}").format(value_en))


def describe(family: Toml, rank: int) -> Texts:
    """The texts of a model of a family."""
    values = {"use": Shown(*families()["uses"][family["use"]])}
    values |= {code: shown(code, definition, rank) for code, definition in family["attributes"].items()}
    model = family["models"][rank]
    shelf = families()["categories"][family["category"]]
    name, name_en = family["name"].format(model), family["name_en"].format(english(model, "qualifiers"))
    summary = family["summary"].format(**{code: value.zh for code, value in values.items()})
    summary_en = family["summary_en"].format(**{code: value.en for code, value in values.items()})
    description, description_en = family["description"] + SYNTHETIC, f"{family['description_en']} {SYNTHETIC_EN}"
    words = document_vector(
        f"{name} {name_en} {shelf['name']} {shelf['name_en']}",
        f"{summary} {summary_en}",
        f"{description} {description_en}",
    )
    return Texts(name, name_en, summary, summary_en, description, description_en, values, words)


def rounded(yuan: float) -> int:
    """A price in fen without odd ends."""
    return int(round(yuan, -1 if yuan >= 1_000 else 0)) * 100


def _make_product(
    world: World,
    family: Toml,
    rank: int,
    code: str,
    position: int,
    shelves: dict[str, UUID],
    programmes: dict[str, UUID],
) -> list[Item]:
    texts = describe(family, rank)
    status = _status(world, rank)
    offer = Offer(
        () if status is ProductStatus.DRAFT else _audiences(family, rank),
        Classification(family.get("degree", "PUBLIC")),
        tuple(family.get("compartments", ())),
    )
    reference = rounded(family["price"] * family["growth"] ** rank)
    tangible = family["grams"] > 0
    guarded = MILITARY in offer.audiences and offer.degree is not Classification.PUBLIC
    released = world.day(world.random.randint(500, 1_500) // (rank + 1) + 30)
    product = world.add(
        Product,
        category_id=shelves[family["category"]],
        origin_programme_id=programmes.get(family.get("origin", "")),
        slug=f"{family['sku']}-{code}".lower(),
        name=texts.name,
        name_en=texts.name_en,
        summary=texts.summary,
        summary_en=texts.summary_en,
        description=texts.description,
        description_en=texts.description_en,
        brand=BRAND,
        status=status,
        position=position,
        weight_grams=round(family["grams"] * (1 + 0.12 * rank)) if tangible else None,
        warranty_months=24 if tangible else None,
        released_on=world.day(-60) if status is ProductStatus.PREORDER else released,
        export_controlled=family["category"] in {"spares", "trainers", "radar"} or "激光" in texts.name,
        nato_stock_number=f"9999-00-000-{position:04}" if guarded else None,
        cost_amount=reference * world.random.randint(48, 68) // 100,
        cost_currency=CURRENCY,
        version=1,
        created_at=world.working_hour(released),
        updated_at=world.working_hour(world.day(world.random.randint(0, 90))),
        search=texts.words,
        **offer.guard(),
    )
    drawing = {"kind": MediaKind.ILLUSTRATION, "symbol": family["symbol"], "path": None, "position": 0}
    world.add(Media, product_id=product, caption=texts.name, caption_en=texts.name_en, **drawing, **offer.guard())
    _make_attributes(world, product, texts.values, offer)
    items: list[Item] = []
    for place, (suffix, label, label_en, share) in enumerate(families()["variants"][family["variants"]]):
        sku = f"{family['sku']}-{code}-{suffix}"
        columns = {"sku": sku, "name": label, "name_en": label_en, "position": place * 10}
        variant = world.add(Variant, product_id=product, **columns, **offer.guard())
        price = rounded(reference * share / 100)
        items.append(Item(variant, sku, f"{texts.name} {label}", offer, price, tangible, rank, status))
    return items


def _status(world: World, rank: int) -> ProductStatus:
    """Older models leave, newest ones are announced; a few are being written."""
    if rank == 4:
        newest = {ProductStatus.ACTIVE: 70, ProductStatus.PREORDER: 22, ProductStatus.DRAFT: 8}
        return world.weighted(newest)
    if rank == 1:
        return world.weighted({ProductStatus.ACTIVE: 85, ProductStatus.DISCONTINUED: 15})
    return ProductStatus.ACTIVE


def _audiences(family: Toml, rank: int) -> tuple[Audience, ...]:
    """First models of civil goods with a military origin are offered to everyone; the largest are not for consumers."""
    offered = OFFERED[family["offered"]]
    if family["offered"] == "civil":
        if "origin" in family and rank < 2:
            return (MILITARY, *offered)
        if rank == 4 and family["price"] > 2_000:
            return tuple(audience for audience in offered if audience is not CONSUMER)
    return offered


def _make_attributes(world: World, product: UUID, values: dict[str, Shown], offer: Offer) -> None:
    for position, (code, value) in enumerate(values.items()):
        declared = families()["attributes"][code]
        world.add(
            Attribute,
            product_id=product,
            code=code,
            name=declared["name"],
            name_en=declared["name_en"],
            value=value.zh,
            value_en=value.en,
            position=position * 10,
            **offer.guard(),
        )
