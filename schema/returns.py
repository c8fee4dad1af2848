"""Returns 退货 as customers and staff see them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.returns import tables
from domain.returns.tables import ReturnState
from resolvers import returns as answers
from resolvers.planner.declare import by_id, listing, optional, row
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from schema.money import Money
from schema.payments import PAYERS, READ, REFUND, Refund
from segments.audiences import ENTERPRISE, STAFF
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.orders import Order, OrderLine

PLACE = Needs("orders:place", by=(ENTERPRISE,))

publish_enum(ReturnState, *PAYERS, STAFF)


@For(*PAYERS, STAFF)
@READ
@row(tables.OrderReturnLine)
class OrderReturnLine(Node):
    """How many pieces of an order's line come back, and what is given back for them. 退货行。"""

    quantity: int
    damaged: Annotated[int, For(STAFF)]
    amount: Money
    points: int
    line: Annotated[OrderLine, strawberry.lazy("schema.orders")] | None


@For(*PAYERS, STAFF)
@READ
@row(tables.OrderReturn, order=("-requested_at",))
class OrderReturn(Node):
    """Goods of an order that are sent back; money and points are known once they have come. 退货。"""

    state: ReturnState
    reason: str
    answer: str | None
    amount: Money
    points: int
    requested_at: dt.datetime
    decided_at: dt.datetime | None
    received_at: dt.datetime | None
    ended_at: dt.datetime | None
    lines: Connection[OrderReturnLine]
    refund: Refund | None
    order: Annotated[Order, strawberry.lazy("schema.orders")] | None
    version: Annotated[int, For(STAFF)]


@For(STAFF)
@strawberry.input
class OrderReturnFilter:
    """Which returns to list. 退货筛选条件。"""

    state: ReturnState | None = None


@strawberry.type
class ReturnsQuery:
    """Root fields of returns."""

    order_return: Annotated[OrderReturn | None, For(*PAYERS, STAFF)] = by_id()
    order_returns: Annotated[Connection[OrderReturn], For(STAFF)] = listing(
        answers.returns, filter=optional(OrderReturnFilter)
    )


@For(*PAYERS)
@strawberry.input
class ReturnedLineInput:
    """So many pieces of a line of an order. 退货行。"""

    line: Annotated[strawberry.ID, Of("OrderLine")]
    quantity: int


@For(*PAYERS)
@strawberry.input
class RequestReturnInput:
    """What of which order is to be sent back, and why. 申请退货。"""

    order: Annotated[strawberry.ID, Of("Order")]
    lines: list[ReturnedLineInput]
    reason: str


@For(STAFF)
@strawberry.input
class DamagedLineInput:
    """So many pieces of a return's line came damaged and are not sold again. 损坏件数。"""

    line: Annotated[strawberry.ID, Of("OrderReturnLine")]
    quantity: int


@For(STAFF)
@strawberry.input
class ApproveReturnInput:
    """Which return the customer may send. 同意退货。"""

    order_return: Annotated[strawberry.ID, Of("OrderReturn")]


@For(STAFF)
@strawberry.input
class RefuseReturnInput:
    """Which return does not come back, and what the customer is told. 拒绝退货。"""

    order_return: Annotated[strawberry.ID, Of("OrderReturn")]
    answer: str


@For(STAFF)
@strawberry.input
class ReceiveReturnInput:
    """Which return has come. 退货入库。"""

    order_return: Annotated[strawberry.ID, Of("OrderReturn")]
    damaged: list[DamagedLineInput] | None = strawberry.UNSET


@For(*PAYERS, STAFF)
@strawberry.type
class OrderReturnPayload:
    """The return as it is now, or why nothing was changed. 退货结果。"""

    order_return: OrderReturn | None
    errors: list[UserError]


@strawberry.type
class ReturnsMutation:
    """Changes of returns."""

    request_return: Annotated[OrderReturnPayload, For(*PAYERS), PLACE] = mutation(
        answers.request_return, RequestReturnInput, OrderReturnPayload, idempotent=True
    )
    approve_return: Annotated[OrderReturnPayload, For(STAFF), REFUND] = mutation(
        answers.approve_return, ApproveReturnInput, OrderReturnPayload
    )
    refuse_return: Annotated[OrderReturnPayload, For(STAFF), REFUND] = mutation(
        answers.refuse_return, RefuseReturnInput, OrderReturnPayload
    )
    receive_return: Annotated[OrderReturnPayload, For(STAFF), REFUND] = mutation(
        answers.receive_return, ReceiveReturnInput, OrderReturnPayload, idempotent=True
    )
