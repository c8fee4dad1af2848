"""Customers, employees and contacts for tests of their rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Contact, Customer, CustomerKind, CustomerStatus, Employee, Segment
from foundation.clock import system_clock
from foundation.ids import system_ids
from segments.audiences import STAFF
from segments.classification import Classification
from segments.viewer import Viewer

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 2)
new_id = system_ids(system_clock)


def customer(**changes: Any) -> Customer:
    """An enterprise customer."""
    known: dict[str, Any] = {
        "id": new_id(),
        "kind": CustomerKind.ORGANISATION,
        "segment": Segment.ENTERPRISE,
        "status": CustomerStatus.ACTIVE,
        "name": "岷江测绘有限公司",
        "key_account": False,
        "classification": Classification.INTERNAL,
        "compartments": [],
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Customer(**(known | changes))


def employee(name: str = "王建国") -> Employee:
    """Somebody who serves customers."""
    return Employee(
        id=new_id(), name=name, title="客户经理", department="客户关系管理部", phone="1", email="a@example.com"
    )


def contact(of: Customer) -> Contact:
    """Somebody at a customer's."""
    return Contact(id=new_id(), customer_id=of.id, name="陈工", title="总工", valid_from=DAY, valid_until=None)


def staff(serving: Employee | None = None, clearance: Classification = Classification.SECRET) -> Viewer:
    """A member of staff."""
    return Viewer(STAFF, person_id=new_id(), employee_id=None if serving is None else serving.id, clearance=clearance)


async def stored(session: AsyncSession, *rows: Any) -> None:
    """Add rows one after the other."""
    for row in rows:
        session.add(row)
        await session.flush()
