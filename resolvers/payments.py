"""How payments are answered, and what customers and staff may have done with them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.guards import existing
from domain.orders.tables import Order
from domain.payments import payments as payment_rules
from domain.payments import refunds as refund_rules
from domain.payments.looking import TILL
from domain.payments.tables import PaymentState
from foundation.money import AmountError, Money
from foundation.refusals import Refusal
from resolvers.planner.declare import NOW
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None


def refunded(payment: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What has been given back of a payment."""
    return _sum(payment, payment.c.refunded_amount)


def refund_asked(payment: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What is to be given back of a payment, whether it has been or not."""
    return _sum(payment, payment.c.refund_asked_amount)


def _sum(payment: sa.FromClause, amount: sa.ColumnElement[Any]) -> sa.Select[*tuple[Any, ...]]:
    selected: sa.Select[*tuple[Any, ...]] = sa.select(
        amount.label("amount"), payment.c.amount_currency.label("currency")
    ).correlate(payment)
    return selected


def pay_address(payment: sa.FromClause) -> sa.ColumnElement[Any]:
    """Where the payer goes on to, below the installation's address; null once nothing can be paid any more, and at a till."""
    open_ = sa.and_(
        payment.c.state == literal(PaymentState.INITIATED.value),
        payment.c.expires_at > NOW,
        payment.c.provider.is_distinct_from(literal(TILL)),
    )
    address = sa.func.concat(literal("/payments/"), payment.c.id, literal("/pay"), type_=sa.Text())
    return sa.case((open_, address))


def payments(payment: sa.FromClause, *, state: Bound = None, order: Bound = None) -> sa.ColumnElement[bool]:
    """Payments in a state, or of an order."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if state is not None:
        conditions.append(payment.c.state == state)
    if order is not None:
        conditions.append(payment.c.order_id == order)
    return sa.and_(*conditions)


async def start_payment(act: Act, *, order: UUID) -> UUID:
    """See `domain.payments.payments`."""
    return await payment_rules.start_payment(act.session, act.now, act.new_id, order_id=order)


async def refund_order(act: Act, *, order: UUID, amount: Decimal | None = None) -> UUID:
    """See `domain.payments.refunds`; the amount is in major units, all that is left where there is none."""
    await existing(act.session, Order, order, "order")
    left = await refund_rules.left_to_refund(act.session, order_id=order)
    try:
        money = left if amount is None else Money.parse(format(amount, "f"), left.currency)
    except AmountError as error:
        raise Refusal("PRICE_MALFORMED", ("amount",)) from error
    return await refund_rules.refund_order(act.session, act.now, act.new_id, order_id=order, amount=money, key=act.key)


async def retry_refund(act: Act, *, refund: UUID) -> UUID:
    """See `domain.payments.refunds`."""
    return await refund_rules.retry_refund(act.session, act.now, refund_id=refund)
