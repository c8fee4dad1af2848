"""Policies in versions, and requests at every step: some wait for those who look, some fell due, some were delegated."""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain.approvals import tables
from domain.customers.tables import Employee
from domain.identity.tables import Person
from tests.resolvers.planner.seeded.factory import NOW, Factory

ROLES = ("buyer", "a'b", "other")
MOMENTS = (NOW, NOW - dt.timedelta(days=3), NOW + dt.timedelta(days=3), None)


def add_approvals(make: Factory) -> None:
    """Five policies, twenty requests and some delegations."""
    for at in range(5):
        # The last passes by rule.
        asks = {"steps": [planned(make, each) for each in make.times(1, 3)], "passes_because": None}
        passes = {"steps": [], "passes_because": "金额小 0%"}
        of = {"subject_kind": "abb"[at // 2], "code": "cce"[at // 2], "version": at % 2 + 1}
        make.add(tables.ApprovalPolicy, **of, **(passes if at == 4 else asks))
    for _ in range(8):
        delegator = make.one(Person)
        make.add(
            tables.ApprovalDelegation,
            delegator_id=delegator["id"],
            delegator_employee_id=delegator["employee_id"],
            delegate_id=employee(make),
            roles=[make.random.choice(ROLES)],
            subject_kind=make.random.choice([None, "a", "b"]),
            valid_from=NOW - dt.timedelta(days=make.random.choice([0, 1, 90])),
            valid_until=NOW + dt.timedelta(days=make.random.choice([1, 2])),
            ended_at=make.random.choice([None, None, None, NOW]),
        )
    for _ in range(20):
        add_request(make)


def planned(make: Factory, at: int) -> dict[str, Any]:
    """A step of a policy."""
    return {
        "name": f"步骤 {at}",
        "name_en": make.random.choice([None, "", "Step"]) or None,
        "signers": [{"role": make.random.choice(ROLES)}, {"employee": str(make.one(Employee)["id"])}],
        "needed": 1,
        "deadline_hours": at,
        "escalation_role": make.random.choice([None, "buyer"]),
    }


def employee(make: Factory) -> Any:
    """An employee, most often one of those who look."""
    looking = [row["employee_id"] for row in make.of(Person) if row["employee_id"] is not None]
    return make.random.choice([*looking, make.one(Employee)["id"]])


def add_request(make: Factory) -> None:
    """A request with up to three steps; its parts are as secret as it is."""
    people = [row["id"] for row in make.of(Person)]
    barred = make.random.sample(people, make.random.randint(0, 2))
    request = make.add(
        tables.ApprovalRequest,
        policy_id=make.one(tables.ApprovalPolicy)["id"],
        requester_id=make.random.choice(people),
        subject_kind=make.random.choice("ab"),
        subject_id=make.id(),
        passed_by_rule=None,
        status=make.random.choice([tables.RequestStatus.PENDING, *tables.RequestStatus]),
        step_now=make.random.choice([0, 0, 1]),
        excluded_people=barred,
        excluded_employees=[],
    )
    of = {
        "request_id": request["id"],
        "classification": request["classification"],
        "compartments": request["compartments"],
    }
    signers: list[dict[str, Any]] = []
    for at in make.times(1, 3):
        step = make.add(
            tables.ApprovalStep,
            **of,
            position=at,
            needed=1,
            due_at=make.random.choice(MOMENTS),
            escalation_role=make.random.choice([None, *ROLES]),
        )
        for place in make.times(1, 2):
            role = make.random.choice([None, *ROLES])
            named = employee(make) if role is None else None
            signers.append(
                make.add(tables.ApprovalSigner, **of, step_id=step["id"], role=role, employee_id=named, position=place)
            )
    for signer, person in zip(signers, make.random.sample(people, make.random.randint(0, 2)), strict=False):
        make.add(tables.ApprovalDecision, **of, signer_id=signer["id"], person_id=person, principal_id=person)
