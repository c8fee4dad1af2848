"""Who must confirm a change of classification, and one change that waits for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain.approvals.tables import ApprovalRequest, ApprovalSigner, ApprovalStep, RequestStatus
from domain.identity.tables import Person
from domain.programmes.tables import Programme
from domain.reclassification.changes import SUBJECT_KIND
from domain.reclassification.tables import Reclassification
from portal.demo.policies import first_policy
from portal.demo.world import SYNTHETIC, World
from segments.classification import Classification

STEP: dict[str, Any] = {
    "name": "定密审核",
    "name_en": "Confirmation",
    "signers": [{"role": "security_officer"}, {"role": "department_head"}],
    "needed": 1,
    "deadline_hours": 72,
    "escalation_role": "department_head",
}
ASKER = "shen.li"


def make_reclassification(world: World) -> None:
    """A policy, and an internal programme of which somebody thinks that it should be confidential."""
    policy = first_policy(
        world,
        SUBJECT_KIND,
        "密级变更政策",
        "Reclassification policy",
        steps=[STEP],
        published_at=world.working_hour(world.day(950)),
    )
    internal = [row for row in world.rows(Programme) if row["classification"] is Classification.INTERNAL]
    if internal and world.storable(Classification.CONFIDENTIAL):
        person = next(row for row in world.rows(Person) if row["email"].startswith(ASKER))
        _ask(world, policy, internal[0], person)


def _ask(world: World, policy: Any, programme: dict[str, Any], person: dict[str, Any]) -> None:
    asked = world.working_hour(world.day(1))
    change, request = world.new_id(), world.new_id()
    guard = {"classification": Classification.CONFIDENTIAL, "compartments": programme["compartments"]}
    world.add(
        ApprovalRequest,
        id=request,
        policy_id=policy,
        requester_id=person["id"],
        requester_name=person["name"],
        subject_kind=SUBJECT_KIND,
        subject_id=change,
        title=programme["code"],
        status=RequestStatus.PENDING,
        step_now=0,
        excluded_people=[person["id"]],
        excluded_employees=[person["employee_id"]],
        requested_at=asked,
        decided_at=None,
        passed_by_rule=None,
        version=1,
        **guard,
    )
    step = world.add(
        ApprovalStep,
        request_id=request,
        position=0,
        name=STEP["name"],
        name_en=STEP["name_en"],
        needed=STEP["needed"],
        deadline_hours=STEP["deadline_hours"],
        escalation_role=STEP["escalation_role"],
        opened_at=asked,
        due_at=asked + dt.timedelta(hours=STEP["deadline_hours"]),
        completed_at=None,
        **guard,
    )
    for place, each in enumerate(STEP["signers"]):
        world.add(
            ApprovalSigner,
            request_id=request,
            step_id=step,
            employee_id=None,
            position=place,
            role=each["role"],
            added=False,
            named_by=None,
            reason=None,
            **guard,
        )
    world.add(
        Reclassification,
        id=change,
        programme_id=programme["id"],
        equipment_id=None,
        outcome_id=None,
        request_id=request,
        author_id=person["id"],
        author_employee_id=person["employee_id"],
        author_name=person["name"],
        title=programme["code"],
        status=RequestStatus.PENDING,
        from_classification=programme["classification"],
        from_compartments=programme["compartments"],
        to_classification=Classification.CONFIDENTIAL,
        to_compartments=programme["compartments"],
        reason=f"总体方案评审后增加了保密要求。{SYNTHETIC}",
        requested_at=asked,
        decided_at=None,
        applied_in=None,
        **guard,
    )
