"""How the viewer is answered: who is signed in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.identity.tables import Person
from resolvers.planner.declare import PERSON


def viewer() -> sa.Select[*tuple[Any, ...]]:
    """The person signed in; no row for an anonymous viewer."""
    person = Person.__table__.alias("person")
    found: sa.Select[*tuple[Any, ...]] = sa.select(
        person.c.name,
        person.c.email,
        person.c.roles,
        person.c.clearance,
        person.c.compartments,
        person.c.customer_id,
        person.c.employee_id,
    ).where(person.c.id == PERSON)
    return found
