"""The rules of requests: how one begins with a frozen chain, is signed, gets further signers, and ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.chain import Chain, Signatory, open_step
from domain.approvals.delegations import delegated_by
from domain.approvals.policies import policy_for
from domain.approvals.tables import (
    ApprovalDecision,
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalSigner,
    ApprovalStep,
    DecisionKind,
    RequestStatus,
)
from domain.customers.tables import Employee, Segment
from domain.guards import existing, text_of
from domain.identity.tables import Person
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.outbox import OutboxEvent, append, event_about
from segments.viewer import Viewer

TITLE_CHARACTERS_MAX = 200
COMMENT_CHARACTERS_MAX = 2_000


class Subject(NamedTuple):
    """What is to be approved, how it is guarded, and what policies may ask of it: its amount in fen, whose customer's it is."""

    kind: str
    id: UUID
    title: str
    classification: Classification
    compartments: Collection[str]
    amount: int | None = None
    segment: Segment | None = None


class Party(NamedTuple):
    """Somebody who has had a hand in a subject and may therefore not approve it."""

    person_id: UUID
    employee_id: UUID | None


async def signatory(session: AsyncSession, viewer: Viewer) -> Signatory:
    """The viewer as one who signs or asks; only a person can, in whose own row everybody may look."""
    person = await session.scalar(sa.select(Person).where(Person.id == viewer.person_id))
    if person is None:
        raise Refusal("PERSON_NEEDED")
    return Signatory(person.id, viewer.employee_id, viewer.roles, person.name)


async def request_approval(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    subject: Subject,
    parties: Collection[Party] = (),
) -> UUID:
    """Freeze the chain of the policy in force and open its first step; returns the request's key.

    Neither the requester nor any of the `parties` can sign it. What is routine by its policy is approved at once: whoever
    asks for what may be looks at `status_of` the request then.
    """
    requester = await signatory(session, viewer)
    policy = await policy_for(session, subject.kind, subject.classification, subject.amount, subject.segment)
    by_rule = policy.passes_because
    barred = {*parties, Party(requester.person_id, requester.employee_id)}
    request = ApprovalRequest(
        id=new_id(),
        policy_id=policy.id,
        requester_id=requester.person_id,
        requester_name=requester.name,
        subject_kind=subject.kind,
        subject_id=subject.id,
        title=text_of(subject.title, "title", TITLE_CHARACTERS_MAX),
        status=RequestStatus.PENDING if by_rule is None else RequestStatus.APPROVED,
        step_now=0,
        excluded_people=sorted({each.person_id for each in barred}),
        excluded_employees=sorted({each.employee_id for each in barred if each.employee_id is not None}),
        requested_at=now,
        decided_at=None if by_rule is None else now,
        passed_by_rule=by_rule,
        version=1,
        classification=subject.classification,
        compartments=sorted(subject.compartments),
    )
    session.add(request)
    await session.flush()
    if by_rule is not None:
        await append(session, request_event(request, "approval.passed_by_rule", now, new_id))
        return request.id
    steps, signers = frozen(policy, request, new_id)
    open_step(steps[0], now)
    session.add_all(steps)
    await session.flush()
    session.add_all(signers)
    await append(session, request_event(request, "approval.requested", now, new_id))
    return request.id


async def status_of(session: AsyncSession, request_id: UUID) -> RequestStatus:
    """Where a request stands."""
    return (await existing(session, ApprovalRequest, request_id, "request")).status


def frozen(
    policy: ApprovalPolicy, request: ApprovalRequest, new_id: Ids
) -> tuple[list[ApprovalStep], list[ApprovalSigner]]:
    """The policy's steps and signers as rows of a request of its own."""
    guard = {"classification": request.classification, "compartments": request.compartments}
    steps: list[ApprovalStep] = []
    signers: list[ApprovalSigner] = []
    for at, planned in enumerate(policy.steps):
        step = ApprovalStep(
            id=new_id(),
            request_id=request.id,
            position=at,
            name=planned["name"],
            name_en=planned["name_en"],
            needed=planned["needed"],
            deadline_hours=planned["deadline_hours"],
            escalation_role=planned["escalation_role"],
            opened_at=None,
            due_at=None,
            completed_at=None,
            **guard,
        )
        steps.append(step)
        for place, each in enumerate(planned["signers"]):
            named = UUID(each["employee"]) if "employee" in each else None
            signers.append(signer_row(new_id(), step, place, named, each.get("role")))
    return steps, signers


def signer_row(
    key: UUID,
    step: ApprovalStep,
    position: int,
    employee_id: UUID | None,
    role: str | None,
    named_by: str | None = None,
    reason: str | None = None,
) -> ApprovalSigner:
    """A place for a signature; one that somebody named is an added one."""
    return ApprovalSigner(
        id=key,
        request_id=step.request_id,
        step_id=step.id,
        employee_id=employee_id,
        position=position,
        role=role,
        added=named_by is not None,
        named_by=named_by,
        reason=reason,
        classification=step.classification,
        compartments=step.compartments,
    )


async def chain_of(session: AsyncSession, request_id: UUID, version: int | None = None) -> Chain:
    """A request, locked, with its chain, if it is still as the caller has seen it."""
    request = await existing(session, ApprovalRequest, request_id, "request", lock=True)
    if version is not None and request.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=request.version)
    found = sa.select(ApprovalStep).where(ApprovalStep.request_id == request_id).order_by(ApprovalStep.position)
    steps = list(await session.scalars(found))
    policy = await existing(session, ApprovalPolicy, request.policy_id, "request")
    if len(steps) != len(policy.steps):
        # A chain of which somebody sees a part would end too early.
        raise Refusal("NOT_FOUND", ("request",))
    signers = await session.scalars(sa.select(ApprovalSigner).where(ApprovalSigner.request_id == request_id))
    decisions = await session.scalars(sa.select(ApprovalDecision).where(ApprovalDecision.request_id == request_id))
    return Chain(request, steps, list(signers), list(decisions))


async def decide(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    request_id: UUID,
    version: int,
    kind: DecisionKind,
    comment: str | None = None,
    delegation_id: UUID | None = None,
) -> RequestStatus:
    """Sign a request, in one's own place or in that of who has delegated; returns where it stands then."""
    chain = await chain_of(session, request_id, version)
    person = await signatory(session, viewer)
    principal = person
    if delegation_id is not None:
        principal = await delegated_by(session, viewer, now, delegation_id, chain.request.subject_kind)
    said = None if comment is None or not comment.strip() else text_of(comment, "comment", COMMENT_CHARACTERS_MAX)
    decision = chain.sign(new_id(), now, person=person, principal=principal, kind=kind, comment=said)
    session.add(decision)
    await append(session, request_event(chain.request, "approval.signed", now, new_id))
    return chain.request.status


async def add_signer(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    request_id: UUID,
    version: int,
    employee_id: UUID,
    reason: str,
) -> UUID:
    """Somebody whose turn it is wants a further signature in the present step 加签; returns the request's key."""
    chain, person = await taking_part(session, viewer, now, request_id, version)
    step = chain.step()
    chain.may_be_named((await existing(session, Employee, employee_id, "employee")).id)
    position = len(chain.signers_of(step))
    said = text_of(reason, "reason", COMMENT_CHARACTERS_MAX)
    session.add(signer_row(new_id(), step, position, employee_id, None, person.name, said))
    return await changed(session, chain.request, "approval.signer_added", now, new_id)


async def hand_over(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    request_id: UUID,
    version: int,
    employee_id: UUID,
    reason: str,
) -> UUID:
    """Somebody whose turn it is gives their place to another 转办; returns the request's key."""
    chain, person = await taking_part(session, viewer, now, request_id, version)
    place, _ = chain.place_for(person, now)
    chain.may_be_named((await existing(session, Employee, employee_id, "employee")).id)
    place.employee_id, place.role = employee_id, None
    place.named_by, place.reason = person.name, text_of(reason, "reason", COMMENT_CHARACTERS_MAX)
    return await changed(session, chain.request, "approval.handed_over", now, new_id)


async def taking_part(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, request_id: UUID, version: int
) -> tuple[Chain, Signatory]:
    """A chain, and the viewer as somebody who could sign it now."""
    chain = await chain_of(session, request_id, version)
    person = await signatory(session, viewer)
    chain.step()
    chain.may_take_part(person)
    chain.place_for(person, now)
    return chain, person


async def withdraw(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, request_id: UUID
) -> ApprovalRequest:
    """Its requester takes a pending request back."""
    chain = await chain_of(session, request_id)
    chain.step()
    if chain.request.requester_id != viewer.person_id:
        raise Refusal("NOT_THE_REQUESTER", ("request",))
    chain.end(RequestStatus.WITHDRAWN, now)
    await changed(session, chain.request, "approval.withdrawn", now, new_id)
    return chain.request


async def changed(session: AsyncSession, request: ApprovalRequest, kind: str, now: dt.datetime, new_id: Ids) -> UUID:
    """Count the change and tell of it."""
    request.version += 1
    await append(session, request_event(request, kind, now, new_id))
    return request.id


def request_event(request: ApprovalRequest, kind: str, now: dt.datetime, new_id: Ids) -> OutboxEvent:
    """An event about a request, guarded like it."""
    return event_about(
        request, kind, now, new_id, subject_id=request.id, customer_id=None, payload={"status": request.status.value}
    )
