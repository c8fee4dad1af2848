"""The catalogue 商品目录 as clients see it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.shop import tables
from domain.shop.availability import Availability
from domain.shop.facets import FacetKind
from domain.shop.tables import MediaKind, ProductStatus
from domain.shop.words import query_terms
from resolvers import facets
from resolvers import shop as answers
from resolvers.planner.declare import by_key, id_of, listing, optional, row, selected, sql, value
from resolvers.planner.relay import Connection, Node
from schema.classification import Classification
from schema.customers import Region
from schema.money import Money
from segments.audiences import DIVISION, ENTERPRISE, EVERYONE, GOVERNMENT, MILITARY, STAFF
from segments.marks import For, Needs, Of, Through, publish_enum

if TYPE_CHECKING:
    from schema.programmes import Programme

PRICED = answers.PRICED

publish_enum(ProductStatus, *EVERYONE)
publish_enum(MediaKind, *EVERYONE)
publish_enum(Availability, *PRICED)
publish_enum(FacetKind, *EVERYONE)
# The division looks at civil products by a right of its own, on whatever path it comes to them.
CATALOGUE = Needs("catalogue:read", by=(DIVISION,))


@For(*EVERYONE)
@CATALOGUE
@row(tables.Category, order=("position",))
class Category(Node):
    """A shelf of the catalogue. 商品类目。"""

    slug: str
    name: str = sql(answers.name)
    summary: str = sql(answers.summary)
    parent: Category | None
    children: Connection[Category]
    products: Connection[Product]
    product_count: int = sql(answers.product_count)


@For(*EVERYONE)
@CATALOGUE
@row(tables.Media, order=("position",))
class Media(Node):
    """A picture or document of a product. 图片与资料。"""

    kind: MediaKind
    symbol: str | None
    path: str | None
    caption: str = sql(answers.caption)


@For(*EVERYONE)
@CATALOGUE
@row(tables.Attribute, order=("position",))
class Attribute(Node):
    """A declared property of a product. 商品属性。"""

    code: str
    name: str = sql(answers.name)
    value: str = sql(answers.attribute_value)


@For(*EVERYONE)
@CATALOGUE
@row(tables.OptionValue, order=("position",))
class OptionValue(Node):
    """What can be chosen of an option. 选项的取值。"""

    code: str
    name: str = sql(answers.name)


@For(*EVERYONE)
@CATALOGUE
@row(tables.ProductOption, order=("position",))
class ProductOption(Node):
    """What the variants of a product differ by, such as colour or size. 商品选项。"""

    code: str
    name: str = sql(answers.name)
    values: list[OptionValue]


@For(*EVERYONE)
@CATALOGUE
@value
class SelectedOption:
    """What a variant has of an option: by code, and in words. 规格所选的选项。"""

    code: str
    name: str
    value: str
    value_name: str


@For(*EVERYONE)
@CATALOGUE
@row(tables.StockLocation, order=("name",))
class StockLocation(Node):
    """A warehouse or store. 仓库或门店。"""

    name: str = sql(answers.name)
    region: Region


@For(ENTERPRISE, STAFF)
@row(tables.Stock)
class Stock(Node):
    """How many of a variant lie at a location. 库存。"""

    location: StockLocation
    on_hand: int
    reserved: Annotated[int, For(STAFF)]


@For(*EVERYONE)
@CATALOGUE
@row(tables.Variant, order=("position",))
class Variant(Node):
    """What is sold: one stock-keeping unit. 规格。"""

    sku: str
    name: str = sql(answers.name)
    price: Annotated[Money | None, For(*PRICED)] = sql(answers.price)
    list_price: Annotated[Money | None, For(ENTERPRISE, GOVERNMENT)] = sql(answers.list_price)
    agreed_until: Annotated[dt.date | None, For(ENTERPRISE, GOVERNMENT)] = sql(answers.agreed_until)
    available: Annotated[int, For(*PRICED)] = sql(answers.available)
    availability: Annotated[Availability, For(*PRICED)] = sql(answers.variant_availability)
    stock: Annotated[list[Stock], For(ENTERPRISE, STAFF)]
    selected_options: list[SelectedOption] = sql(answers.selected_options)
    product: Product | None


@For(*EVERYONE)
@CATALOGUE
@row(tables.Product, order=("position",))
class Product(Node):
    """Something the enterprise offers. 商品。"""

    slug: str
    name: str = sql(answers.name)
    summary: str = sql(answers.summary)
    description: str = sql(answers.description)
    brand: str
    status: ProductStatus
    category: Category
    price_from: Annotated[Money | None, For(*PRICED)] = sql(answers.price_from)
    price_to: Annotated[Money | None, For(*PRICED)] = sql(answers.price_to)
    availability: Annotated[Availability, For(*PRICED)] = sql(answers.product_availability)
    variants: list[Variant]
    media: list[Media]
    attributes: list[Attribute]
    options: list[ProductOption]
    weight_grams: int | None
    warranty_months: Annotated[int | None, For(*PRICED)]
    released_on: dt.date | None
    nato_stock_number: Annotated[str | None, For(MILITARY, GOVERNMENT, STAFF)]
    export_controlled: Annotated[bool, For(ENTERPRISE, DIVISION, STAFF)]
    origin_programme: Annotated[Annotated[Programme, strawberry.lazy("schema.programmes")] | None, For(DIVISION, STAFF)]
    cost: Annotated[Money | None, For(STAFF), Needs("products:cost")]
    classification: Annotated[Classification, For(MILITARY, DIVISION, STAFF)]
    version: Annotated[int, For(STAFF)]
    created_at: Annotated[dt.datetime, For(STAFF)]
    updated_at: Annotated[dt.datetime, For(STAFF)]


@For(*EVERYONE)
@strawberry.input
class AttributeFilter:
    """Products of which an attribute has one of some values, as facets give them. 属性筛选。"""

    code: str
    values: list[str]


@For(*EVERYONE)
@strawberry.input
class OptionFilter:
    """Products of which one variant has one of some values of an option, by their codes. 选项筛选。"""

    code: str
    values: list[str]


@For(*EVERYONE)
@strawberry.input
class ProductFilter:
    """Which products to list: those that fulfil everything given here. 商品筛选条件。

    `text` asks for every word of it, in Chinese or English, in names, summaries and descriptions; one without words, such
    as a sign alone, finds nothing. `category` counts those below it; `categorySlug` names it by its slug where no `category`
    is given. Limits of a price are what the viewer pays for
    some variant of the product, in major units. Of `options` one variant has to have all.
    """

    text: Annotated[str | None, Through(query_terms)] = None
    category: Annotated[strawberry.ID | None, Of("Category")] = None
    category_slug: str | None = None
    brand: str | None = None
    available_only: Annotated[bool | None, For(*PRICED)] = None
    price_from: Annotated[Decimal | None, For(*PRICED)] = None
    price_to: Annotated[Decimal | None, For(*PRICED)] = None
    attributes: Annotated[list[AttributeFilter] | None, Through(answers.wished)] = None
    options: Annotated[list[OptionFilter] | None, Through(answers.wished)] = None
    status: Annotated[ProductStatus | None, For(STAFF)] = None
    store_code: Annotated[str | None, For(STAFF)] = None


@For(*EVERYONE)
@CATALOGUE
@value
class FacetOption:
    """A choice of a facet, and how many products it leaves. 筛选项的取值。"""

    value: str
    name: str
    count: int


@For(*EVERYONE)
@CATALOGUE
@value
class Facet:
    """What the products of a filter could be narrowed by: category, brand, price, availability, option, or attribute. 筛选项。

    A choice of prices is written as its two bounds, `500-2000` or `200000-`; one without an upper bound ends at the dash.
    It counts what the rest of the filter leaves, as if nothing were chosen of the facet itself.
    """

    kind: FacetKind
    code: str
    name: str
    options: list[FacetOption] = sql(facets.options)


@strawberry.type
class ShopQuery:
    """Root fields of the catalogue."""

    product: Annotated[Product | None, For(*EVERYONE)] = by_key(slug=str)
    category: Annotated[Category | None, For(*EVERYONE)] = by_key(slug=str)
    categories: Annotated[Connection[Category], For(*EVERYONE)] = listing(
        answers.categories, parent=optional(id_of("Category"))
    )
    products: Annotated[Connection[Product], For(*EVERYONE)] = listing(answers.products, filter=optional(ProductFilter))
    product_facets: Annotated[list[Facet], For(*EVERYONE)] = selected(
        facets.product_facets, filter=optional(ProductFilter)
    )
