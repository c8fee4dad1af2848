"""How orders are answered: which are listed, and their sums."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.customers.tables import SourceSystem
from domain.orders.tables import Order

Bound = sa.ColumnElement[Any] | None


def placed_at(order: sa.FromClause) -> sa.ColumnElement[Any]:
    """An order's instant on a timeline."""
    return order.c.placed_at


def orders(
    order: sa.FromClause,
    *,
    customer: Bound = None,
    status: Bound = None,
    source: Bound = None,
    placed_from: Bound = None,
    placed_before: Bound = None,
) -> sa.ColumnElement[bool]:
    """Orders by customer, status, the code of the system they were imported from, and when they were placed."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if customer is not None:
        conditions.append(order.c.customer_id == customer)
    if status is not None:
        conditions.append(order.c.status == status)
    if source is not None:
        system = SourceSystem.__table__.alias()
        conditions.append(
            order.c.source_system_id == sa.select(system.c.id).where(system.c.code == source).scalar_subquery()
        )
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
