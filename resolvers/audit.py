"""Which entries of the audit log are listed, and who they name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array

from domain.identity.tables import Person
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None
KEY = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


def audit_events(
    event: sa.FromClause,
    *,
    kind: Bound = None,
    day: Bound = None,
    person: Bound = None,
    client: Bound = None,
    subject: Bound = None,
) -> sa.ColumnElement[bool]:
    """Entries by what they tell of, by their day (UTC), by who acted (name or key), by program and by row (its key)."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if kind is not None:
        conditions.append(event.c.kind == kind)
    if day is not None:
        conditions.append(event.c.day == day)
    if person is not None:
        somebody = Person.__table__.alias()
        named = sa.select(somebody.c.id).where(
            sa.or_(somebody.c.name == person, sa.cast(somebody.c.id, sa.Text()) == person)
        )
        conditions.append(event.c.person_id.in_(named))
    if client is not None:
        conditions.append(event.c.client_id == client)
    if subject is not None:
        conditions.append(event.c.subjects.contains(sa.cast(array([key_or_null(subject)]), ARRAY(sa.Uuid()))))
    return sa.and_(*conditions)


def key_or_null(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The key that a text writes. Another text is no fault: it names no row, and an array with null holds nothing."""
    return sa.case((text.op("~")(literal(KEY)), sa.cast(text, sa.Uuid())), else_=sa.null())


def subject_keys(event: sa.FromClause) -> sa.ColumnElement[Any]:
    """The keys of the rows that an entry is about, as texts."""
    return sa.cast(event.c.subjects, ARRAY(sa.Text()))


def person_name(event: sa.FromClause) -> sa.ColumnElement[Any]:
    """What the person who acted is called now."""
    somebody = Person.__table__.alias()
    return sa.select(somebody.c.name).where(somebody.c.id == event.c.person_id).correlate(event).scalar_subquery()
