"""How orders are answered: which are listed, their sums, what is left to pay; and their changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.customers.tables import SourceSystem
from domain.orders import events
from domain.orders.cancelling import cancel_order as cancel
from domain.orders.fulfilling import Sent
from domain.orders.fulfilling import deliver_order as deliver
from domain.orders.fulfilling import ship_order as ship
from domain.orders.paying import order_settled
from domain.orders.tables import Channel, Order, OrderStatus, Settlement
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None
EVENTS = (events.PLACED, events.PAID, events.SHIPPED, events.DELIVERED, events.CANCELLED)


def placed_at(order: sa.FromClause) -> sa.ColumnElement[Any]:
    """An order's instant on a timeline."""
    return order.c.placed_at


def number_written(text: str) -> str:
    """A number without the space that was copied with it."""
    return text.strip()


def unit_price(line: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What one piece cost; null where an imported amount is no multiple of the quantity."""
    zero = sa.literal_column("0", sa.BigInteger())
    found: sa.Select[*tuple[Any, ...]] = sa.select(
        (line.c.amount_amount // line.c.quantity).label("amount"), line.c.amount_currency.label("currency")
    ).where(line.c.amount_amount % line.c.quantity == zero)
    return found.correlate(line)


def line_discount(line: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """A line's share of the order's discount."""
    return money(line, line.c.discount_amount, line.c.amount_currency)


def line_payable(line: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What is to pay in money for a line."""
    return money(line, line.c.amount_amount - line.c.discount_amount - line.c.points_amount, line.c.amount_currency)


def subtotal(order: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the goods cost before the discount."""
    return money(order, order.c.total_amount + order.c.discount_amount, order.c.total_currency)


def discount(order: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What a voucher or coupon took off."""
    return money(order, order.c.discount_amount, order.c.total_currency)


def paid_by_points(order: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What points pay of the total."""
    return money(order, order.c.points_amount, order.c.total_currency)


def payable(order: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What is to pay in money."""
    return money(order, order.c.total_amount - order.c.points_amount, order.c.total_currency)


def money(
    source: sa.FromClause, amount: sa.ColumnElement[Any], currency: sa.ColumnElement[Any]
) -> sa.Select[*tuple[Any, ...]]:
    """Money from two expressions of a row."""
    found: sa.Select[*tuple[Any, ...]] = sa.select(amount.label("amount"), currency.label("currency"))
    return found.correlate(source)


def cancellable(order: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether nothing of an order of the shop has been sent."""
    return sa.and_(
        order.c.status.in_([literal(each.value) for each in (OrderStatus.PLACED, OrderStatus.PAID)]),
        order.c.channel != literal(Channel.IMPORT.value),
    )


def shippable(order: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether something of an order can be sent now: it is paid, or on account."""
    on_account = sa.and_(
        order.c.status == literal(OrderStatus.PLACED.value),
        order.c.settlement == literal(Settlement.ON_ACCOUNT.value),
    )
    waiting = (OrderStatus.PAID, OrderStatus.PARTIALLY_SHIPPED)
    return sa.and_(
        sa.or_(order.c.status.in_([literal(each.value) for each in waiting]), on_account),
        order.c.channel != literal(Channel.IMPORT.value),
    )


def changed_order(changed: sa.FromClause, *, order: Bound = None) -> sa.ColumnElement[bool]:
    """One order, or any that the viewer may see."""
    return sa.true() if order is None else changed.c.id == order


def orders(
    order: sa.FromClause,
    *,
    customer: Bound = None,
    number: Bound = None,
    status: Bound = None,
    to_ship: Bound = None,
    source: Bound = None,
    store: Bound = None,
    placed_from: Bound = None,
    placed_before: Bound = None,
) -> sa.ColumnElement[bool]:
    """Orders by customer, number, status, whether something of them can be sent now, the code of the system they were imported from, the store at whose till they were placed, and when they were."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if customer is not None:
        conditions.append(order.c.customer_id == customer)
    if number is not None:
        # People write the shop's numbers in small letters too; those of a source may have them.
        conditions.append(order.c.number.in_([sa.cast(number, sa.Text()), sa.func.upper(sa.cast(number, sa.Text()))]))
    if to_ship is not None:
        conditions.append(shippable(order) == to_ship)
    if status is not None:
        conditions.append(order.c.status == status)
    if source is not None:
        system = SourceSystem.__table__.alias()
        conditions.append(
            order.c.source_system_id == sa.select(system.c.id).where(system.c.code == source).scalar_subquery()
        )
    if store is not None:
        conditions.append(order.c.store_id == store)
    if placed_from is not None:
        conditions.append(order.c.placed_at >= placed_from)
    if placed_before is not None:
        conditions.append(order.c.placed_at < placed_before)
    return sa.and_(*conditions)


def totals(**filter: Bound) -> sa.Select[*tuple[Any, ...]]:
    """Sums per currency over the orders of a filter."""
    order = Order.__table__.alias("o")
    sums: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            sa.func.count().label("orders"),
            sa.func.count(order.c.customer_id.distinct()).label("customers"),
            sa.func.coalesce(sa.func.sum(order.c.units), 0).label("units"),
            sa.func.coalesce(sa.func.sum(order.c.total_amount), 0).label("total_amount"),
            order.c.total_currency.label("total_currency"),
            sa.func.count().filter(order.c.total_amount == 0).label("free_orders"),
            sa.func.min(order.c.placed_at).label("first_placed_at"),
            sa.func.max(order.c.placed_at).label("last_placed_at"),
        )
        .where(orders(order, **filter))
        .group_by(order.c.total_currency)
        .order_by(order.c.total_currency)
    )
    return sums


async def cancel_order(act: Act, *, order: UUID, reason: str) -> UUID:
    """See `domain.orders.cancelling`."""
    return await cancel(act.session, act.now, act.new_id, order_id=order, reason=reason)


async def ship_order(
    act: Act,
    *,
    order: UUID,
    lines: Sequence[Mapping[str, Any]] | None = None,
    carrier: str | None = None,
    tracking: str | None = None,
) -> UUID:
    """See `domain.orders.fulfilling`."""
    sent = None if lines is None else [Sent(line["line"], line["quantity"]) for line in lines if line["quantity"] != 0]
    await ship(act.session, act.now, act.new_id, order_id=order, lines=sent, carrier=carrier, tracking=tracking)
    return order


async def deliver_order(act: Act, *, order: UUID) -> UUID:
    """See `domain.orders.fulfilling`."""
    return await deliver(act.session, act.now, act.new_id, order_id=order)


async def settle_order(act: Act, *, order: UUID) -> UUID:
    """The money for an order on account has come: see `domain.orders.paying`."""
    await order_settled(act.session, act.now, act.new_id, order)
    return order
