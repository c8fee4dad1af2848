"""One valid row of any table, made from its columns, so that tests about all tables need no list of them.

A `Bundle` is one row of every table for one customer, each pointing to the others of the bundle.
"""

from __future__ import annotations

import datetime as dt
import enum
import itertools
import os
import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import TeamRole
from domain.identity.client_tables import ClientAuthentication
from domain.points.programmes import ProgrammeSettings, set_programme
from domain.tables import METADATA, TABLES
from segments.audiences import Audience
from segments.classification import Classification, ClassificationRank
from segments.policies import OWNER

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)

ROWS = {model.__tablename__: model.__rows__ for model in TABLES}

# Every row but those that the database's own functions write: the only one of the installation, the heads of audit's
# chains, the points ledger.
FILLED = tuple(table for table in METADATA.sorted_tables if ROWS[table.name].write != OWNER)

# When guests are expected, who can book and cancel it still.
TOMORROW = {"starts_at": NOW + dt.timedelta(days=1), "ends_at": NOW + dt.timedelta(days=1, hours=1)}

# Where a CHECK constraint asks for more than each column's own type,
# or a unique index would let a bundle have one row only.
PARTICULAR: dict[str, dict[str, Any]] = {
    "participant": {"employee_id": None},
    "team_member": {"role": TeamRole.SALES},
    "client": {"authentication": ClientAuthentication.SECRET_BASIC},
    "equipment_state": {"valid_until": NOW + dt.timedelta(days=1)},
    "approval_policy": {
        "steps": [
            {
                "name": "审查",
                "name_en": None,
                "signers": [{"role": "sales"}],
                "needed": 1,
                "deadline_hours": 24,
                "escalation_role": None,
            }
        ]
    },
    # Approved, so that there may be a civil description of it.
    "declassification_review": {"status": "APPROVED"},
    "civil_description": {"review_status": "APPROVED"},
    "transfer_project": {"licence_until": NOW.date() + dt.timedelta(days=1)},
    "approval_request": {"step_now": 0},
    "reclassification": {"programme_id": None, "equipment_id": None},
    "approval_step": {"position": 0},
    "reward": {"voucher_days": 30},
    "notice": {
        "values": {
            "points": 1,
            "day": "2026-12-31",
            "name": "代金券",
            "number": "QD1",
            "answer": "已使用过",
            "amount": "1.00",
            "currency": "CNY",
            "store": "成都体验店",
            "time": "2026-12-31 10:00",
        }
    },
    # Placed on the web, so at no till.
    "order": {"store_id": None},
    # Of a line that costs one nothing is taken off.
    "order_line": {"discount_amount": 0, "points_amount": 0},
    # A row of sums that are one each.
    "payment": {"state": "CAPTURED", "provider": None, "reference": None},
    "approval_delegation": {"valid_until": NOW + dt.timedelta(days=1)},
    "store": {"time_zone": "Asia/Shanghai", "slot_minutes": 240, "slot_capacity": 1_000, "book_days_max": 2},
    "store_hours": {"opens_minute": 540, "closes_minute": 1_080},
    "store_special_day": {"opens_minute": None, "closes_minute": None},
    "store_opening": {"closes_at": NOW + dt.timedelta(hours=8)},
    "appointment_slot": {**TOMORROW, "capacity": 1_000, "taken": 0, "retired": False},
    # At the times of its slot.
    "appointment": {**TOMORROW, "status": "ATTENDED", "ended_at": NOW},
    "coupon": {"value_amount": 1, "percent": None, "most_amount": None},
    # A programme has one rule of the other kind.
    "earn_rule": {"kind": "BONUS"},
    "earn_rule_version": {"activated_at": None, "ended_at": None},
    "earn_condition": {"product_id": None, "tier_id": None, "store_id": None},
}

# What the database's own functions write, and rows of every table may belong to.
PROGRAMME = "points_programme"


async def make_programmes(session: AsyncSession, keys: Iterable[uuid.UUID]) -> None:
    """Points programmes of these keys, which no INSERT may make."""
    for key in keys:
        settings = ProgrammeSettings(str(key), "会员积分", "Members' points")
        await set_programme(session, key, 0, settings)


class Bundle:
    """A customer and one row of every other table that belongs to it or is needed by what belongs to it."""

    def __init__(self, **everywhere: Any) -> None:
        """`everywhere` gives values for columns of that name in all tables: `classification=Classification.SECRET`."""
        self.ids = {table.name: uuid.uuid4() for table in FILLED} | {PROGRAMME: uuid.uuid4()}
        self.everywhere = everywhere

    @property
    def customer_id(self) -> uuid.UUID:
        """The customer that owns the bundle's rows."""
        return self.ids["customer"]

    def row(self, table: sa.Table, **given: Any) -> dict[str, Any]:
        """The bundle's row of a table."""
        values = {column.name: self._value(column) for column in table.columns if column.identity is None}
        values |= PARTICULAR.get(table.name, {})
        values |= {name: value for name, value in self.everywhere.items() if name in table.c}
        return values | {"id": self.ids[table.name]} | given

    def another(self, table: sa.Table, **given: Any) -> dict[str, Any]:
        """A further row of a table beside the bundle's own."""
        return self.row(table, id=uuid.uuid4(), **given)

    async def insert(self, session: AsyncSession) -> None:
        """Store the row of every table."""
        await make_programmes(session, [self.ids[PROGRAMME]])
        for table in FILLED:
            await session.execute(sa.insert(table).values(self.row(table)))

    def _value(self, column: sa.Column[Any]) -> Any:
        if column.name == "customer_id":
            return self.customer_id
        for key in column.foreign_keys:
            if key.column.name != "id":
                continue  # the second column of a key, whose value is PARTICULAR
            # A row does not point to itself, and a reference to nothing is made only where it may be empty.
            # Most rows that the database's functions write are not in a bundle.
            target = key.column.table
            return None if target is column.table else self.ids.get(target.name)
        return None if column.nullable else sample(column)


# For unique columns.
NUMBERS = itertools.count(1)


def is_unique(column: sa.Column[Any]) -> bool:
    """Whether no two rows may have the same value in a column."""
    keys = (each for each in column.table.constraints if isinstance(each, sa.UniqueConstraint))
    return any(list(each.columns) == [column] for each in keys)


def sample(column: sa.Column[Any]) -> Any:
    """A value of a column's type; text and bytes differ each time, for unique columns."""
    kind: Any = column.type
    if isinstance(kind, ClassificationRank):
        return Classification.PUBLIC
    if isinstance(kind, sa.Enum):
        assert kind.enum_class is not None
        members: list[enum.Enum] = list(kind.enum_class)
        return members[0]
    if isinstance(kind, ARRAY):
        return [audience.value for audience in Audience] if column.name == "audiences" else []
    simple: dict[type, Any] = {
        TSVECTOR: "",
        JSONB: {},
        sa.Uuid: uuid.uuid4(),
        sa.DateTime: NOW,
        sa.Date: NOW.date(),
        sa.Boolean: True,
        sa.LargeBinary: os.urandom(32),
        sa.Integer: next(NUMBERS) if is_unique(column) else 1,
        sa.Text: uuid.uuid4().hex,
    }
    for known, value in simple.items():
        if isinstance(kind, known):
            return value
    raise TypeError(f"tests/rows.py knows no value for {column}; add one")
