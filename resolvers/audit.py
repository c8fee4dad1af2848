"""Which entries of the audit log are listed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

Bound = sa.ColumnElement[Any] | None


def audit_events(event: sa.FromClause, *, kind: Bound = None, day: Bound = None) -> sa.ColumnElement[bool]:
    """Entries by what they tell of and by their day (UTC)."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if kind is not None:
        conditions.append(event.c.kind == kind)
    if day is not None:
        conditions.append(event.c.day == day)
    return sa.and_(*conditions)
