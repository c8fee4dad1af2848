"""Customers of all segments with what belongs to them: names that tie, owners that differ, shared instants."""

from __future__ import annotations

from domain.customers import tables
from domain.customers.tables import CustomerKind, Segment, TeamRole
from segments.classification import Classification
from tests.resolvers.planner.seeded.factory import DAYS, INSTANTS, TEXTS, TODAY, Factory

NAMES = ("测绘院", "测绘院", "100%", "a_b", "Ab", 'say "x"', "长" * 200, "é", "", "a\\b")


def add_customers(make: Factory) -> None:
    """Regions, employees, and ten customers: the first of each segment is the one whose people look."""
    provinces = [make.add(tables.Region, code=f"{code}0000", name=name, parent_id=None) for code, name in PROVINCES]
    for at in range(7):
        make.add(tables.Region, code=f"4401{at:02}", name=TEXTS[at], parent_id=make.random.choice(provinces)["id"])
    for name in ("李伟", "李伟", "Wang", "王芳"):
        make.add(tables.Employee, name=name)
    for code in ("crm", "cdnow", "a'b"):
        make.add(tables.SourceSystem, code=code)
    for at, name in enumerate(NAMES):
        add_customer(make, name, list(Segment)[at % 4], looks=at < 4)


PROVINCES = (("44", "广东省"), ("51", "四川省"))


def add_customer(make: Factory, name: str, segment: Segment, *, looks: bool) -> None:
    """A customer with contacts, a team, interactions and records."""
    seen = {"classification": Classification.PUBLIC, "compartments": []} if looks else {}
    customer = make.add(
        tables.Customer,
        name=name,
        segment=segment,
        kind=CustomerKind.PERSON if segment is Segment.CONSUMER else CustomerKind.ORGANISATION,
        region_id=make.perhaps(tables.Region),
        parent_id=make.perhaps(tables.Customer, 0.5),
        contact_days_max=make.random.choice([None, 0, 29, 30, 31]),
        **seen,
    )
    of = {"customer_id": customer["id"]}
    for _ in make.times(2, 6):
        make.add(tables.Contact, **of)
    for at in make.times(1, 4):
        role = TeamRole.ACCOUNT_MANAGER if at == 0 else make.random.choice([TeamRole.SALES, TeamRole.SERVICE])
        since, until = sorted(make.random.sample(DAYS, 2))
        make.add(
            tables.TeamMember,
            **of,
            employee_id=make.one(tables.Employee)["id"],
            role=role,
            valid_from=since,
            valid_until=make.random.choice([None, until]) if until > TODAY else until,
        )
    for _ in make.times(9, 12) if looks else make.times(0, 6):
        add_interaction(make, customer)
    for _ in make.times(0, 3):
        make.add(tables.SegmentMove, **of, moved_by_id=make.perhaps(tables.Employee))
    for _ in make.times(0, 3):
        system = make.one(tables.SourceSystem)["id"]
        make.add(tables.ExternalId, **of, source_system_id=system, value=f"{make.number()}")


def add_interaction(make: Factory, customer: dict[str, object]) -> None:
    """An interaction with up to three participants."""
    of = {"customer_id": customer["id"]}
    interaction = make.add(
        tables.Interaction, **of, at=make.random.choice(INSTANTS), recorded_by_id=make.perhaps(tables.Employee)
    )
    contacts = [row["id"] for row in make.of(tables.Contact) if row["customer_id"] == customer["id"]]
    for at in make.times(0, 3):
        contact = make.random.choice(contacts) if at % 2 == 0 else None
        employee = make.one(tables.Employee)["id"] if contact is None else None
        make.add(tables.Participant, **of, interaction_id=interaction["id"], contact_id=contact, employee_id=employee)
