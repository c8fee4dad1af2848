"""Who serves an account."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, TeamMember, TeamRole
from domain.customers.teams import ACCOUNTS_PER_MANAGER_MAX, Place, assign_account_team
from foundation.refusals import Refusal
from tests.domain.customers.accounts import DAY, NOW, customer, employee, new_id, stored

MANAGER, TECHNICAL = TeamRole.ACCOUNT_MANAGER, TeamRole.TECHNICAL


async def assign(session: AsyncSession, of: Customer, *places: Place, day: dt.date = DAY) -> None:
    await assign_account_team(session, NOW, new_id, customer_id=of.id, valid_from=day, places=places)


async def team(session: AsyncSession, of: Customer) -> set[tuple[object, ...]]:
    members = await session.scalars(sa.select(TeamMember).where(TeamMember.customer_id == of.id))
    return {(each.employee_id, each.role, each.valid_from, each.valid_until) for each in members}


async def test_a_new_manager_begins_the_day_the_old_one_ends(session: AsyncSession) -> None:
    known, old, new, expert = customer(), employee("甲"), employee("乙"), employee("丙")
    await stored(session, known, old, new, expert)
    later = DAY + dt.timedelta(days=30)
    await assign(session, known, Place(old.id, MANAGER), Place(expert.id, TECHNICAL))
    await assign(session, known, Place(new.id, MANAGER), Place(expert.id, TECHNICAL), day=later)
    assert await team(session, known) == {
        (old.id, MANAGER, DAY, later),
        (new.id, MANAGER, later, None),
        (expert.id, TECHNICAL, DAY, None),
    }


async def test_the_same_team_again_changes_nothing(session: AsyncSession) -> None:
    known, serving = customer(), employee()
    await stored(session, known, serving)
    await assign(session, known, Place(serving.id, MANAGER))
    before = await team(session, known)
    await assign(session, known, Place(serving.id, MANAGER), Place(serving.id, MANAGER), day=DAY + dt.timedelta(days=9))
    assert await team(session, known) == before


async def test_refuses_teams_that_cannot_be(session: AsyncSession) -> None:
    known, key_account, serving, other = customer(), customer(key_account=True), employee("甲"), employee("乙")
    await stored(session, known, key_account, serving, other)
    cases = [
        (known, [Place(serving.id, MANAGER), Place(other.id, MANAGER)], "ONE_MANAGER"),
        (key_account, [Place(serving.id, TECHNICAL)], "KEY_ACCOUNT_WITHOUT_MANAGER"),
        (known, [Place(new_id(), TECHNICAL)], "NOT_FOUND"),
        (known, [Place(new_id(), TECHNICAL) for _ in range(21)], "TOO_MANY"),
    ]
    for account, places, code in cases:
        with pytest.raises(Refusal) as refused:
            await assign(session, account, *places)
        assert refused.value.code == code


async def test_nobody_ends_before_they_began(session: AsyncSession) -> None:
    known, serving = customer(), employee()
    await stored(session, known, serving)
    await assign(session, known, Place(serving.id, TECHNICAL))
    with pytest.raises(Refusal) as refused:
        await assign(session, known, day=DAY - dt.timedelta(days=1))
    assert (refused.value.code, refused.value.path) == ("BEFORE_START", ("valid_from",))


async def test_a_manager_has_a_load_limit(session: AsyncSession) -> None:
    serving = employee()
    await stored(session, serving)
    for _ in range(ACCOUNTS_PER_MANAGER_MAX):
        account = customer()
        await stored(session, account)
        await assign(session, account, Place(serving.id, MANAGER))
    one_more = customer()
    await stored(session, one_more)
    with pytest.raises(Refusal) as refused:
        await assign(session, one_more, Place(serving.id, MANAGER))
    assert refused.value.code == "MANAGER_LOAD"


async def test_the_database_too_allows_one_manager_at_a_time(session: AsyncSession) -> None:
    known, serving, other = customer(), employee("甲"), employee("乙")
    await stored(session, known, serving, other)
    await assign(session, known, Place(serving.id, MANAGER))
    session.add(
        TeamMember(
            id=new_id(),
            customer_id=known.id,
            employee_id=other.id,
            role=MANAGER,
            valid_from=DAY,
            valid_until=None,
            # A key that met managers of another degree would tell of those whom a writer may not see.
            classification=known.classification,
            compartments=known.compartments,
        )
    )
    with pytest.raises(IntegrityError, match="uq_team_member_manager"):
        await session.flush()
