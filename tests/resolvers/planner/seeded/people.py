"""Who looks: viewers of all six audiences with different owners, clearances, compartments, scopes and languages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.customers.tables import Customer, Employee, Segment
from domain.identity.tables import Person
from segments.audiences import CONSUMER, CUSTOMERS, DIVISION, ENTERPRISE, GOVERNMENT, MILITARY, STAFF, Audience
from segments.classification import Classification
from segments.scopes import AUDIENCE_SCOPES
from segments.viewer import Language, Viewer
from tests.resolvers.planner.seeded.factory import Factory

SEGMENTS = {MILITARY: Segment.MILITARY, GOVERNMENT: Segment.GOVERNMENT, ENTERPRISE: Segment.ENTERPRISE, CONSUMER: Segment.CONSUMER}  # fmt: skip

ALL, NONE = True, False
PEOPLE: tuple[tuple[Audience, Classification, frozenset[str], Language, bool], ...] = (
    (MILITARY, Classification.SECRET, frozenset({"red", 'b"l,ue'}), "zh", ALL),
    (MILITARY, Classification.PUBLIC, frozenset(), "en", NONE),
    (GOVERNMENT, Classification.INTERNAL, frozenset(), "zh", ALL),
    (ENTERPRISE, Classification.INTERNAL, frozenset({"blue"}), "en", ALL),
    (CONSUMER, Classification.PUBLIC, frozenset(), "zh", ALL),
    (DIVISION, Classification.CONFIDENTIAL, frozenset({"red"}), "en", ALL),
    (STAFF, Classification.TOP_SECRET, frozenset({"red", "blue", 'b"l,ue'}), "zh", ALL),
    (STAFF, Classification.INTERNAL, frozenset(), "en", ALL),
)


def add_people(make: Factory) -> list[Viewer]:
    """A row for each of the people, and the viewers they are; the last of the consumers is anonymous."""
    viewers = [add_person(make, *who) for who in PEOPLE]
    return [*viewers, Viewer.anonymous("en")]


def add_person(
    make: Factory,
    audience: Audience,
    clearance: Classification,
    compartments: frozenset[str],
    language: Language,
    all_scopes: bool,
) -> Viewer:
    """One of the people, with every scope of the audience or with none, so that refusals are compared too."""
    rights: dict[str, Any] = {
        "customer_id": owner(make, audience),
        "employee_id": make.one(Employee)["id"] if audience is STAFF else None,
        "clearance": clearance,
        "compartments": sorted(compartments),
        "roles": ["buyer", "a'b"],
    }
    row = make.add(Person, audience=audience, email=f"{make.number()}@example.com", active=True, **rights)
    return Viewer(
        audience,
        person_id=row["id"],
        customer_id=rights["customer_id"],
        employee_id=rights["employee_id"],
        clearance=clearance,
        compartments=compartments,
        scopes=AUDIENCE_SCOPES[audience] if all_scopes else frozenset(),
        language=language,
    )


def owner(make: Factory, audience: Audience) -> UUID | None:
    """The customer that people of an audience belong to."""
    if audience not in CUSTOMERS:
        return None
    return next(row["id"] for row in make.of(Customer) if row["segment"] is SEGMENTS[audience])
