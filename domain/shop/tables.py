"""Tables of the catalogue: categories, products, variants, media, attributes, options, prices and stock."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.customers.tables import Customer, Region
from domain.identity.tables import AUDIENCE
from domain.programmes.tables import Programme
from foundation.tables import TEXT, Table, labels
from segments import policies
from segments.audiences import DIVISION, Audience
from segments.classification import Classified
from segments.policies import (
    ANYBODY,
    HOUSE_OR_FUNCTIONS,
    STAFF_OR_SYSTEM,
    Rows,
    all_of,
    any_of,
    offered,
    owned,
    seen_by,
)

# The division offers what became of an outcome; it writes nothing that is not offered to itself too.
BY_STAFF_OR_DIVISION = any_of(STAFF_OR_SYSTEM, all_of(seen_by(DIVISION), offered()))


class ProductStatus(enum.Enum):
    """Where a product is in its commercial life."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PREORDER = "PREORDER"
    DISCONTINUED = "DISCONTINUED"


class MediaKind(enum.Enum):
    """What a medium shows."""

    ILLUSTRATION = "ILLUSTRATION"
    PHOTO = "PHOTO"
    DOCUMENT = "DOCUMENT"


class Category(Table):
    """A shelf of the catalogue; shelves nest."""

    __tablename__ = "category"
    __rows__ = Rows(ANYBODY, STAFF_OR_SYSTEM, classified=False)
    __table_args__ = (UniqueConstraint("slug"), Index("ix_category_parent", "parent_id", "position", "id"))

    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("category.id"))
    slug: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    summary: Mapped[str]
    summary_en: Mapped[str | None]
    position: Mapped[int]
    parent: Mapped[Category | None] = relationship(lazy="raise", remote_side="Category.id", back_populates="children")
    children: Mapped[list[Category]] = relationship(lazy="raise", back_populates="parent")
    products: Mapped[list[Product]] = relationship(lazy="raise", back_populates="category")


class Product(Classified, Table):
    """Something the enterprise offers. `audiences` lists who is offered it; staff see all.

    `search` holds the words of its texts, segmented by the application (`domain/shop/words.py`): PostgreSQL has no
    parser for Chinese.
    """

    __tablename__ = "product"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, offered()), BY_STAFF_OR_DIVISION)
    __table_args__ = (
        UniqueConstraint("slug"),
        Index("ix_product_order", "position", "id"),
        Index("ix_product_brand", "brand", "position", "id"),
        Index("ix_product_category", "category_id", "position", "id"),
        Index("ix_product_programme", "origin_programme_id"),
        Index("ix_product_search", "search", postgresql_using="gin"),
    )

    category_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("category.id"))
    origin_programme_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("programme.id"))
    slug: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    summary: Mapped[str]
    summary_en: Mapped[str | None]
    description: Mapped[str]
    description_en: Mapped[str | None]
    brand: Mapped[str]
    status: Mapped[ProductStatus] = mapped_column(labels(ProductStatus, "status"))
    audiences: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    position: Mapped[int]
    weight_grams: Mapped[int | None]
    warranty_months: Mapped[int | None]
    released_on: Mapped[dt.date | None]
    export_controlled: Mapped[bool]
    nato_stock_number: Mapped[str | None]
    cost_amount: Mapped[int | None]
    cost_currency: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    search: Mapped[str] = mapped_column(TSVECTOR())
    category: Mapped[Category] = relationship(lazy="raise", back_populates="products")
    origin_programme: Mapped[Programme | None] = relationship(lazy="raise")
    variants: Mapped[list[Variant]] = relationship(lazy="raise", back_populates="product")
    media: Mapped[list[Media]] = relationship(lazy="raise", back_populates="product")
    attributes: Mapped[list[Attribute]] = relationship(lazy="raise", back_populates="product")
    options: Mapped[list[ProductOption]] = relationship(lazy="raise", back_populates="product")


class ProductPart(Classified):
    """What a part of a product repeats of it, so that the part's row policy needs no join."""

    audiences: Mapped[list[str]] = mapped_column(ARRAY(TEXT))


class Variant(ProductPart, Table):
    """What is sold: one stock-keeping unit of a product."""

    __tablename__ = "variant"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, offered()), BY_STAFF_OR_DIVISION)
    __table_args__ = (UniqueConstraint("sku"), Index("ix_variant_product", "product_id", "position", "id"))

    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    sku: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    position: Mapped[int]
    product: Mapped[Product | None] = relationship(lazy="raise", back_populates="variants")
    prices: Mapped[list[Price]] = relationship(lazy="raise", back_populates="variant")
    stock: Mapped[list[Stock]] = relationship(lazy="raise", back_populates="variant")


class Media(ProductPart, Table):
    """A picture or document of a product; `symbol` names a drawing of the platform's own sheet, `path` a stored file."""

    __tablename__ = "media"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, offered()), BY_STAFF_OR_DIVISION)
    __table_args__ = (Index("ix_media_product", "product_id", "position", "id"),)

    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    kind: Mapped[MediaKind] = mapped_column(labels(MediaKind, "kind"))
    symbol: Mapped[str | None]
    path: Mapped[str | None]
    caption: Mapped[str]
    caption_en: Mapped[str | None]
    position: Mapped[int]
    product: Mapped[Product | None] = relationship(lazy="raise", back_populates="media")


class Attribute(ProductPart, Table):
    """A declared property of a product, such as flight time 续航 of 42 minutes; `code` makes facets across products."""

    __tablename__ = "attribute"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, offered()))
    __table_args__ = (
        Index("ix_attribute_product", "product_id", "position", "id"),
        Index("ix_attribute_code", "code", "value", "product_id"),
    )

    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    value: Mapped[str]
    value_en: Mapped[str | None]
    position: Mapped[int]
    product: Mapped[Product | None] = relationship(lazy="raise", back_populates="attributes")


class ProductOption(ProductPart, Table):
    """What variants of a product differ by, such as colour 颜色 or size 尺码; `code` makes facets across products."""

    __tablename__ = "product_option"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, offered()), BY_STAFF_OR_DIVISION)
    __table_args__ = (
        UniqueConstraint("product_id", "code"),
        Index("ix_product_option_product", "product_id", "position", "id"),
    )

    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    position: Mapped[int]
    product: Mapped[Product | None] = relationship(lazy="raise", back_populates="options")
    values: Mapped[list[OptionValue]] = relationship(lazy="raise", back_populates="option")


class OptionValue(ProductPart, Table):
    """What can be chosen of an option; values of one code are one choice across products."""

    __tablename__ = "option_value"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, offered()), BY_STAFF_OR_DIVISION)
    __table_args__ = (
        UniqueConstraint("option_id", "code"),
        Index("ix_option_value_option", "option_id", "position", "id"),
    )

    option_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product_option.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    position: Mapped[int]
    option: Mapped[ProductOption | None] = relationship(lazy="raise", back_populates="values")


class VariantOption(ProductPart, Table):
    """Which value of an option a variant has.

    The database sees to it, when a transaction ends, that a variant which has a value of one option has one of each option
    of its product, that options and values are of that product, and that no two variants of it have the same.
    """

    __tablename__ = "variant_option"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, offered()), BY_STAFF_OR_DIVISION)
    __table_args__ = (UniqueConstraint("variant_id", "option_id"), Index("ix_variant_option_value", "value_id"))

    variant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("variant.id"))
    option_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product_option.id"))
    value_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("option_value.id"))


class Price(Table):
    """The price of a variant for an audience, or for one customer, from a day until the day before `valid_until`."""

    __tablename__ = "price"
    __rows__ = Rows(
        any_of(STAFF_OR_SYSTEM, owned(), f"(customer_id is null and audience = {policies.AUDIENCE})"),
        any_of(STAFF_OR_SYSTEM, all_of(seen_by(DIVISION), "customer_id is null")),
        classified=False,
    )
    __table_args__ = (
        CheckConstraint("amount >= 0", "not_negative"),
        CheckConstraint("valid_until is null or valid_until > valid_from", "period"),
        Index("ix_price_variant", "variant_id", "audience", "customer_id", "valid_from"),
    )

    variant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("variant.id"))
    audience: Mapped[Audience] = mapped_column(AUDIENCE)
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("customer.id"))
    amount: Mapped[int]
    currency: Mapped[str]
    valid_from: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]
    variant: Mapped[Variant | None] = relationship(lazy="raise", back_populates="prices")
    customer: Mapped[Customer | None] = relationship(lazy="raise")


class StockLocation(Table):
    """Where goods lie: a warehouse or a store."""

    __tablename__ = "stock_location"
    __rows__ = Rows(ANYBODY, STAFF_OR_SYSTEM, classified=False)

    name: Mapped[str]
    name_en: Mapped[str | None]
    region_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("region.id"))
    region: Mapped[Region] = relationship(lazy="raise")


class Stock(ProductPart, Table):
    """How many of a variant lie at a location, and how many of them are reserved."""

    __tablename__ = "stock"
    __rows__ = Rows(any_of(STAFF_OR_SYSTEM, offered()), HOUSE_OR_FUNCTIONS)
    __table_args__ = (
        UniqueConstraint("variant_id", "location_id"),
        Index("ix_stock_variant", "variant_id", "id"),
        CheckConstraint("reserved between 0 and on_hand", "reserved"),
    )

    variant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("variant.id"))
    location_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stock_location.id"))
    on_hand: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    variant: Mapped[Variant | None] = relationship(lazy="raise", back_populates="stock")
    location: Mapped[StockLocation] = relationship(lazy="raise")
