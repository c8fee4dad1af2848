"""Outcomes at every stage, some kept from transfer, with their originals."""

from __future__ import annotations

from domain.customers.tables import Employee
from domain.programmes.tables import Programme
from domain.transfer import tables
from tests.resolvers.planner.seeded.factory import Factory


def add_transfer(make: Factory) -> None:
    """Sixteen outcomes."""
    for at in range(16):
        outcome = make.add(
            tables.TechnologyOutcome,
            programme_id=make.perhaps(Programme),
            owner_id=make.perhaps(Employee),
            code=f"{'T%_'[at % 3]}-{at}",
            domain=make.random.choice(["无人机", "通信", "a%"]),
            readiness=make.random.randint(1, 9),
        )
        for _ in make.times(0, 2):
            make.add(tables.OutcomeOriginal, outcome_id=outcome["id"])
