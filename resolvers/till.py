"""What is done at the tills of stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.orders.placing import Wanted
from domain.till import paying, selling
from domain.till.paying import TillMeans
from domain.till.selling import Sale
from resolvers.planner.mutations import Act


async def ring_up_sale(
    act: Act,
    *,
    store: UUID,
    lines: Sequence[Mapping[str, Any]],
    member: str | None = None,
    customer: UUID | None = None,
    voucher: str | None = None,
    points: int | None = None,
) -> UUID:
    """See `domain.till.selling`."""
    wanted = [Wanted(line["variant"], line["quantity"]) for line in lines]
    sale = Sale(store, wanted, member=member, customer_id=customer, voucher=voucher, points=points or 0)
    return await selling.ring_up(act.session, act.viewer, act.now, act.new_id, sale)


async def take_till_payment(act: Act, *, order: UUID, means: TillMeans, receipt: str) -> UUID:
    """See `domain.till.paying`."""
    return await paying.take(act.session, act.viewer, act.now, act.new_id, order_id=order, means=means, receipt=receipt)


async def void_sale(act: Act, *, order: UUID) -> UUID:
    """See `domain.till.selling`."""
    return await selling.void(act.session, act.viewer, act.now, act.new_id, order_id=order)


async def pay_out_refund(act: Act, *, refund: UUID, means: TillMeans, receipt: str) -> UUID:
    """See `domain.till.paying`."""
    return await paying.pay_out(
        act.session, act.viewer, act.now, act.new_id, refund_id=refund, means=means, receipt=receipt
    )
