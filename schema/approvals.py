"""Approvals 审批 as staff and the division see them; signing is a mutation of the capability whose subject is signed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

import strawberry

from domain.approvals import tables
from domain.approvals.tables import DecisionKind, RequestStatus, StepState
from domain.customers.tables import Segment
from resolvers import approvals as answers
from resolvers.planner.declare import by_id, listing, optional, row, sql, value
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from schema.classification import Classification
from schema.customers import Employee
from segments.audiences import DIVISION, STAFF
from segments.marks import For, Needs, Of, publish_enum

READ = Needs("approvals:read", by=(DIVISION,))

publish_enum(RequestStatus, DIVISION, STAFF, name="ApprovalStatus")
publish_enum(DecisionKind, DIVISION, STAFF, name="ApprovalDecisionKind")
publish_enum(StepState, DIVISION, STAFF, name="ApprovalStepState")


@For(DIVISION, STAFF)
@READ
@value
class ApprovalPolicyStep:
    """A step that a policy asks for: how many of its signers, and within how many hours. 审批政策的步骤。

    A signer is whoever holds one of `roles`, or one of `employees`, whose names stand in the same order.
    """

    name: str
    name_zh: Annotated[str, For(STAFF)]
    name_en: Annotated[str | None, For(STAFF)]
    roles: list[str]
    employees: list[strawberry.ID]
    employee_names: list[str]
    signers: int
    needed: int
    deadline_hours: int
    escalation_role: str | None


@For(DIVISION, STAFF)
@READ
@row(tables.ApprovalPolicy, order=("subject_kind", "code", "-version"))
class ApprovalPolicy(Node):
    """Which signatures a kind of subject needs, or why it passes by rule; amounts are in yuan. 审批政策。"""

    subject_kind: str
    code: str
    version: int
    name: str = sql(answers.name)
    name_zh: Annotated[str, For(STAFF)] = sql(answers.name_zh)
    name_en: Annotated[str | None, For(STAFF)]
    classification_min: Classification | None
    classification_max: Classification | None
    amount_min: Decimal | None = sql(answers.amount_min)
    amount_below: Decimal | None = sql(answers.amount_below)
    segments: Annotated[list[str], For(STAFF)]
    passes_because: str | None
    steps: list[ApprovalPolicyStep] = sql(answers.policy_steps)
    published_at: dt.datetime


@For(DIVISION, STAFF)
@READ
@row(tables.ApprovalDecision, order=("at",))
class ApprovalDecision(Node):
    """A signature, and in whose place. 审批决定。"""

    kind: DecisionKind
    person_name: str
    principal_name: str
    escalated: bool
    comment: str | None
    at: dt.datetime
    classification: Classification
    compartments: list[str]


@For(DIVISION, STAFF)
@READ
@row(tables.ApprovalSigner, order=("position",))
class ApprovalSigner(Node):
    """A place for one signature. 审批人。"""

    position: int
    role: str | None
    employee: Employee | None
    added: bool
    named_by: str | None
    reason: str | None
    decisions: list[ApprovalDecision]
    classification: Classification
    compartments: list[str]


@For(DIVISION, STAFF)
@READ
@row(tables.ApprovalStep, order=("position",))
class ApprovalStep(Node):
    """A step of a frozen chain. 审批步骤。"""

    position: int
    name: str = sql(answers.name)
    state: StepState = sql(answers.step_state)
    needed: int
    deadline_hours: int
    hours_spent: int | None = sql(answers.hours_spent)
    escalation_role: str | None
    opened_at: dt.datetime | None
    due_at: dt.datetime | None
    completed_at: dt.datetime | None
    signers: list[ApprovalSigner]
    classification: Classification
    compartments: list[str]


@For(DIVISION, STAFF)
@READ
@row(tables.ApprovalRequest, order=("-requested_at",))
class ApprovalRequest(Node):
    """A subject that waits, or waited, for signatures. 审批单。"""

    title: str
    subject_kind: str
    status: RequestStatus
    requester_name: str
    requested_at: dt.datetime
    decided_at: dt.datetime | None
    passed_by_rule: str | None
    waits_for_viewer: bool = sql(answers.waits_for_viewer)
    waits_in_person: bool = sql(answers.waits_in_person)
    steps: list[ApprovalStep]
    decisions: list[ApprovalDecision]
    policy: ApprovalPolicy | None
    classification: Classification
    compartments: list[str]
    version: int


@For(DIVISION, STAFF)
@READ
@row(tables.ApprovalDelegation, order=("-valid_from",))
class ApprovalDelegation(Node):
    """Somebody signs for somebody who is away. 审批委托。"""

    delegator_name: str
    delegate: Employee | None
    subject_kind: str | None
    reason: str
    valid_from: dt.datetime
    valid_until: dt.datetime
    ended_at: dt.datetime | None
    in_force: bool = sql(answers.holds_now)


@For(DIVISION, STAFF)
@strawberry.input
class ApprovalRequestFilter:
    """Which requests to list. 审批单筛选条件。"""

    status: RequestStatus | None = None
    subject_kind: str | None = None
    waits_for_viewer: bool | None = None


@strawberry.type
class ApprovalsQuery:
    """Root fields of approvals."""

    approval_request: Annotated[ApprovalRequest | None, For(DIVISION, STAFF)] = by_id()
    approval_requests: Annotated[Connection[ApprovalRequest], For(DIVISION, STAFF)] = listing(
        answers.requests, filter=optional(ApprovalRequestFilter)
    )
    approval_policies: Annotated[Connection[ApprovalPolicy], For(DIVISION, STAFF)] = listing(
        answers.policies, subject_kind=optional(str), code=optional(str), in_force=optional(bool)
    )
    approval_delegations: Annotated[Connection[ApprovalDelegation], For(DIVISION, STAFF)] = listing(
        answers.delegations, in_force=optional(bool), to_viewer=optional(bool), by_viewer=optional(bool)
    )


@For(STAFF)
@strawberry.input
class ApprovalSignerInput:
    """A role or an employee. 审批人。"""

    role: str | None = strawberry.UNSET
    employee: Annotated[strawberry.ID | None, Of("Employee")] = strawberry.UNSET


@For(STAFF)
@strawberry.input
class ApprovalPolicyStepInput:
    """A step, whose signers are all needed unless told. 审批步骤。"""

    name: str
    name_en: str | None = strawberry.UNSET
    signers: list[ApprovalSignerInput]
    needed: int | None = strawberry.UNSET
    deadline_hours: int
    escalation_role: str | None = strawberry.UNSET


@For(STAFF)
@strawberry.input
class PublishApprovalPolicyInput:
    """A policy, or its next version: with steps, or the reason why what is below its bound passes by rule. 发布审批政策。"""

    subject_kind: str
    code: str
    name: str
    name_en: str | None = strawberry.UNSET
    classification_min: Classification | None = strawberry.UNSET
    classification_max: Classification | None = strawberry.UNSET
    amount_min: Decimal | None = strawberry.UNSET
    amount_below: Decimal | None = strawberry.UNSET
    segments: list[Segment] | None = strawberry.UNSET
    passes_because: str | None = strawberry.UNSET
    steps: list[ApprovalPolicyStepInput] | None = strawberry.UNSET


@For(STAFF)
@strawberry.type
class ApprovalPolicyPayload:
    """The policy, or why it was not published. 发布结果。"""

    policy: ApprovalPolicy | None
    errors: list[UserError]


@For(DIVISION, STAFF)
@strawberry.input
class DelegateApprovalsInput:
    """Who signs in one's place, and until when. 委托审批。"""

    delegate: Annotated[strawberry.ID, Of("Employee")]
    valid_until: dt.datetime
    reason: str
    subject_kind: str | None = strawberry.UNSET


@For(DIVISION, STAFF)
@strawberry.input
class EndDelegationInput:
    """Which delegation is over. 结束委托。"""

    delegation: Annotated[strawberry.ID, Of("ApprovalDelegation")]


@For(DIVISION, STAFF)
@strawberry.type
class DelegationPayload:
    """The delegation as it is now, or why nothing was changed. 委托结果。"""

    delegation: ApprovalDelegation | None
    errors: list[UserError]


DELEGATE = Needs("approvals:delegate")


@strawberry.type
class ApprovalsMutation:
    """Changes of approvals that are not about one subject."""

    publish_approval_policy: Annotated[ApprovalPolicyPayload, For(STAFF), Needs("approvals:publish")] = mutation(
        answers.publish_policy, PublishApprovalPolicyInput, ApprovalPolicyPayload
    )
    delegate_approvals: Annotated[DelegationPayload, For(DIVISION, STAFF), DELEGATE] = mutation(
        answers.delegate, DelegateApprovalsInput, DelegationPayload
    )
    end_delegation: Annotated[DelegationPayload, For(DIVISION, STAFF), DELEGATE] = mutation(
        answers.end_delegation, EndDelegationInput, DelegationPayload
    )
