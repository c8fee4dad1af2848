"""Orders as clients see them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.orders import tables
from domain.orders.tables import Channel, OrderStatus
from resolvers import orders as answers
from resolvers.planner.declare import by_id, listing, optional, row, selected, sql, value
from resolvers.planner.relay import BigInt, Connection, Node
from schema.classification import Classification
from schema.customers import Customer, SourceSystem, TimelineEntry
from schema.money import Money
from segments.audiences import CONSUMER, CUSTOMERS, ENTERPRISE, STAFF
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.payments import Payment
    from schema.shop import Variant

# Customers see their own orders by their rows alone; staff see everybody's by a right, and the people of a company hand
# theirs to its programs by the same one.
READ = Needs("orders:read", by=(ENTERPRISE, STAFF))
publish_enum(OrderStatus, *CUSTOMERS, STAFF)
publish_enum(Channel, *CUSTOMERS, STAFF, name="OrderChannel")


@For(*CUSTOMERS, STAFF)
@READ
@row(tables.OrderLine, order=("position",))
class OrderLine(Node):
    """One line of an order. 订单行。"""

    position: int
    sku: str
    name: str
    quantity: int
    amount: Money
    variant: Annotated[Variant, strawberry.lazy("schema.shop")] | None


@For(*CUSTOMERS, STAFF)
@READ
@row(tables.Order, order=("-placed_at",))
class Order(Node, TimelineEntry):
    """What a customer bought at one time. 订单。"""

    number: str
    channel: Channel
    status: OrderStatus
    placed_at: dt.datetime
    at: dt.datetime = sql(answers.placed_at)
    units: int
    total: Money
    customer: Customer | None
    lines: Connection[OrderLine]
    payments: Annotated[
        Connection[Annotated[Payment, strawberry.lazy("schema.payments")]], For(CONSUMER, ENTERPRISE, STAFF)
    ]
    source_system: Annotated[SourceSystem | None, For(STAFF)]
    source_line: Annotated[int | None, For(STAFF)]
    classification: Classification


@For(STAFF)
@value
class OrderTotals:
    """Sums over the orders of a filter, one for each currency. 订单合计。"""

    orders: BigInt
    customers: BigInt
    units: BigInt
    total: Money
    free_orders: BigInt
    first_placed_at: dt.datetime | None
    last_placed_at: dt.datetime | None


@For(*CUSTOMERS, STAFF)
@strawberry.input
class OrderFilter:
    """Which orders to list or sum. 订单筛选条件。"""

    customer: Annotated[strawberry.ID | None, Of("Customer"), For(STAFF)] = None
    status: OrderStatus | None = None
    source: Annotated[str | None, For(STAFF)] = None
    placed_from: dt.datetime | None = None
    placed_before: dt.datetime | None = None


@strawberry.type
class OrdersQuery:
    """Root fields of orders."""

    order: Annotated[Order | None, For(*CUSTOMERS, STAFF)] = by_id()
    orders: Annotated[Connection[Order], For(*CUSTOMERS, STAFF)] = listing(answers.orders, filter=optional(OrderFilter))
    order_totals: Annotated[list[OrderTotals], For(STAFF), READ] = selected(
        answers.totals, filter=optional(OrderFilter)
    )
