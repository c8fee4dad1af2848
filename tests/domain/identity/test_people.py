"""People: found by their address however it is typed, members as long as they are active."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.people import is_member, normal_email, person_by_email
from domain.identity.tables import Person
from segments.audiences import DIVISION, STAFF
from segments.classification import Classification


@pytest.fixture
async def person(session: AsyncSession) -> Person:
    row = Person(
        id=uuid4(),
        email="zhang.min@quadrant.example",
        name="张敏",
        audience=DIVISION,
        customer_id=None,
        employee_id=None,
        clearance=Classification.PUBLIC,
        compartments=[],
        roles=[],
        password_hash="",
        active=True,
        created_at=dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
    )
    session.add(row)
    await session.flush()
    return row


@pytest.mark.parametrize(
    "typed", ["zhang.min@quadrant.example", "  Zhang.Min@Quadrant.EXAMPLE ", "zhang．min＠quadrant.example"]
)
async def test_a_person_is_found_by_address_however_it_is_typed(
    session: AsyncSession, person: Person, typed: str
) -> None:
    assert await person_by_email(session, normal_email(typed)) is person


@pytest.mark.parametrize("typed", ["zhang.min", "", "%", "zhang_min@quadrant.example", "x" * 10_000, "\x00"])
async def test_another_address_finds_nobody(session: AsyncSession, person: Person, typed: str) -> None:
    assert await person_by_email(session, normal_email(typed)) is None


async def test_a_member_is_active_and_of_the_audience(session: AsyncSession, person: Person) -> None:
    connection = await session.connection()
    assert await is_member(connection, person.id, DIVISION)
    assert not await is_member(connection, person.id, STAFF)
    assert not await is_member(connection, uuid4(), DIVISION)
    person.active = False
    await session.flush()
    assert not await is_member(connection, person.id, DIVISION)


def test_an_address_is_bounded() -> None:
    assert len(normal_email("x" * 10_000)) == 254
