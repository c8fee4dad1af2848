"""Orders as clients see them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.orders import tables
from domain.orders.tables import Channel, OrderStatus, Settlement
from resolvers import orders as answers
from resolvers.planner.declare import by_id, id_of, listing, optional, row, selected, sql, value
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import BigInt, Connection, Node
from resolvers.planner.subscriptions import subscription
from schema.classification import Classification
from schema.customers import Customer, Region, SourceSystem, TimelineEntry
from schema.money import Money
from segments.audiences import CONSUMER, CUSTOMERS, ENTERPRISE, STAFF
from segments.marks import For, Needs, Of, Through, publish_enum

if TYPE_CHECKING:
    from schema.payments import Payment
    from schema.returns import OrderReturn
    from schema.shop import StockLocation, Variant
    from schema.stores import Store

# Customers see their own orders by their rows alone; staff see everybody's by a right, and the people of a company hand
# theirs to its programs by the same one.
READ = Needs("orders:read", by=(ENTERPRISE, STAFF))
BUYERS = (CONSUMER, ENTERPRISE, STAFF)
# Consumers cancel their own; the people of a company need its right, staff theirs.
PLACE = Needs("orders:place", by=(ENTERPRISE,))
MANAGE = Needs("orders:manage", by=(STAFF,))
publish_enum(OrderStatus, *CUSTOMERS, STAFF)
publish_enum(Settlement, *BUYERS)
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
    unit_price: Money | None = sql(answers.unit_price)
    shipped: int
    discount: Annotated[Money, For(*BUYERS)] = sql(answers.line_discount)
    points: Annotated[int, For(*BUYERS)]
    payable: Annotated[Money, For(*BUYERS)] = sql(answers.line_payable)


@For(*BUYERS)
@READ
@row(tables.ShipmentLine)
class ShipmentLine(Node):
    """How many pieces of a line are in a shipment. 发货行。"""

    quantity: int
    line: OrderLine | None


@For(*BUYERS)
@READ
@row(tables.Shipment, order=("shipped_at",))
class Shipment(Node):
    """What left one place at one time; services leave none. 发货单。"""

    carrier: str | None
    tracking: str | None
    shipped_at: dt.datetime
    delivered_at: dt.datetime | None
    location: Annotated[StockLocation, strawberry.lazy("schema.shop")] | None
    lines: list[ShipmentLine]


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
    returns: Annotated[Connection[Annotated[OrderReturn, strawberry.lazy("schema.returns")]], For(*BUYERS)]
    settlement: Annotated[Settlement, For(*BUYERS)]
    due_on: Annotated[dt.date | None, For(*BUYERS)]
    subtotal: Annotated[Money, For(*BUYERS)] = sql(answers.subtotal)
    discount: Annotated[Money, For(*BUYERS)] = sql(answers.discount)
    points: Annotated[int, For(*BUYERS)]
    paid_by_points: Annotated[Money, For(*BUYERS)] = sql(answers.paid_by_points)
    payable: Annotated[Money, For(*BUYERS)] = sql(answers.payable)
    recipient: Annotated[str | None, For(*BUYERS)]
    phone: Annotated[str | None, For(*BUYERS)]
    region: Annotated[Region | None, For(*BUYERS)]
    address: Annotated[str | None, For(*BUYERS)]
    store: Annotated[Annotated[Store, strawberry.lazy("schema.stores")] | None, For(*BUYERS)]
    paid_at: Annotated[dt.datetime | None, For(*BUYERS)]
    delivered_at: Annotated[dt.datetime | None, For(*BUYERS)]
    cancelled_at: Annotated[dt.datetime | None, For(*BUYERS)]
    cancel_reason: Annotated[str | None, For(*BUYERS)]
    cancellable: Annotated[bool, For(*BUYERS)] = sql(answers.cancellable)
    shippable: Annotated[bool, For(STAFF)] = sql(answers.shippable)
    shipments: Annotated[list[Shipment], For(*BUYERS)]
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
    number: Annotated[str | None, Through(answers.number_written)] = None
    status: OrderStatus | None = None
    to_ship: Annotated[bool | None, For(STAFF)] = None
    source: Annotated[str | None, For(STAFF)] = None
    store: Annotated[strawberry.ID | None, Of("Store"), For(STAFF)] = None
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


@For(*BUYERS)
@strawberry.input
class CancelOrderInput:
    """An order of which nothing has been sent yet, and why. 取消订单。"""

    order: Annotated[strawberry.ID, Of("Order")]
    reason: str


@For(STAFF)
@strawberry.input
class ShipLineInput:
    """So many pieces of a line. 发货行。"""

    line: Annotated[strawberry.ID, Of("OrderLine")]
    quantity: int


@For(STAFF)
@strawberry.input
class ShipOrderInput:
    """What is sent of an order: everything that waits, unless lines are named; those of quantity 0 stay. 发货。"""

    order: Annotated[strawberry.ID, Of("Order")]
    lines: list[ShipLineInput] | None = strawberry.UNSET
    carrier: str | None = strawberry.UNSET
    tracking: str | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class OrderInput:
    """Which order. 订单。"""

    order: Annotated[strawberry.ID, Of("Order")]


@For(*BUYERS)
@strawberry.type
class OrderPayload:
    """The order as it is now, or why nothing was changed. 订单结果。"""

    order: Order | None
    errors: list[UserError]


@strawberry.type
class OrdersMutation:
    """Changes of orders."""

    cancel_order: Annotated[OrderPayload, For(*BUYERS), PLACE, MANAGE] = mutation(
        answers.cancel_order, CancelOrderInput, OrderPayload, idempotent=True
    )
    ship_order: Annotated[OrderPayload, For(STAFF), MANAGE] = mutation(
        answers.ship_order, ShipOrderInput, OrderPayload, idempotent=True
    )
    deliver_order: Annotated[OrderPayload, For(STAFF), MANAGE] = mutation(
        answers.deliver_order, OrderInput, OrderPayload
    )
    settle_order: Annotated[OrderPayload, For(STAFF), MANAGE] = mutation(
        answers.settle_order, OrderInput, OrderPayload, idempotent=True
    )


@strawberry.type
class OrdersSubscription:
    """Subscriptions of orders."""

    order_changed: Annotated[Order, For(*BUYERS)] = subscription(
        *answers.EVENTS, where=answers.changed_order, order=optional(id_of("Order"))
    )
