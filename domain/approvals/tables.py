"""Tables of approvals: policies as data, and for each request the chain frozen when it was made, with its decisions."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.customers.tables import Employee
from foundation.tables import Table, labels
from segments.classification import Classification, ClassificationRank, Classified
from segments.policies import HOUSE, PERSON, STAFF_OR_SYSTEM, SYSTEM, Rows, all_of, any_of


class RequestStatus(enum.Enum):
    """Where a request stands: 审批中, 已批准, 已否决, 已退回, 已撤回."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"


class DecisionKind(enum.Enum):
    """What a signer says: 同意, 否决, 退回."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN = "RETURN"


class StepState(enum.Enum):
    """Where a step stands: its turn is to come, it waits for signatures, it does so too long, it is done."""

    AHEAD = "AHEAD"
    OPEN = "OPEN"
    OVERDUE = "OVERDUE"
    DONE = "DONE"


class ApprovalPolicy(Table):
    """Which signatures a kind of subject needs 审批政策. A change is a new version; requests keep the one they began with.

    Of the policies in force for a kind, the narrowest whose conditions hold is taken (`domain/approvals/conditions.py`);
    amounts are fen. `segments` are the kinds of customer it is for, all when there are none. `steps` is what
    `domain/approvals/policies.py` validates; a policy with `passes_because` has none: its subjects are routine 常规 and pass
    by this rule, for this reason.
    """

    __tablename__ = "approval_policy"
    __rows__ = Rows(HOUSE, STAFF_OR_SYSTEM, classified=False)
    __table_args__ = (
        UniqueConstraint("subject_kind", "code", "version"),
        CheckConstraint("(passes_because is null) = (jsonb_array_length(steps) > 0)", "steps_or_rule"),
        Index("ix_approval_policy_order", "subject_kind", "code", sa.text("version desc"), "id"),
    )

    subject_kind: Mapped[str]
    code: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    name_en: Mapped[str | None]
    classification_min: Mapped[Classification | None] = mapped_column(ClassificationRank())
    classification_max: Mapped[Classification | None] = mapped_column(ClassificationRank())
    amount_min: Mapped[int | None]
    amount_below: Mapped[int | None]
    segments: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    passes_because: Mapped[str | None]
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())
    published_at: Mapped[dt.datetime]


class ApprovalRequest(Classified, Table):
    """A subject that waits for signatures, guarded like its subject. `excluded_…` are those who may never sign it.

    What is routine has `passed_by_rule`, the reason that its policy gave, and neither steps nor signatures: a rule signs as
    nobody.
    """

    __tablename__ = "approval_request"
    __rows__ = Rows(HOUSE, HOUSE)
    __table_args__ = (
        CheckConstraint("passed_by_rule is null or status = 'APPROVED'", "by_rule"),
        Index("ix_approval_request_order", sa.text("requested_at desc"), "id"),
        Index("ix_approval_request_status", "status", sa.text("requested_at desc"), "id"),
        Index("ix_approval_request_subject", "subject_id"),
    )

    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_policy.id"))
    requester_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    requester_name: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    title: Mapped[str]
    status: Mapped[RequestStatus] = mapped_column(labels(RequestStatus, "status"))
    step_now: Mapped[int]
    excluded_people: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(sa.Uuid()))
    excluded_employees: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(sa.Uuid()))
    requested_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    passed_by_rule: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    policy: Mapped[ApprovalPolicy | None] = relationship(lazy="raise")
    steps: Mapped[list[ApprovalStep]] = relationship(lazy="raise", back_populates="request")
    decisions: Mapped[list[ApprovalDecision]] = relationship(lazy="raise", back_populates="request")


class ApprovalStep(Classified, Table):
    """A step of a frozen chain. `needed` of its signers must sign, and every added one besides."""

    __tablename__ = "approval_step"
    __rows__ = Rows(HOUSE, HOUSE)
    __table_args__ = (
        CheckConstraint("needed >= 1", "needed"),
        Index("ix_approval_step_request", "request_id", "position", "id"),
    )

    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_request.id"))
    position: Mapped[int]
    name: Mapped[str]
    name_en: Mapped[str | None]
    needed: Mapped[int]
    deadline_hours: Mapped[int]
    escalation_role: Mapped[str | None]
    opened_at: Mapped[dt.datetime | None]
    due_at: Mapped[dt.datetime | None]
    completed_at: Mapped[dt.datetime | None]
    request: Mapped[ApprovalRequest | None] = relationship(lazy="raise", back_populates="steps")
    signers: Mapped[list[ApprovalSigner]] = relationship(lazy="raise", back_populates="step")


class ApprovalSigner(Classified, Table):
    """A place for one signature: of an employee, or of whoever has a role. An added signer 加签 is always needed."""

    __tablename__ = "approval_signer"
    __rows__ = Rows(HOUSE, HOUSE)
    __table_args__ = (
        CheckConstraint("(role is null) <> (employee_id is null)", "one_kind"),
        Index("ix_approval_signer_step", "step_id", "position", "id"),
        Index("ix_approval_signer_request", "request_id"),
    )

    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_request.id"))
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_step.id"))
    employee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    position: Mapped[int]
    role: Mapped[str | None]
    added: Mapped[bool]
    named_by: Mapped[str | None]  # who added this signer, or handed the signature over
    reason: Mapped[str | None]
    step: Mapped[ApprovalStep | None] = relationship(lazy="raise", back_populates="signers")
    employee: Mapped[Employee | None] = relationship(lazy="raise")
    decisions: Mapped[list[ApprovalDecision]] = relationship(lazy="raise", back_populates="signer")


class ApprovalDecision(Classified, Table):
    """One signature, for good, and by PostgreSQL's word in nobody's name but one's own.

    `principal` is whose place it was: the signer's own, or that of who has delegated. Nobody appears twice in a request,
    with a second account of the same employee neither.
    """

    __tablename__ = "approval_decision"
    __rows__ = Rows(HOUSE, any_of(SYSTEM, all_of(HOUSE, f"person_id = {PERSON}")), append_only=True, regraded=True)
    __table_args__ = (
        UniqueConstraint(
            "request_id", "person_id", "classification", "compartments", name="uq_approval_decision_person"
        ),
        UniqueConstraint(
            "request_id", "principal_id", "classification", "compartments", name="uq_approval_decision_principal"
        ),
        UniqueConstraint(
            "request_id", "employee_id", "classification", "compartments", name="uq_approval_decision_employee"
        ),
        UniqueConstraint(
            "request_id",
            "principal_employee_id",
            "classification",
            "compartments",
            name="uq_approval_decision_principal_employee",
        ),
        Index("ix_approval_decision_request", "request_id", "at", "id"),
        Index("ix_approval_decision_signer", "signer_id"),
    )

    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_request.id"))
    signer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_signer.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    principal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    employee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    principal_employee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    person_name: Mapped[str]
    principal_name: Mapped[str]
    kind: Mapped[DecisionKind] = mapped_column(labels(DecisionKind, "kind"))
    escalated: Mapped[bool]
    comment: Mapped[str | None]
    at: Mapped[dt.datetime]
    request: Mapped[ApprovalRequest | None] = relationship(lazy="raise", back_populates="decisions")
    signer: Mapped[ApprovalSigner | None] = relationship(lazy="raise", back_populates="decisions")


class ApprovalDelegation(Table):
    """Somebody signs for somebody who is away 委托, for a time. The roles are those the absent one had when delegating.

    It ends with any of them, with their clearance and with their account: the table of people sees to that.
    """

    __tablename__ = "approval_delegation"
    __rows__ = Rows(HOUSE, any_of(SYSTEM, all_of(HOUSE, f"delegator_id = {PERSON}")), classified=False)
    __table_args__ = (
        CheckConstraint("valid_until > valid_from", "period"),
        Index("ix_approval_delegation_delegate", "delegate_id", "valid_until"),
        Index("ix_approval_delegation_order", sa.text("valid_from desc"), "id"),
    )

    delegator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    delegator_employee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    delegate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("employee.id"))
    delegator_name: Mapped[str]
    roles: Mapped[list[str]]
    subject_kind: Mapped[str | None]
    reason: Mapped[str]
    valid_from: Mapped[dt.datetime]
    valid_until: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    delegate: Mapped[Employee | None] = relationship(lazy="raise", foreign_keys=[delegate_id])
