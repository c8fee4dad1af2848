"""Programmes with their milestones, and equipment with the states and parts it has had."""

from __future__ import annotations

from typing import Any

from domain.customers.tables import Customer, Employee, Region, Segment
from domain.programmes import tables
from segments.classification import Classification
from tests.resolvers.planner.seeded.factory import DAYS, INSTANTS, Factory


def add_programmes(make: Factory) -> None:
    """Eight programmes of military customers and one other."""
    owners = [row for row in make.of(Customer) if row["segment"] is Segment.MILITARY]
    for at in range(8):
        owner = owners[0] if at < 4 else make.random.choice(owners)
        add_programme(make, owner, f"{'P%_'[at % 3]}-{at}", seen=at == 0)


def add_programme(make: Factory, owner: dict[str, Any], code: str, *, seen: bool) -> None:
    """A programme with phases, milestones and units."""
    marks = {"classification": Classification.PUBLIC, "compartments": []} if seen else {}
    cost = make.random.choice([None, 0, 12_345_600])
    programme = make.add(
        tables.Programme,
        customer_id=owner["id"],
        chief_id=make.perhaps(Employee),
        code=code,
        domain=make.random.choice(["无人机", "通信", "a%"]),
        cost_amount=cost,
        cost_currency=None if cost is None else make.random.choice(["CNY", "JPY"]),
        **marks,
    )
    of = {"programme_id": programme["id"], "customer_id": owner["id"]}
    for _ in make.times(0, 4):
        make.add(tables.PhaseSpan, **of)
    for _ in make.times(1, 6):
        make.add(tables.Milestone, **of, planned_on=make.random.choice(DAYS))
    for _ in make.times(0, 4):
        add_unit(make, of)


def add_unit(make: Factory, of: dict[str, Any]) -> None:
    """A unit with its states, the last of them open, and parts whose periods touch."""
    serial = f"{make.random.choice(['SN', 'sn', 'S%', 'S_'])}{make.number()}"
    unit = make.add(tables.Equipment, **of, serial_number=serial, region_id=make.perhaps(Region))
    moments = sorted(make.random.sample(INSTANTS, make.random.randint(1, 4)))
    for at, since in enumerate(moments):
        until = moments[at + 1] if at + 1 < len(moments) else None
        make.add(tables.EquipmentState, **of, equipment_id=unit["id"], valid_from=since, valid_until=until)
    for slot in ("engine", "radio", "'s"):
        moments = sorted(make.random.sample(INSTANTS, make.random.randint(0, 3)))
        for at, since in enumerate(moments):
            until = moments[at + 1] if at + 1 < len(moments) else make.random.choice([None, max(INSTANTS)])
            make.add(
                tables.ConfigurationItem,
                customer_id=of["customer_id"],
                equipment_id=unit["id"],
                slot=slot,
                valid_from=since,
                valid_until=until if until is None or until > since else None,
            )
