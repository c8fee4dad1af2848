"""How customers are answered: who is listed, what is computed, and the timeline of a customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.customers import interactions, profiles, tables, teams
from domain.customers.profiles import KEEP, Kept
from domain.identity.tables import Person
from resolvers.planner.declare import LANGUAGE, NOW, PERSON
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal
from segments.classification import Classification

Bound = sa.ColumnElement[Any] | None


def localised(source: sa.FromClause, name: str = "name") -> sa.ColumnElement[str]:
    """A text in the viewer's language: English where it is asked for and there is one, else Chinese."""
    english = source.c[f"{name}_en"]
    return sa.case((literal("en") == LANGUAGE, sa.func.coalesce(english, source.c[name])), else_=source.c[name])


def display_name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def chinese_name(customer: sa.FromClause) -> sa.ColumnElement[str]:
    """The name as it is kept, whatever the viewer's language: what an editor changes."""
    return customer.c.name


def found_in(text: sa.ColumnElement[Any], *parts: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether some texts have a part, in whatever case.

    Our columns collate "C", under which `lower` leaves É as it is, and what a request brings does not: so each is told.
    """
    words = sa.func.concat_ws(literal(" "), *parts)
    inside, sought = (sa.func.lower(sa.collate(each, "default")) for each in (words, text))
    return sa.func.strpos(inside, sought) > 0


def customers(
    customer: sa.FromClause,
    *,
    text: Bound = None,
    segment: Bound = None,
    status: Bound = None,
    region: Bound = None,
    key_accounts: Bound = None,
    overdue: Bound = None,
    mine: Bound = None,
) -> sa.ColumnElement[bool]:
    """Customers by part of a name, segment, status, region, key accounts 重点客户, overdue contact, or the viewer's own."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if text is not None:
        conditions.append(found_in(text, customer.c.name, customer.c.name_en))
    if segment is not None:
        conditions.append(customer.c.segment == segment)
    if status is not None:
        conditions.append(customer.c.status == status)
    if region is not None:
        conditions.append(in_region(customer, region))
    if key_accounts is not None:
        conditions.append(customer.c.key_account == key_accounts)
    if overdue is not None:
        conditions.append(contact_overdue(customer) == overdue)
    if mine is not None:
        conditions.append(served_by_viewer(customer) == mine)
    return sa.and_(*conditions)


def in_region(customer: sa.FromClause, region: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a customer is in a region: a city itself, a province with all its cities."""
    city = tables.Region.__table__.alias()
    cities = sa.select(city.c.id).where(city.c.parent_id == region)
    return sa.or_(customer.c.region_id == region, customer.c.region_id.in_(cities))


def viewer_employee() -> sa.ScalarSelect[Any]:
    """The employee that the viewer is, or nobody."""
    person = Person.__table__.alias()
    return sa.select(person.c.employee_id).where(person.c.id == PERSON).scalar_subquery()


def served_by_viewer(customer: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the viewer is on the account's team today."""
    member = tables.TeamMember.__table__.alias()
    place = sa.select(member.c.id).where(
        member.c.customer_id == customer.c.id, member.c.employee_id == viewer_employee(), valid_on(member, today())
    )
    return place.correlate(customer).exists()


def employees(employee: sa.FromClause, *, text: Bound = None) -> sa.ColumnElement[bool]:
    """Employees by part of a name, title or department."""
    if text is None:
        return sa.true()
    return found_in(text, employee.c.name, employee.c.name_en, employee.c.title, employee.c.department)


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


def contact_due_at(customer: sa.FromClause) -> sa.ColumnElement[Any]:
    """Until when the next contact keeps the agreed cadence; nothing where none was agreed."""
    since = sa.func.coalesce(last_contact_at(customer), customer.c.created_at)
    cadence = customer.c.contact_days_max * sa.literal_column("interval '1 day'", sa.Interval())
    return sa.type_coerce(since + cadence, sa.DateTime(timezone=True))


def contact_overdue_days(customer: sa.FromClause) -> sa.ColumnElement[Any]:
    """Days begun since then; 0 while the cadence is kept."""
    days = sa.func.ceil(sa.extract("epoch", NOW - contact_due_at(customer)) / 86_400)
    return sa.cast(sa.case((days > 0, days), else_=0), sa.Integer())


def open_follow_ups(interaction: sa.FromClause) -> sa.ColumnElement[bool]:
    """Interactions from which something is still to follow."""
    return sa.and_(interaction.c.follow_up.is_not(None), interaction.c.followed_up_at.is_(None))


def follow_up_overdue(interaction: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether what was to follow is still open after its day."""
    late = sa.and_(open_follow_ups(interaction), interaction.c.follow_up_on < today())
    return sa.func.coalesce(late, sa.false())


def follow_ups(interaction: sa.FromClause, *, mine: Bound = None) -> sa.ColumnElement[bool]:
    """What is still to follow from any interaction, or from those that the viewer recorded."""
    still_open = open_follow_ups(interaction)
    if mine is None:
        return still_open
    recorded = sa.func.coalesce(interaction.c.recorded_by_id == viewer_employee(), sa.false())
    return sa.and_(still_open, recorded == mine)


def follow_up_due(interaction: sa.FromClause) -> Sequence[sa.ColumnElement[Any]]:
    """The day of a follow-up; one without a day comes after all others."""
    return (sa.func.coalesce(interaction.c.follow_up_on, sa.literal_column("date '9999-12-31'", sa.Date())),)


def segment_counts() -> sa.Select[*tuple[Any, ...]]:
    """How many customers, key accounts and overdue accounts each segment has."""
    customer = tables.Customer.__table__.alias("counted")
    counts: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            customer.c.segment,
            sa.func.count().label("customers"),
            sa.func.count().filter(customer.c.key_account).label("key_accounts"),
            sa.func.count().filter(contact_overdue(customer)).label("overdue"),
        )
        .group_by(customer.c.segment)
        .order_by(customer.c.segment)
    )
    return counts


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


async def log_interaction(
    act: Act,
    *,
    customer: UUID,
    kind: tables.InteractionKind,
    at: dt.datetime,
    subject: str,
    summary: str,
    contacts: Sequence[UUID] | None = None,
    employees: Sequence[UUID] | None = None,
    follow_up: str | None = None,
    follow_up_on: dt.date | None = None,
    classification: Classification | None = None,
    compartments: Sequence[str] | None = None,
) -> UUID:
    """See `domain.customers.interactions`."""
    return await interactions.log_interaction(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        customer_id=customer,
        kind=kind,
        at=at,
        subject=subject,
        summary=summary,
        contact_ids=contacts or (),
        employee_ids=employees or (),
        follow_up=follow_up,
        follow_up_on=follow_up_on,
        classification=classification or Classification.INTERNAL,
        compartments=compartments or (),
    )


async def complete_follow_up(act: Act, *, interaction: UUID) -> UUID:
    """See `domain.customers.interactions`."""
    return await interactions.complete_follow_up(act.session, act.now, act.new_id, interaction_id=interaction)


async def update_customer(
    act: Act,
    *,
    customer: UUID,
    version: int,
    name: str | Kept | None = KEEP,
    name_en: str | Kept | None = KEEP,
    status: tables.CustomerStatus | Kept | None = KEEP,
    region: UUID | Kept | None = KEEP,
    key_account: bool | Kept | None = KEEP,
    contact_days_max: int | Kept | None = KEEP,
) -> UUID:
    """See `domain.customers.profiles`. A member left out, or null where null has no meaning, keeps what is there."""
    return await profiles.update_customer(
        act.session,
        act.now,
        act.new_id,
        customer_id=customer,
        version=version,
        name=KEEP if name is None else name,
        name_en=name_en,
        status=KEEP if status is None else status,
        region_id=region,
        key_account=KEEP if key_account is None else key_account,
        contact_days_max=contact_days_max,
    )


async def assign_account_team(
    act: Act, *, customer: UUID, valid_from: dt.date, members: Sequence[Mapping[str, Any]]
) -> UUID:
    """See `domain.customers.teams`."""
    places = [teams.Place(member["employee"], member["role"]) for member in members]
    return await teams.assign_account_team(
        act.session, act.now, act.new_id, customer_id=customer, valid_from=valid_from, places=places
    )


async def move_segment(act: Act, *, customer: UUID, to_segment: tables.Segment, reason: str) -> UUID:
    """See `domain.customers.profiles`."""
    return await profiles.move_segment(
        act.session, act.viewer, act.now, act.new_id, customer_id=customer, to_segment=to_segment, reason=reason
    )
