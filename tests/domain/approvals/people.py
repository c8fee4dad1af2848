"""Who asks and who signs: people of the house with employees, in a session of the system's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Employee
from domain.identity.tables import Person
from foundation.ids import system_ids
from foundation.session import set_statement
from segments.audiences import STAFF, Audience
from segments.classification import Classification
from segments.viewer import Viewer
from tests.people import person

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
IDS = system_ids(lambda: NOW)


@dataclass(frozen=True)
class Colleague:
    """Somebody with a viewer of theirs."""

    person: Person
    viewer: Viewer


async def colleague(
    session: AsyncSession,
    name: str,
    *roles: str,
    audience: Audience = STAFF,
    clearance: Classification = Classification.SECRET,
    compartments: tuple[str, ...] = ("QL-7",),
) -> Colleague:
    """Store somebody; the session is the system's then."""
    await session.execute(set_statement(Viewer.system().row_settings()))
    employee = Employee(
        id=IDS(), name=name, name_en=None, title="x", department="x", phone="1", email=f"{name}@example.com"
    )
    row = person(f"{name}-{employee.id}@example.com", audience, name=name, roles=roles, clearance=clearance)
    row.employee_id, row.compartments = employee.id, list(compartments)
    session.add(employee)
    await session.flush()
    session.add(row)
    await session.flush()
    viewer = Viewer(
        audience,
        person_id=row.id,
        employee_id=employee.id,
        clearance=clearance,
        compartments=frozenset(compartments),
        roles=frozenset(roles),
    )
    return Colleague(row, viewer)


async def acts(session: AsyncSession, who: Colleague) -> Viewer:
    """Whatever the session does next, it does as somebody."""
    await session.execute(set_statement(who.viewer.row_settings()))
    return who.viewer


async def count(session: AsyncSession, table: type, *conditions: sa.ColumnElement[bool]) -> int:
    """How many rows of a table whoever acts sees."""
    return (await session.execute(sa.select(sa.func.count()).select_from(table).where(*conditions))).scalar_one()
