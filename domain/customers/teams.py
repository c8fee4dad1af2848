"""The rule of who serves an account: its team from a day on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.profiles import customer_event
from domain.customers.tables import Customer, Employee, TeamMember, TeamRole
from domain.guards import existing
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.outbox import append

MEMBERS_MAX = 20
ACCOUNTS_PER_MANAGER_MAX = 40


@dataclass(frozen=True)
class Place:
    """An employee in a role of an account's team."""

    employee_id: UUID
    role: TeamRole


async def assign_account_team(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    customer_id: UUID,
    valid_from: dt.date,
    places: Sequence[Place],
) -> UUID:
    """Make `places` the whole team from a day on: who is not among them ends that day, who is new begins.

    A team has at most one account manager, a key account's team exactly one, so that it is never without. Nobody manages
    more accounts than one person can know.
    """
    customer = await existing(session, Customer, customer_id, "customer", lock=True)
    check_places(customer, places)
    await check_employees(session, places)
    open_members = sa.select(TeamMember).where(TeamMember.customer_id == customer_id, TeamMember.valid_until.is_(None))
    current = {Place(each.employee_id, each.role): each for each in await session.scalars(open_members)}
    for place, member in current.items():
        if place not in places:
            if member.valid_from > valid_from:
                raise Refusal("BEFORE_START", ("valid_from",))
            member.valid_until = valid_from
    # The old manager must have ended before the new one begins: the database allows one open manager an account.
    await session.flush()
    new = [place for place in dict.fromkeys(places) if place not in current]
    await check_load(session, new)
    session.add_all(
        TeamMember(
            id=new_id(),
            customer_id=customer_id,
            employee_id=place.employee_id,
            role=place.role,
            valid_from=valid_from,
            valid_until=None,
            classification=customer.classification,
            compartments=customer.compartments,
        )
        for place in new
    )
    customer.version += 1
    customer.updated_at = now
    await append(session, customer_event(customer, "customer.team_assigned", now, new_id, {"from": str(valid_from)}))
    return customer.id


def check_places(customer: Customer, places: Sequence[Place]) -> None:
    """The shape of a team."""
    if len(places) > MEMBERS_MAX:
        raise Refusal("TOO_MANY", ("members",), max=MEMBERS_MAX)
    managers = {place for place in places if place.role is TeamRole.ACCOUNT_MANAGER}
    if len(managers) > 1:
        raise Refusal("ONE_MANAGER", ("members",))
    if customer.key_account and not managers:
        raise Refusal("KEY_ACCOUNT_WITHOUT_MANAGER", ("members",))


async def check_employees(session: AsyncSession, places: Sequence[Place]) -> None:
    """Every member is an employee there is."""
    keys = {place.employee_id for place in places}
    known = set(await session.scalars(sa.select(Employee.id).where(Employee.id.in_(keys))))
    for at, place in enumerate(places):
        if place.employee_id not in known:
            raise Refusal("NOT_FOUND", ("members", at, "employee"))


async def check_load(session: AsyncSession, new: Sequence[Place]) -> None:
    """A new manager has room for one account more."""
    for at, place in enumerate(new):
        if place.role is not TeamRole.ACCOUNT_MANAGER:
            continue
        managed = await session.scalar(
            sa.select(sa.func.count()).where(
                TeamMember.employee_id == place.employee_id,
                TeamMember.role == TeamRole.ACCOUNT_MANAGER,
                TeamMember.valid_until.is_(None),
            )
        )
        if (managed or 0) >= ACCOUNTS_PER_MANAGER_MAX:
            raise Refusal("MANAGER_LOAD", ("members", at), max=ACCOUNTS_PER_MANAGER_MAX)
