"""The catalogue as people search it: words, filters, own prices and facets, on a real database under row security."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Region
from domain.shop import tables
from domain.shop.words import document_vector
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from schema.root import MASTER
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, EVERYONE, MILITARY, STAFF
from segments.viewer import Viewer
from segments.views import compile_views
from tests.people import IDS, SYSTEM, organisation, store

NOW = system_clock()
LIMITS = DocumentLimits(**dict.fromkeys(DocumentLimits.__dataclass_fields__, 10**9))
# Each product: shelf, names, brand, fen for enterprises, on hand (None: not stocked), attributes.
PRODUCTS: dict[str, tuple[str, str, str, str, int, int | None, dict[str, tuple[str, str]]]] = {
    "survey": ("uav-survey", "测绘无人机", "Survey drone", "青岚", 900_00, 9, {"use": ("测绘", "Survey"), "grade": ("IP43", "IP43")}),
    "rescue": ("uav-rescue", "救援无人机", "Rescue drone", "青岚", 500_00, 0, {"use": ("救援", "Rescue"), "grade": ("IP54", "IP54")}),
    "radio": ("radio", "应急电台", "Emergency radio", "远山", 200_00, 3, {"use": ("救援", "Rescue")}),
    "service": ("radio", "巡检服务", "Inspection service", "远山", 100_00, None, {}),
}  # fmt: skip
SHELVES = {"uav": None, "uav-survey": "uav", "uav-rescue": "uav", "radio": None}
FACETS = "query F($filter: ProductFilter) { productFacets(filter: $filter) { code name options { value name count } } }"


class Shop(NamedTuple):
    """An engine over the small catalogue, its shelves, and two enterprises of which the first has a price of its own."""

    engine: Engine
    shelves: dict[str, UUID]
    first: Viewer
    second: Viewer

    async def ask(self, source: str, viewer: Viewer | None = None, **variables: Any) -> Answer:
        return await self.engine.execute(viewer or self.second, Operation(source, variables))

    async def slugs(self, viewer: Viewer | None = None, **filter: Any) -> set[str]:
        source = "query P($filter: ProductFilter) { products(filter: $filter) { totalCount nodes { slug } } }"
        answer = json.loads((await self.ask(source, viewer, filter=filter)).body)
        assert "errors" not in answer, answer
        found = {node["slug"] for node in answer["data"]["products"]["nodes"]}
        assert answer["data"]["products"]["totalCount"] == len(found)
        return found

    async def facets(self, viewer: Viewer | None = None, **filter: Any) -> dict[str, dict[str, int]]:
        answer = json.loads((await self.ask(FACETS, viewer, filter=filter)).body)
        assert "errors" not in answer, answer
        return {
            facet["code"]: {option["name"]: option["count"] for option in facet["options"]}
            for facet in answer["data"]["productFacets"]
        }


@pytest.fixture(scope="module")
async def shop(own_database: Database) -> AsyncIterator[Shop]:
    """The catalogue, stored."""
    companies = organisation("甲公司"), organisation("乙公司")
    await store(own_database, *companies)
    async with transaction(own_database, SYSTEM) as session:
        shelves = await add_shelves(session)
        variants = await add_products(session, shelves)
        session.add(price(variants["survey"], 450_00, companies[0].id))
    engine = Engine(compile_views(MASTER), own_database, LIMITS, read_pool_size=2)
    first, second = (Viewer(ENTERPRISE, customer_id=company.id) for company in companies)
    yield Shop(engine, shelves, first, second)
    await engine.close()


async def add_shelves(session: AsyncSession) -> dict[str, UUID]:
    shelves = {slug: IDS() for slug in SHELVES}
    for position, (slug, parent) in enumerate(SHELVES.items()):
        texts = {"slug": slug, "name": slug, "summary": ""}
        above = shelves[parent] if parent else None
        session.add(tables.Category(id=shelves[slug], parent_id=above, position=position, **texts))
        await session.flush()
    return shelves


async def add_products(session: AsyncSession, shelves: dict[str, UUID]) -> dict[str, UUID]:
    """The products with a variant each; returns the variants."""
    variants: dict[str, UUID] = {}
    guard: dict[str, Any] = {"audiences": [audience.value for audience in EVERYONE]}
    region, place = IDS(), IDS()
    session.add(Region(id=region, code="510000", name="四川省"))
    await session.flush()
    session.add(tables.StockLocation(id=place, name="仓库", region_id=region))
    for position, (slug, row) in enumerate(PRODUCTS.items()):
        shelf, name, name_en, brand, fen, on_hand, attributes = row
        product, variant = IDS(), IDS()
        variants[slug] = variant
        session.add(
            tables.Product(
                **guard | {"id": product, "category_id": shelves[shelf], "slug": slug, "brand": brand},
                name=name, name_en=name_en, summary="", description="", status=tables.ProductStatus.ACTIVE,
                position=position, export_controlled=False, created_at=NOW, updated_at=NOW,
                search=document_vector(f"{name} {name_en}"),
            )
        )  # fmt: skip
        await session.flush()
        session.add(tables.Variant(id=variant, product_id=product, sku=slug, name=name, position=0, **guard))
        await session.flush()
        session.add(price(variant, fen))
        if on_hand is not None:
            session.add(tables.Stock(id=IDS(), variant_id=variant, location_id=place, on_hand=on_hand, **guard))
        for at, (code, (value, value_en)) in enumerate(attributes.items()):
            words = {"code": code, "name": code, "value": value, "value_en": value_en}
            session.add(tables.Attribute(id=IDS(), product_id=product, position=at, **words, **guard))
    return variants


def price(variant: UUID, fen: int, customer: UUID | None = None) -> tables.Price:
    day = dt.date(2020, 1, 1)
    of = {"variant_id": variant, "customer_id": customer}
    return tables.Price(id=IDS(), audience=ENTERPRISE, amount=fen, currency="CNY", valid_from=day, **of)


GARMENTS = {"jacket": {"S": "G", "M": "G", "L": "R"}, "coat": {"S": "R", "M": "R"}}


@pytest.fixture(scope="module")
async def garments(shop: Shop, own_database: Database) -> dict[str, Any]:
    """Two garments on a shelf of their own, a variant of each size in one colour, and a coat that only staff know of."""
    made: dict[str, Any] = {"shelf": IDS(), "variants": {}}
    async with transaction(own_database, SYSTEM) as session:
        session.add(tables.Category(id=made["shelf"], slug="wear", name="wear", summary="", position=9))
        await session.flush()
        for slug, combinations in {**GARMENTS, "hidden": {"S": "G", "XL": "W"}}.items():
            audiences = [] if slug == "hidden" else [audience.value for audience in EVERYONE]
            await add_garment(session, made, slug, combinations, {"audiences": audiences})
    return made


async def add_garment(
    session: AsyncSession, made: dict[str, Any], slug: str, combinations: dict[str, str], guard: dict[str, Any]
) -> None:
    """A garment with its options, and a variant for each combination."""
    product = tables.Product(
        id=IDS(), category_id=made["shelf"], slug=slug, name=slug, summary="", description="", brand="风信",
        status=tables.ProductStatus.ACTIVE, position=99, export_controlled=False, created_at=NOW, updated_at=NOW,
        search="", **guard,
    )  # fmt: skip
    session.add(product)
    await session.flush()
    keys: dict[str, UUID] = {}
    for place, (code, name, values) in enumerate(
        (("size", "尺码", dict.fromkeys(combinations)), ("colour", "颜色", dict.fromkeys(combinations.values())))
    ):
        option = tables.ProductOption(
            id=IDS(), product_id=product.id, code=code, name=name, name_en=code.title(), position=place, **guard
        )
        session.add(option)
        await session.flush()
        keys[code] = option.id
        for at, value in enumerate(values):
            keys[value] = IDS()
            words = {"code": value, "name": f"{value}号", "name_en": f"{value}!", "position": at}
            session.add(tables.OptionValue(id=keys[value], option_id=option.id, **words, **guard))
    await session.flush()
    for size, colour in combinations.items():
        variant = IDS()
        made["variants"][slug, size] = variant
        session.add(
            tables.Variant(id=variant, product_id=product.id, sku=f"{slug}-{size}", name=size, position=0, **guard)
        )
        await session.flush()
        for code, value in (("size", size), ("colour", colour)):
            of = {"variant_id": variant, "option_id": keys[code], "value_id": keys[value]}
            session.add(tables.VariantOption(id=IDS(), **of, **guard))
    made[slug] = keys


NOTHING: set[str] = set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("无人机", {"survey", "rescue"}),
        ("测绘无人机", {"survey"}),
        ("救援 无人机", {"rescue"}),
        ("ＤＲＯＮＥＳ", {"survey", "rescue"}),
        ("emerg", {"radio"}),
        ("应急 radio", {"radio"}),
        ("潜艇", NOTHING),
        # Nothing to search for is found nowhere, and nothing in a text is an operator.
        ("", NOTHING),
        ("!!! 的", NOTHING),
        ("drone & !survey | 'x' <-> \\", NOTHING),
    ],
)
async def test_words_in_both_languages(shop: Shop, text: str, found: set[str]) -> None:
    assert await shop.slugs(text=text) == found


async def test_one_plan_serves_other_words(shop: Shop) -> None:
    for text, found in (("无人机", {"survey", "rescue"}), ("radio", {"radio"})):
        assert await shop.slugs(text=text, brand=None) == found


async def test_filters(shop: Shop) -> None:
    uav = encode_id("Category", shop.shelves["uav"])
    assert await shop.slugs(category=uav) == {"survey", "rescue"}
    assert await shop.slugs(category=uav, text="救援") == {"rescue"}
    assert await shop.slugs(brand="远山") == {"radio", "service"}
    # What is not kept in stock can be had.
    assert await shop.slugs(availableOnly=True) == {"survey", "radio", "service"}
    assert await shop.slugs(availableOnly=False) == set(PRODUCTS)
    assert await shop.slugs(priceFrom="100.01", priceTo="500") == {"rescue", "radio"}
    assert await shop.slugs(priceFrom=900) == {"survey"}


async def test_attributes(shop: Shop) -> None:
    rescue, ip43, ip54 = ({"code": code, "values": [value]} for code, value in [("use", "救援"), ("grade", "IP43"), ("grade", "IP54")])  # fmt: skip
    assert await shop.slugs(attributes=[rescue]) == {"rescue", "radio"}
    assert await shop.slugs(attributes=[rescue, ip54]) == {"rescue"}
    assert await shop.slugs(attributes=[rescue, ip43]) == set()
    assert await shop.slugs(attributes=[{"code": "grade", "values": ["IP43", "IP54"]}]) == {"survey", "rescue"}
    assert await shop.slugs(attributes=[{"code": "grade", "values": []}]) == set()
    assert await shop.slugs(attributes=[]) == set(PRODUCTS)


async def test_prices_are_the_viewers_own(shop: Shop) -> None:
    assert await shop.slugs(shop.first, priceTo="450.00", priceFrom=300) == {"survey"}
    assert await shop.slugs(shop.second, priceTo="450.00", priceFrom=300) == set()
    assert await shop.slugs(shop.first, priceFrom=600) == set()
    assert await shop.slugs(shop.second, priceFrom=600) == {"survey"}
    # The rescue drone costs 500, where one choice ends and the next begins.
    assert (await shop.facets(shop.first, priceFrom=600)) == {"price": {"0–500": 4, "500–2,000": 1}}
    assert (await shop.facets(shop.second, priceFrom=600))["price"] == {"0–500": 3, "500–2,000": 2}
    assert (await shop.facets(shop.second, priceFrom=600))["brand"] == {"青岚": 1}


async def test_choices_of_a_price_are_bounds_of_the_filter_and_leave_what_they_say(shop: Shop) -> None:
    for viewer in (shop.first, shop.second):
        found = json.loads((await shop.ask(FACETS, viewer)).body)["data"]["productFacets"]
        (price_facet,) = (facet for facet in found if facet["code"] == "price")
        assert [option["value"] for option in price_facet["options"]] == ["0-500", "500-2000"]
        for option in price_facet["options"]:
            least, most = option["value"].split("-")
            assert len(await shop.slugs(viewer, priceFrom=least, priceTo=most)) == option["count"]


async def test_facets(shop: Shop) -> None:
    assert await shop.facets() == {
        "category": {"radio": 2, "uav": 2, "uav-survey": 1, "uav-rescue": 1},
        "brand": {"青岚": 2, "远山": 2},
        "price": {"0–500": 3, "500–2,000": 2},
        "availability": {"有现货": 1, "库存紧张": 1, "缺货": 1, "按需提供": 1},
        "use": {"救援": 2, "测绘": 1},
        "grade": {"IP43": 1, "IP54": 1},
    }


async def test_a_facet_is_counted_without_its_own_choice(shop: Shop) -> None:
    uav = encode_id("Category", shop.shelves["uav"])
    chosen = await shop.facets(
        category=uav, brand="青岚", availableOnly=True, attributes=[{"code": "use", "values": ["测绘"]}]
    )
    assert chosen["category"] == {"uav": 1, "uav-survey": 1}
    assert chosen["brand"] == {"青岚": 1}
    assert chosen["availability"] == {"有现货": 1}
    wide = await shop.facets(category=uav, brand="青岚", attributes=[{"code": "use", "values": ["测绘"]}])
    assert wide["use"] == {"救援": 1, "测绘": 1}
    # Only one value is left to choose.
    assert "grade" not in wide
    assert (await shop.facets(brand="青岚"))["brand"] == {"青岚": 2, "远山": 2}


async def test_facets_in_english_take_and_give_the_same_values(shop: Shop) -> None:
    english = Viewer(STAFF, language="en")
    answer = json.loads((await shop.ask(FACETS, english, filter={"text": "radio"})).body)
    assert answer["data"]["productFacets"][0]["name"] == "Category"
    found = json.loads((await shop.ask(FACETS, english)).body)["data"]["productFacets"]
    by_code = {facet["code"]: facet for facet in found}
    assert by_code["use"]["options"][0] == {"value": "救援", "name": "Rescue", "count": 2}
    top = by_code["category"]["options"][0]
    assert len(await shop.slugs(english, category=top["value"])) == top["count"]


@pytest.mark.parametrize("audience", [MILITARY, DIVISION])
async def test_who_is_told_no_stock_and_price_neither_filters_nor_counts_by_them(shop: Shop, audience: Any) -> None:
    viewer = Viewer(audience, scopes=frozenset({"catalogue:read"}))
    assert set(await shop.facets(viewer)) == {"category", "brand", "use", "grade"}
    for name, value in (("availableOnly", True), ("priceFrom", 1), ("priceTo", 1)):
        assert (await shop.ask(FACETS, viewer, filter={name: value})).refused


async def test_the_division_needs_its_scope_for_facets(shop: Shop) -> None:
    answer = await shop.ask(FACETS, Viewer(DIVISION))
    assert b"INSUFFICIENT_SCOPE" in answer.body


async def test_amounts_without_measure_are_refused(shop: Shop) -> None:
    for amount in ("NaN", "Infinity", "1E+999999"):
        answer = await shop.ask(FACETS, Viewer(CONSUMER), filter={"priceFrom": amount})
        assert answer.refused
        assert b"BAD_USER_INPUT" in answer.body


OPTIONS = """query O($slug: String!) { product(slug: $slug) { options { code name values { code name } }
    variants { sku selectedOptions { code name value valueName } } } }"""


async def test_a_product_says_by_what_its_variants_differ(shop: Shop, garments: dict[str, Any]) -> None:
    for language, size, one in (("zh", "尺码", "S号"), ("en", "Size", "S!")):
        viewer = Viewer(CONSUMER, language=language)
        answer = json.loads((await shop.ask(OPTIONS, viewer, slug="jacket")).body)["data"]["product"]
        assert [(option["code"], [each["code"] for each in option["values"]]) for option in answer["options"]] == [
            ("size", ["S", "M", "L"]),
            ("colour", ["G", "R"]),
        ]
        assert answer["options"][0]["name"] == size
        chosen = {
            row["sku"]: {each["code"]: each["value"] for each in row["selectedOptions"]} for row in answer["variants"]
        }
        assert chosen == {f"jacket-{s}": {"size": s, "colour": c} for s, c in GARMENTS["jacket"].items()}
        first = next(row for row in answer["variants"] if row["sku"] == "jacket-S")["selectedOptions"][0]
        assert first == {"code": "size", "name": size, "value": "S", "valueName": one}


async def test_options_narrow_to_products_of_which_one_variant_has_them_all(
    shop: Shop, garments: dict[str, Any]
) -> None:
    def wish(**values: str) -> list[dict[str, Any]]:
        return [{"code": code, "values": [*value]} for code, value in values.items()]

    assert await shop.slugs(options=wish(size="S")) == {"jacket", "coat"}
    assert await shop.slugs(options=wish(size="L")) == {"jacket"}
    # The jacket is there in red, and in small, but not in both.
    assert await shop.slugs(options=wish(size="S", colour="R")) == {"coat"}
    assert await shop.slugs(options=wish(size="LS", colour="R")) == {"jacket", "coat"}
    assert await shop.slugs(options=wish(size="")) == set()
    wear = {"categorySlug": "wear"}
    sizes = (await shop.facets(**wear))["size"]
    assert sizes == {"S号": 2, "M号": 2, "L号": 1}
    assert [*sizes] == ["S号", "M号", "L号"], "as products list them, not by count or letter"
    assert (await shop.facets(**wear))["colour"] == {"R号": 2, "G号": 1}
    # What another option leaves, as if nothing were chosen of the facet itself.
    chosen = await shop.facets(**wear, options=wish(size="S", colour="R"))
    assert chosen["size"] == {"S号": 1, "M号": 1, "L号": 1}
    assert chosen["colour"] == {"G号": 1, "R号": 1}
    assert chosen["category"]["wear"] == 1


async def test_hidden_products_are_neither_counted_nor_named_by_options(shop: Shop, garments: dict[str, Any]) -> None:
    for viewer in (
        shop.first,
        Viewer(CONSUMER),
        Viewer(MILITARY),
        Viewer(DIVISION, scopes=frozenset({"catalogue:read"})),
    ):
        source = FACETS.replace("code name", "code", 1)
        answer = await shop.ask(source, viewer, filter={"categorySlug": "wear"})
        found = {each["code"]: each["options"] for each in json.loads(answer.body)["data"]["productFacets"]}
        assert {each["value"]: each["count"] for each in found["size"]} == {"S": 2, "M": 2, "L": 1}
        assert "XL" not in answer.body.decode()
        hidden = [{"code": "size", "values": ["XL"]}]
        assert await shop.slugs(viewer, options=hidden) == set()
    staff = await shop.facets(Viewer(STAFF), categorySlug="wear")
    assert staff["size"]["XL号"] == 1
    assert staff["size"]["S号"] == 3


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("delete from variant_option where variant_id = :small and option_id = :size", "variant_option_missing"),
        (
            "update variant_option set option_id = :foreign where variant_id = :small and option_id = :size",
            "variant_option_foreign",
        ),
        (
            "update variant_option set value_id = :red where variant_id = :small and option_id = :size",
            "variant_option_foreign",
        ),
        (
            "update variant_option set value_id = :medium where variant_id = :small and option_id = :size",
            "variant_option_combination",
        ),
    ],
)
async def test_variants_are_told_apart(
    garments: dict[str, Any], own_database: Database, fault: str, named: str
) -> None:
    jacket = garments["jacket"]
    keys = {
        "small": garments["variants"]["jacket", "S"],
        "size": jacket["size"],
        "medium": jacket["M"],
        "red": jacket["R"],
        "foreign": garments["coat"]["size"],
    }
    given = {name: key for name, key in keys.items() if f":{name}" in fault}
    with pytest.raises(sa.exc.IntegrityError) as refused:
        async with transaction(own_database, SYSTEM) as session:
            await session.execute(sa.text(fault), given)
    assert named in repr(getattr(refused.value.orig, "__cause__", None).__dict__)
    # Two variants may change places in one transaction: it is looked at when it ends.
    swap = sa.text(
        "update variant_option set value_id = case value_id when :small then :medium else :small end where value_id in (:small, :medium)"
    )
    async with transaction(own_database, SYSTEM) as session:
        for _ in range(2):
            await session.execute(swap, {"small": jacket["S"], "medium": jacket["M"]})
