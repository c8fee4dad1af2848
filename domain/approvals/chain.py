"""The rules of a frozen chain, over its rows in memory: who may sign now, and what a signature brings about.

Nothing here reads or writes a database, so that every order of events can be tried.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.approvals.tables import (
    ApprovalDecision,
    ApprovalRequest,
    ApprovalSigner,
    ApprovalStep,
    DecisionKind,
    RequestStatus,
)
from foundation.refusals import Refusal

ENDS = {DecisionKind.REJECT: RequestStatus.REJECTED, DecisionKind.RETURN: RequestStatus.RETURNED}


@dataclass(frozen=True)
class Signatory:
    """Whose signature it is: a person with the roles they hold, or held when they delegated."""

    person_id: UUID
    employee_id: UUID | None
    roles: frozenset[str]
    name: str


@dataclass
class Chain:
    """A request with its steps in their order, the signers of all of them, and the decisions so far."""

    request: ApprovalRequest
    steps: Sequence[ApprovalStep]
    signers: list[ApprovalSigner]
    decisions: list[ApprovalDecision]

    def step(self) -> ApprovalStep:
        """The step whose turn it is."""
        if self.request.status is not RequestStatus.PENDING:
            raise Refusal("REQUEST_CLOSED", ("request",))
        return self.steps[self.request.step_now]

    def signers_of(self, step: ApprovalStep) -> list[ApprovalSigner]:
        """The signers of a step, in their order."""
        return sorted((each for each in self.signers if each.step_id == step.id), key=lambda each: each.position)

    def signed(self) -> set[UUID]:
        """The signers who have approved."""
        return {each.signer_id for each in self.decisions if each.kind is DecisionKind.APPROVE}

    def open_signers(self, step: ApprovalStep) -> list[ApprovalSigner]:
        """The places of a step that nobody has signed yet; added ones first, for they cannot be done without."""
        signed = self.signed()
        return sorted(
            (each for each in self.signers_of(step) if each.id not in signed), key=lambda each: not each.added
        )

    def place_for(self, principal: Signatory, now: dt.datetime) -> tuple[ApprovalSigner, bool]:
        """The place that somebody may sign now, and whether only because the deadline has passed.

        A place in somebody's own name comes before one of a role, and this before one that fell to them.
        """
        step = self.step()
        places = self.open_signers(step)
        own = [each for each in places if each.employee_id is not None and each.employee_id == principal.employee_id]
        by_role = [each for each in places if each.role is not None and each.role in principal.roles]
        if own or by_role:
            return (own or by_role)[0], False
        if places and is_overdue(step, now) and step.escalation_role in principal.roles:
            return places[0], True
        raise Refusal("NOT_A_SIGNER", ("request",))

    def may_take_part(self, *signatories: Signatory) -> None:
        """Nobody decides on their own request, nor twice on one, whoever's place they sign and with whichever account."""
        people = {each.person_id for each in signatories}
        employees = {each.employee_id for each in signatories}
        if people & set(self.request.excluded_people) or employees & set(self.request.excluded_employees):
            raise Refusal("SELF_APPROVAL", ("request",))
        if people & self.people_signed() or (employees - {None}) & self.employees_signed():
            raise Refusal("ALREADY_SIGNED", ("request",))

    def people_signed(self) -> set[UUID]:
        """Who has said something, and in whose place."""
        return {one for each in self.decisions for one in (each.person_id, each.principal_id)}

    def employees_signed(self) -> set[UUID]:
        """The same as employees: somebody with two accounts is one of them."""
        both = (one for each in self.decisions for one in (each.employee_id, each.principal_employee_id))
        return {one for one in both if one is not None}

    def sign(
        self,
        decision_id: UUID,
        now: dt.datetime,
        *,
        person: Signatory,
        principal: Signatory,
        kind: DecisionKind,
        comment: str | None,
    ) -> ApprovalDecision:
        """Take a signature and go on from it; the new decision is to be stored."""
        self.step()
        self.may_take_part(person, principal)
        place, escalated = self.place_for(principal, now)
        if kind is not DecisionKind.APPROVE and comment is None:
            raise Refusal("EMPTY", ("comment",))
        decision = ApprovalDecision(
            id=decision_id,
            request_id=self.request.id,
            signer_id=place.id,
            person_id=person.person_id,
            principal_id=principal.person_id,
            employee_id=person.employee_id,
            principal_employee_id=principal.employee_id,
            person_name=person.name,
            principal_name=principal.name,
            kind=kind,
            escalated=escalated,
            comment=comment,
            at=now,
            classification=self.request.classification,
            compartments=self.request.compartments,
        )
        self.decisions.append(decision)
        self.request.version += 1
        if kind in ENDS:
            self.end(ENDS[kind], now)
        elif self.is_complete(self.steps[self.request.step_now]):
            self.go_on(now)
        return decision

    def is_complete(self, step: ApprovalStep) -> bool:
        """Enough of the frozen signers have approved, and all that were added."""
        signed = self.signed()
        places = self.signers_of(step)
        frozen = sum(each.id in signed for each in places if not each.added)
        return frozen >= step.needed and all(each.id in signed for each in places if each.added)

    def go_on(self, now: dt.datetime) -> None:
        """The present step is done: open the next one, or approve after the last."""
        self.steps[self.request.step_now].completed_at = now
        if self.request.step_now + 1 == len(self.steps):
            self.end(RequestStatus.APPROVED, now)
            return
        self.request.step_now += 1
        open_step(self.steps[self.request.step_now], now)

    def end(self, status: RequestStatus, now: dt.datetime) -> None:
        """Nothing more can be signed."""
        self.request.status, self.request.decided_at = status, now

    def may_be_named(self, employee_id: UUID) -> None:
        """Who is to sign beside others, or instead: none of those who may never or no more, and nobody of this step."""
        if employee_id in self.request.excluded_employees:
            raise Refusal("SELF_APPROVAL", ("employee",))
        if employee_id in self.employees_signed():
            # Nobody signs a request twice, so a place that is theirs would stay open for ever.
            raise Refusal("ALREADY_SIGNED", ("employee",))
        if any(each.employee_id == employee_id for each in self.signers_of(self.step())):
            raise Refusal("ALREADY_A_SIGNER", ("employee",))


def open_step(step: ApprovalStep, now: dt.datetime) -> None:
    """A step's turn begins, and its time."""
    step.opened_at, step.due_at = now, now + dt.timedelta(hours=step.deadline_hours)


def is_overdue(step: ApprovalStep, now: dt.datetime) -> bool:
    """Whether an open step's time is over."""
    return step.due_at is not None and step.completed_at is None and step.due_at <= now
