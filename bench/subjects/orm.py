"""Idiomatic Strawberry on the same tables: SQLAlchemy's ORM, data loaders, its own ASGI application.

What its documentation shows, with the caches it offers for documents. The viewer is set at the beginning of the request's
one transaction, as an application on row security would.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.types import ASGIApp
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache

from bench.shapes import Ask, ShapeName
from bench.viewers import Caller
from domain.customers import tables as customers
from domain.orders import tables as orders
from domain.shop import tables as shop
from foundation.database import Database
from foundation.session import transaction
from segments.viewer import ROW_SETTINGS

DOCUMENTS: Mapping[ShapeName, str] = {
    "product": """query Product($slug: String!) { product(slug: $slug) {
        id slug name summary description brand status weightGrams warrantyMonths releasedOn
        category { id slug name summary parent { name } } } }""",
    "list": """query List($category: UUID!) { products(category: $category, first: 20) {
        id slug name brand status weightGrams warrantyMonths releasedOn category { id name }
        variants { id sku name stock { onHand location { name } } } } }""",
    "customer": """query Customer($customer: UUID!) { customer(id: $customer) {
        id kind name unifiedCode region { name }
        orders(first: 10) { id number channel status placedAt units total { amount currency }
            lines { id sku name quantity amount { amount currency } } } } }""",
}


def variables(shape: ShapeName, ask: Ask) -> dict[str, str]:
    """The variables of a question in this dialect."""
    match shape:
        case "product":
            return {"slug": ask.slug}
        case "list":
            return {"category": str(ask.category)}
        case "customer":
            return {"customer": str(ask.customer)}


ProductStatus = strawberry.enum(shop.ProductStatus)
CustomerKind = strawberry.enum(customers.CustomerKind)
OrderStatus = strawberry.enum(orders.OrderStatus)
Channel = strawberry.enum(orders.Channel)


class Context(dict[str, Any]):
    """What resolvers share: the session, which takes one statement at a time, and a loader for each relation."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__()
        self.settings = settings
        self.session: AsyncSession | None = None
        self.turn = asyncio.Lock()
        self.category = self.by_id(shop.Category)
        self.region = self.by_id(customers.Region)
        self.location = self.by_id(shop.StockLocation)
        self.variants = self.many(shop.Variant.product_id, shop.Variant.position, shop.Variant.id)
        self.stock = self.many(shop.Stock.variant_id, shop.Stock.id)
        self.lines = self.many(orders.OrderLine.order_id, orders.OrderLine.position, orders.OrderLine.id)
        self.orders = DataLoader(self.newest_orders)

    async def rows(self, select: sa.Select[Any]) -> Sequence[Any]:
        """The objects of a select."""
        assert self.session is not None, "the extension opens it"
        async with self.turn:
            return (await self.session.scalars(select)).all()

    def by_id(self, table: Any) -> DataLoader[uuid.UUID, Any]:
        """Rows by their keys."""

        async def load(keys: list[uuid.UUID]) -> list[Any]:
            found = {row.id: row for row in await self.rows(sa.select(table).where(table.id.in_(keys)))}
            return [found.get(key) for key in keys]

        return DataLoader(load)

    def many(self, column: Any, *order: Any) -> DataLoader[uuid.UUID, list[Any]]:
        """The rows that refer to each key."""

        async def load(keys: list[uuid.UUID]) -> list[list[Any]]:
            found: dict[uuid.UUID, list[Any]] = defaultdict(list)
            for row in await self.rows(sa.select(column.class_).where(column.in_(keys)).order_by(*order)):
                found[getattr(row, column.key)].append(row)
            return [found[key] for key in keys]

        return DataLoader(load)

    async def newest_orders(self, keys: list[tuple[uuid.UUID, int]]) -> list[list[Any]]:
        """The newest orders of each customer."""
        order = orders.Order
        found: list[list[Any]] = []
        for customer, first in keys:
            newest = sa.select(order).where(order.customer_id == customer).order_by(order.placed_at.desc(), order.id)
            found.append(list(await self.rows(newest.limit(first))))
        return found


Info = strawberry.Info[Context, None]


@strawberry.type
class Money:
    amount: Decimal
    currency: str


@strawberry.type
class Named:
    name: str


@strawberry.type
class Category:
    id: uuid.UUID
    slug: str
    name: str
    summary: str
    parent_id: strawberry.Private[object]

    @strawberry.field
    async def parent(self, info: Info) -> Named | None:
        return None if self.parent_id is None else await info.context.category.load(self.parent_id)  # type: ignore[arg-type]


@strawberry.type
class Stock:
    on_hand: int
    location_id: strawberry.Private[object]

    @strawberry.field
    async def location(self, info: Info) -> Named:
        return await info.context.location.load(self.location_id)  # type: ignore[arg-type]


@strawberry.type
class Variant:
    id: uuid.UUID
    sku: str
    name: str

    @strawberry.field
    async def stock(self, info: Info) -> list[Stock]:
        return await info.context.stock.load(self.id)


@strawberry.type
class Product:
    id: uuid.UUID
    slug: str
    name: str
    summary: str
    description: str
    brand: str
    status: ProductStatus
    weight_grams: int | None
    warranty_months: int | None
    released_on: dt.date | None
    category_id: strawberry.Private[object]

    @strawberry.field
    async def category(self, info: Info) -> Category:
        return await info.context.category.load(self.category_id)  # type: ignore[arg-type]

    @strawberry.field
    async def variants(self, info: Info) -> list[Variant]:
        return await info.context.variants.load(self.id)


def money(amount: int, currency: str) -> Money:
    """An amount of minor units; all of the bench's money has two digits."""
    return Money(amount=Decimal(amount).scaleb(-2), currency=currency)


@strawberry.type
class Line:
    id: uuid.UUID
    sku: str
    name: str
    quantity: int
    amount_amount: strawberry.Private[int]
    amount_currency: strawberry.Private[str]

    @strawberry.field
    def amount(self) -> Money:
        return money(self.amount_amount, self.amount_currency)


@strawberry.type
class Order:
    id: uuid.UUID
    number: str
    channel: Channel
    status: OrderStatus
    placed_at: dt.datetime
    units: int
    total_amount: strawberry.Private[int]
    total_currency: strawberry.Private[str]

    @strawberry.field
    def total(self) -> Money:
        return money(self.total_amount, self.total_currency)

    @strawberry.field
    async def lines(self, info: Info) -> list[Line]:
        return await info.context.lines.load(self.id)


@strawberry.type
class Customer:
    id: uuid.UUID
    kind: CustomerKind
    name: str
    unified_code: str | None
    region_id: strawberry.Private[object]

    @strawberry.field
    async def region(self, info: Info) -> Named | None:
        return None if self.region_id is None else await info.context.region.load(self.region_id)  # type: ignore[arg-type]

    @strawberry.field
    async def orders(self, info: Info, first: int = 20) -> list[Order]:
        return await info.context.orders.load((self.id, first))


@strawberry.type
class Query:
    @strawberry.field
    async def product(self, info: Info, slug: str) -> Product | None:
        rows = await info.context.rows(sa.select(shop.Product).where(shop.Product.slug == slug))
        return rows[0] if rows else None

    @strawberry.field
    async def products(self, info: Info, category: uuid.UUID, first: int = 20) -> list[Product]:
        product = shop.Product
        listed = sa.select(product).where(product.category_id == category).order_by(product.position, product.id)
        return list(await info.context.rows(listed.limit(first)))

    @strawberry.field
    async def customer(self, info: Info, id: uuid.UUID) -> Customer | None:
        rows = await info.context.rows(sa.select(customers.Customer).where(customers.Customer.id == id))
        return rows[0] if rows else None


def row_security(database: Database) -> Callable[..., SchemaExtension]:
    """An extension that opens one transaction under the viewer's row settings for an operation."""

    class RowSecurity(SchemaExtension):
        async def on_operation(self) -> AsyncIterator[None]:  # type: ignore[override]
            context: Context = self.execution_context.context
            async with transaction(database, context.settings) as session:
                context.session = session
                yield

    return RowSecurity


def application(database: Database, callers: list[Caller]) -> ASGIApp:
    """Strawberry's ASGI application."""
    known = {f"Bearer {caller.token}": dict(zip(ROW_SETTINGS, caller.settings, strict=True)) for caller in callers}
    schema = strawberry.Schema(Query, extensions=[row_security(database), ParserCache(), ValidationCache()])

    class Application(GraphQL[Context, None]):
        async def get_context(self, request: Request, response: Any) -> Context:  # type: ignore[override]  # noqa: ARG002 - its signature
            return Context(known[request.headers["authorization"]])

    return Application(schema, graphql_ide=None)
