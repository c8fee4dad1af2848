"""How approvals are answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from foundation.money import Money
from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.customers import localised
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import global_id


def step_state(seen: Seen, step: Found) -> str:
    if step["completed_at"] is not None:
        return "DONE"
    if step["due_at"] is None:
        return "AHEAD"
    return "OVERDUE" if step["due_at"] <= seen.now else "OPEN"


def hours_spent(seen: Seen, step: Found) -> int | None:
    if step["opened_at"] is None:
        return None
    return int(((step["completed_at"] or seen.now) - step["opened_at"]).total_seconds() // 3600)


def policy_steps(seen: Seen, policy: Found) -> list[dict[str, Any]]:
    told = policy["steps"]
    steps: list[dict[str, Any]] = orjson.loads(told) if isinstance(told, str) else told
    named = [signers_by_name(seen, step) for step in steps]
    return [
        {
            "name": (step["name_en"] if seen.viewer.language == "en" else None) or step["name"],
            "name_zh": step["name"],
            "name_en": step["name_en"],
            "roles": [each["role"] for each in step["signers"] if "role" in each],
            "employees": [global_id("Employee", employee["id"]) for employee in employees],
            "employee_names": [localised(seen, employee) for employee in employees],
            "signers": len(step["signers"]),
            "needed": step["needed"],
            "deadline_hours": step["deadline_hours"],
            "escalation_role": step["escalation_role"],
        }
        for step, employees in zip(steps, named, strict=True)
    ]


def signers_by_name(seen: Seen, step: dict[str, Any]) -> list[Found]:
    """The employees that a step names; those whom the viewer may not see are left out."""
    found = [seen.one("employee", UUID(each["employee"])) for each in step["signers"] if "employee" in each]
    return [employee for employee in found if employee is not None]


def yuan(column: str) -> Any:
    """An amount in yuan, with two digits."""

    def told(_: Seen, policy: Found) -> str | None:
        return None if policy[column] is None else Money(policy[column], "CNY").decimal()

    return told


def may_appear(seen: Seen, request: Found, person: UUID) -> bool:
    decisions = seen.where("approval_decision", "request_id", request["id"])
    return person not in request["excluded_people"] and not any(
        person in {each["person_id"], each["principal_id"]} for each in decisions
    )


def may_take(seen: Seen, request: Found, employee: UUID | None, roles: list[str]) -> bool:
    taken = {each["signer_id"] for each in seen.rows["approval_decision"] if each["kind"] == "APPROVE"}
    for step in seen.where("approval_step", "request_id", request["id"]):
        if step["position"] != request["step_now"]:
            continue
        fallen = step["due_at"] is not None and step["due_at"] <= seen.now and step["escalation_role"] in roles
        for signer in seen.where("approval_signer", "step_id", step["id"]):
            own = signer["employee_id"] is not None and signer["employee_id"] == employee
            if signer["id"] not in taken and (own or signer["role"] in roles or fallen):
                return True
    return False


def in_force(seen: Seen, delegation: Found) -> bool:
    return delegation["ended_at"] is None and delegation["valid_from"] <= seen.now < delegation["valid_until"]


def waits_in_person(seen: Seen, request: Found) -> bool:
    person = seen.one("person", seen.viewer.person_id)
    if request["status"] != "PENDING" or person is None or not may_appear(seen, request, person["id"]):
        return False
    return may_take(seen, request, person["employee_id"], person["roles"])


def waits_for_viewer(seen: Seen, request: Found) -> bool:
    person = seen.one("person", seen.viewer.person_id)
    if request["status"] != "PENDING" or person is None or not may_appear(seen, request, person["id"]):
        return False
    return waits_in_person(seen, request) or any(
        in_force(seen, each)
        and each["subject_kind"] in {None, request["subject_kind"]}
        and may_appear(seen, request, each["delegator_id"])
        and may_take(seen, request, each["delegator_employee_id"], each["roles"])
        for each in seen.where("approval_delegation", "delegate_id", person["employee_id"])
    )


def requests(
    seen: Seen, row: Found, *, status: str | None, subject_kind: str | None, waits_for_viewer: bool | None
) -> bool:
    return (
        status in {None, row["status"]}
        and subject_kind in {None, row["subject_kind"]}
        and waits_for_viewer in {None, waiting(seen, row)}
    )


waiting = waits_for_viewer


def policies(seen: Seen, row: Found, *, subject_kind: str | None, code: str | None, in_force: bool | None) -> bool:
    same = [
        each
        for each in seen.rows["approval_policy"]
        if (each["subject_kind"], each["code"]) == (row["subject_kind"], row["code"])
    ]
    newest = max(each["version"] for each in same) == row["version"]
    return subject_kind in {None, row["subject_kind"]} and code in {None, row["code"]} and in_force in {None, newest}


def delegations(
    seen: Seen, row: Found, *, in_force: bool | None, to_viewer: bool | None, by_viewer: bool | None
) -> bool:
    person = seen.one("person", seen.viewer.person_id)
    mine = person is not None and person["employee_id"] == row["delegate_id"]
    given = person is not None and person["id"] == row["delegator_id"]
    return in_force in {None, holds(seen, row)} and to_viewer in {None, mine} and by_viewer in {None, given}


holds = in_force


def register(answers: Answers) -> None:
    """Tell the oracle of approvals."""
    for type_name in ("ApprovalPolicy", "ApprovalStep"):
        answers.answer(type_name, "name")(localised)
    answers.answer("ApprovalPolicy", "name_zh")(lambda _, policy: policy["name"])
    for column in ("amount_min", "amount_below"):
        answers.answer("ApprovalPolicy", column)(yuan(column))
    answers.answer("ApprovalPolicy", "steps")(policy_steps)
    answers.answer("ApprovalDelegation", "in_force")(in_force)
    answers.answer("ApprovalRequest", "waits_in_person")(waits_in_person)
    answers.answer("ApprovalStep", "state")(step_state)
    answers.answer("ApprovalStep", "hours_spent")(hours_spent)
    answers.answer("ApprovalRequest", "waits_for_viewer")(waits_for_viewer)
    answers.answer("Query", "approval_requests")(requests)
    answers.answer("Query", "approval_policies")(policies)
    answers.answer("Query", "approval_delegations")(delegations)
