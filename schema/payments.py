"""Payments 支付 and refunds 退款 as customers and staff see them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.payments import tables
from domain.payments.tables import EventEffect, PaymentNewsKind, PaymentState, RefundReason, RefundState
from resolvers import payments as answers
from resolvers.planner.declare import by_id, listing, optional, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from schema.money import Money
from segments.audiences import CONSUMER, ENTERPRISE, STAFF
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.orders import Order

PAYERS = (CONSUMER, ENTERPRISE)
READ = Needs("orders:read", by=(ENTERPRISE, STAFF))
REFUND = Needs("payments:refund")

publish_enum(PaymentState, *PAYERS, STAFF)
publish_enum(RefundState, *PAYERS, STAFF)
publish_enum(RefundReason, *PAYERS, STAFF)
publish_enum(PaymentNewsKind, STAFF)
publish_enum(EventEffect, STAFF, name="PaymentEventEffect")


@For(*PAYERS, STAFF)
@READ
@row(tables.Refund, order=("requested_at",))
class Refund(Node):
    """Money of a payment that is given back. 退款。"""

    amount: Money
    reason: RefundReason
    state: RefundState
    requested_at: dt.datetime
    ended_at: dt.datetime | None
    payment: Annotated[Payment | None, For(STAFF)]


@For(STAFF)
@READ
@row(tables.PaymentEvent, order=("received_at",))
class PaymentEvent(Node):
    """What a provider said of a payment, and what it did. 支付通知。"""

    provider: str
    event_id: str
    kind: PaymentNewsKind
    effect: EventEffect
    said_at: dt.datetime
    received_at: dt.datetime


@For(*PAYERS, STAFF)
@READ
@row(tables.Payment, order=("-opened_at",))
class Payment(Node):
    """A try to pay an order. 支付。

    Its payer goes on to an address below the installation's, which is null once nothing can be paid any more.
    """

    amount: Money
    state: PaymentState
    refund_asked: Money = sql(answers.refund_asked)
    refunded: Money = sql(answers.refunded)
    pay_address: Annotated[str | None, For(*PAYERS)] = sql(answers.pay_address)
    opened_at: dt.datetime
    expires_at: dt.datetime
    closed_at: dt.datetime | None
    refunds: Connection[Refund]
    order: Annotated[Order, strawberry.lazy("schema.orders")] | None
    provider: Annotated[str | None, For(STAFF)]
    reference: Annotated[str | None, For(STAFF)]
    events: Annotated[Connection[PaymentEvent], For(STAFF)]
    look_at: Annotated[dt.datetime | None, For(STAFF)]
    looks: Annotated[int, For(STAFF)]


@For(STAFF)
@strawberry.input
class PaymentFilter:
    """Which payments to list. 支付筛选条件。"""

    state: PaymentState | None = None
    order: Annotated[strawberry.ID | None, Of("Order")] = None


@strawberry.type
class PaymentsQuery:
    """Root fields of payments."""

    payment: Annotated[Payment | None, For(*PAYERS, STAFF)] = by_id()
    payments: Annotated[Connection[Payment], For(STAFF)] = listing(answers.payments, filter=optional(PaymentFilter))


@For(*PAYERS)
@strawberry.input
class StartPaymentInput:
    """Which order is to be paid. 发起支付。"""

    order: Annotated[strawberry.ID, Of("Order")]


@For(*PAYERS)
@strawberry.type
class StartPaymentPayload:
    """The payment to go on with, or why there is none. 发起支付的结果。"""

    payment: Payment | None
    errors: list[UserError]


@For(STAFF)
@strawberry.input
class RefundOrderInput:
    """Which order is given back money for, and how much in major units; all that is left without an amount. 订单退款。"""

    order: Annotated[strawberry.ID, Of("Order")]
    amount: Decimal | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class RetryRefundInput:
    """Which refund is to be tried again. 重试退款。"""

    refund: Annotated[strawberry.ID, Of("Refund")]


@For(STAFF)
@strawberry.type
class RefundPayload:
    """The refund, or why there is none. 退款结果。"""

    refund: Refund | None
    errors: list[UserError]


@strawberry.type
class PaymentsMutation:
    """Changes of payments."""

    start_payment: Annotated[StartPaymentPayload, For(*PAYERS), READ] = mutation(
        answers.start_payment, StartPaymentInput, StartPaymentPayload, idempotent=True
    )
    refund_order: Annotated[RefundPayload, For(STAFF), REFUND] = mutation(
        answers.refund_order, RefundOrderInput, RefundPayload, idempotent=True
    )
    retry_refund: Annotated[RefundPayload, For(STAFF), REFUND] = mutation(
        answers.retry_refund, RetryRefundInput, RefundPayload, idempotent=True
    )
