"""Sales at the tills of stores 门店收银: what a clerk does there. A sale is an order, and is read as one (`schema/orders.py`)."""

from __future__ import annotations

from typing import Annotated

import strawberry

from domain.till.paying import TillMeans
from resolvers import till as answers
from resolvers.planner.mutations import mutation
from schema.orders import OrderPayload
from schema.payments import RefundPayload
from segments.audiences import STAFF
from segments.marks import For, Needs, Of, publish_enum

SELL = Needs("stores:sell")

publish_enum(TillMeans, STAFF)


@For(STAFF)
@strawberry.input
class SaleLineInput:
    """So many pieces of a variant. 销售行。"""

    variant: Annotated[strawberry.ID, Of("Variant")]
    quantity: int


@For(STAFF)
@strawberry.input
class RingUpSaleInput:
    """What is bought at a store, and by whom: a member says their number, who is none yet is named as a customer. 开单。"""

    store: Annotated[strawberry.ID, Of("Store")]
    member: str | None = strawberry.UNSET
    customer: Annotated[strawberry.ID | None, Of("Customer")] = strawberry.UNSET
    lines: list[SaleLineInput]
    voucher: str | None = strawberry.UNSET
    points: int | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class TakeTillPaymentInput:
    """The whole sum of a sale is there, by which means, and the number of its receipt. 收款。"""

    order: Annotated[strawberry.ID, Of("Order")]
    means: TillMeans
    receipt: str


@For(STAFF)
@strawberry.input
class VoidSaleInput:
    """A sale that is not paid and shall not be. 作废。"""

    order: Annotated[strawberry.ID, Of("Order")]


@For(STAFF)
@strawberry.input
class PayOutRefundInput:
    """Money that was paid at the till has been handed back there, with the number of the receipt for it. 现场退款。"""

    refund: Annotated[strawberry.ID, Of("Refund")]
    means: TillMeans
    receipt: str


@strawberry.type
class TillMutation:
    """What is done at tills, by who works at the store."""

    ring_up_sale: Annotated[OrderPayload, For(STAFF), SELL] = mutation(
        answers.ring_up_sale, RingUpSaleInput, OrderPayload, idempotent=True
    )
    take_till_payment: Annotated[OrderPayload, For(STAFF), SELL] = mutation(
        answers.take_till_payment, TakeTillPaymentInput, OrderPayload, idempotent=True
    )
    void_sale: Annotated[OrderPayload, For(STAFF), SELL] = mutation(answers.void_sale, VoidSaleInput, OrderPayload)
    pay_out_refund: Annotated[RefundPayload, For(STAFF), SELL] = mutation(
        answers.pay_out_refund, PayOutRefundInput, RefundPayload, idempotent=True
    )
