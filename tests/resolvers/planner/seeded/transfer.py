"""Outcomes at every stage, some kept from transfer, with their originals."""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain.approvals.tables import ApprovalRequest, RequestStatus
from domain.customers.tables import Employee
from domain.identity.tables import Person
from domain.programmes.tables import Programme
from domain.shop.tables import Category, Product
from domain.transfer import civil_tables as civil
from domain.transfer import tables
from tests.resolvers.planner.seeded.factory import TODAY, Factory


def add_transfer(make: Factory) -> None:
    """Sixteen outcomes, measured on two sheets, some of which became civil."""
    for version in (1, 2):
        sheet = make.add(tables.ScreeningSheet, version=version)
        for position in range(3):
            weight = {"weight": 30 + position, "floor": 0}
            make.add(tables.ScreeningCriterion, sheet_id=sheet["id"], code=f"c{position}", position=position, **weight)
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
        for _ in make.times(0, 2):
            add_screening(make, outcome)
        for _ in make.times(0, 2):
            add_review(make, outcome)


def add_screening(make: Factory, outcome: dict[str, Any]) -> None:
    """A screening with its points."""
    sheet = make.one(tables.ScreeningSheet)
    person = {"screener_id": make.one(Person)["id"], "total": make.random.randint(0, 100)}
    screening = make.add(tables.Screening, outcome_id=outcome["id"], sheet_id=sheet["id"], **person)
    for at, criterion in enumerate(make.of(tables.ScreeningCriterion)[:3]):
        of = {"screening_id": screening["id"], "criterion_id": criterion["id"]}
        make.add(tables.ScreeningScore, **of, position=at // 2, points=make.random.randint(0, 100))


def add_review(make: Factory, outcome: dict[str, Any]) -> None:
    """A review, and of one that was approved a description with what it may serve."""
    status = make.random.choice([RequestStatus.APPROVED, *RequestStatus])
    review = make.add(
        civil.DeclassificationReview,
        outcome_id=outcome["id"],
        request_id=make.one(ApprovalRequest)["id"],
        author_id=make.one(Person)["id"],
        status=status,
    )
    if status is not RequestStatus.APPROVED:
        return
    of = {"review_id": review["id"], "review_status": status}
    description = make.add(civil.CivilDescription, outcome_id=outcome["id"], **of)
    for _ in make.times(0, 3):
        make.add(civil.CivilMatch, description_id=description["id"], category_id=make.one(Category)["id"])
    for _ in make.times(0, 2):
        product = make.perhaps(Product)
        project = make.add(
            civil.TransferProject,
            description_id=description["id"],
            lead_id=make.perhaps(Employee),
            product_id=product,
            result=None if product is None else make.random.choice([None, *civil.TransferResult]),
            licence_from=TODAY,
            licence_until=make.random.choice([None, TODAY + dt.timedelta(days=9)]),
        )
        for _ in make.times(0, 3):
            make.add(civil.TransferMilestone, project_id=project["id"])
