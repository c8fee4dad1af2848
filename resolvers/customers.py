"""How customers are answered: who is listed, what is computed, and the timeline of a customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from domain.customers import tables
from resolvers.planner.declare import LANGUAGE, NOW
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None


def localised(source: sa.FromClause, name: str = "name") -> sa.ColumnElement[str]:
    """A text in the viewer's language: English where it is asked for and there is one, else Chinese."""
    english = source.c[f"{name}_en"]
    return sa.case((LANGUAGE == literal("en"), sa.func.coalesce(english, source.c[name])), else_=source.c[name])


def display_name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def customers(
    customer: sa.FromClause,
    *,
    text: Bound = None,
    segment: Bound = None,
    status: Bound = None,
    region: Bound = None,
    key_accounts: Bound = None,
) -> sa.ColumnElement[bool]:
    """Customers by part of a name, segment, status, region, or whether they are key accounts 重点客户."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if text is not None:
        names = sa.func.concat(customer.c.name, literal(" "), sa.func.lower(customer.c.name_en))
        conditions.append(sa.func.strpos(names, sa.func.lower(text)) > 0)
    if segment is not None:
        conditions.append(customer.c.segment == segment)
    if status is not None:
        conditions.append(customer.c.status == status)
    if region is not None:
        conditions.append(customer.c.region_id == region)
    if key_accounts is not None:
        conditions.append(customer.c.key_account == key_accounts)
    return sa.and_(*conditions)


def regions(region: sa.FromClause, *, parent: Bound = None) -> sa.ColumnElement[bool]:
    """Provinces, or the cities of one."""
    return region.c.parent_id.is_(None) if parent is None else region.c.parent_id == parent


def valid_on(source: sa.FromClause, day: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a row with a period is valid on a day."""
    return sa.and_(source.c.valid_from <= day, sa.or_(source.c.valid_until.is_(None), source.c.valid_until > day))


def today() -> sa.ColumnElement[dt.date]:
    """The day of the request, in China, where the enterprise works."""
    return sa.cast(sa.func.timezone(literal("Asia/Shanghai"), NOW), sa.Date())


def team(member: sa.FromClause, *, on: Bound = None) -> sa.ColumnElement[bool]:
    """The people who serve an account on a day; today unless told."""
    return valid_on(member, today() if on is None else on)


def contacts(contact: sa.FromClause, *, on: Bound = None) -> sa.ColumnElement[bool]:
    """The contacts of a customer on a day; today unless told."""
    return valid_on(contact, today() if on is None else on)


def last_contact_at(customer: sa.FromClause) -> sa.ColumnElement[Any]:
    """When somebody last spoke with the customer."""
    interaction = tables.Interaction.__table__.alias()
    last = sa.select(interaction.c.at).where(interaction.c.customer_id == customer.c.id)
    newest = last.order_by(interaction.c.at.desc(), interaction.c.id).limit(sa.bindparam(None, 1, sa.BigInteger()))
    return newest.correlate(customer).scalar_subquery()


def contact_overdue(customer: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the agreed cadence is broken: no contact for more than `contact_days_max` days."""
    since = sa.func.coalesce(last_contact_at(customer), customer.c.created_at)
    elapsed = sa.extract("epoch", NOW - since) / 86_400
    return sa.func.coalesce(elapsed > customer.c.contact_days_max, sa.false())


def of_customer(source: sa.FromClause, *, of: sa.FromClause) -> sa.ColumnElement[bool]:
    """The rows of one customer: a side of its timeline."""
    return source.c.customer_id == of.c.id


def at(source: sa.FromClause) -> Sequence[sa.ColumnElement[Any]]:
    """When it happened."""
    return (source.c.at,)


def placed_at(order: sa.FromClause) -> Sequence[sa.ColumnElement[Any]]:
    """When an order was placed."""
    return (order.c.placed_at,)


def logged_of(interaction: sa.FromClause, *, customer: Bound = None) -> sa.ColumnElement[bool]:
    """Interactions with one customer, or with any."""
    return sa.true() if customer is None else interaction.c.customer_id == customer
