"""The rules of reclassification: one person asks with a reason, others sign, and only then the rows are marked anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals import requests
from domain.approvals.requests import Subject
from domain.approvals.tables import ApprovalDecision, DecisionKind, RequestStatus
from domain.audit.recording import record
from domain.audit.tables import AuditKind
from domain.guards import existing, may_classify, text_of
from domain.programmes.tables import Equipment, Programme
from domain.reclassification.marking import Marking, mark_below, values
from domain.reclassification.tables import Reclassification
from domain.transfer.civil_tables import CivilDescription, DeclassificationReview
from domain.transfer.tables import OutcomeOriginal, TechnologyOutcome
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.outbox import append, event_about
from segments.viewer import Viewer

SUBJECT_KIND = "reclassification"
REASON_CHARACTERS_MAX = 2_000
Marked = Programme | Equipment | TechnologyOutcome


class Kind(NamedTuple):
    """A kind of subject: its table and the attribute that names a row of it for people."""

    table: type[Marked]
    title: str


# The input's member and the column of `Reclassification` without `_id`.
KINDS: dict[str, Kind] = {
    "programme": Kind(Programme, "code"),
    "equipment": Kind(Equipment, "serial_number"),
    "outcome": Kind(TechnologyOutcome, "code"),
}


async def request_reclassification(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    kind: str,
    subject_id: UUID,
    version: int,
    classification: Classification,
    compartments: Collection[str],
    reason: str,
) -> UUID:
    """Ask for another marking of a subject; `kind` is one of `KINDS`, `version` the subject's. Returns the request's row.

    Nobody asks for more than they are cleared for, and whoever confirms must be cleared for both markings.
    """
    subject = await existing(session, KINDS[kind].table, subject_id, kind, lock=True)
    if subject.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=subject.version)
    old, new = Marking.of(subject), Marking(classification, frozenset(compartments))
    if old == new:
        raise Refusal("SAME_MARKING", ("classification",))
    await may_be_marked(session, viewer, subject, new)
    pending = sa.exists().where(column_of(kind) == subject_id, Reclassification.status == RequestStatus.PENDING)
    if await session.scalar(sa.select(pending)):
        raise Refusal("ALREADY_REQUESTED", (kind,))
    person, both = await requests.signatory(session, viewer), old.joined(new)
    key, title = new_id(), str(getattr(subject, KINDS[kind].title))
    asked = Subject(SUBJECT_KIND, key, title, both.classification, both.compartments)
    request_id = await requests.request_approval(session, viewer, now, new_id, subject=asked)
    change = Reclassification(
        id=key,
        request_id=request_id,
        author_id=person.person_id,
        author_employee_id=person.employee_id,
        author_name=person.name,
        title=title,
        status=RequestStatus.PENDING,
        from_classification=old.classification,
        from_compartments=sorted(old.compartments),
        to_classification=new.classification,
        to_compartments=sorted(new.compartments),
        reason=text_of(reason, "reason", REASON_CHARACTERS_MAX),
        requested_at=now,
        decided_at=None,
        applied_in=None,
        **{f"{kind}_id": subject_id},
        **values(both),
    )
    session.add(change)
    await session.flush()
    return key


def column_of(kind: str) -> sa.ColumnElement[UUID]:
    """The column that points to a kind of subject."""
    found: sa.ColumnElement[UUID] = getattr(Reclassification, f"{kind}_id")
    return found


async def may_be_marked(session: AsyncSession, viewer: Viewer, subject: Marked, new: Marking) -> None:
    """The viewer and the installation hold the marking, and it is not below what the subject rests on."""
    rests_on: tuple[Classification, Collection[str]] = (Classification.PUBLIC, ())
    if not isinstance(subject, Programme) and subject.programme_id is not None:
        programme = await session.scalar(sa.select(Programme).where(Programme.id == subject.programme_id))
        if programme is None:
            # It rests on something that the viewer may not see, so that only a viewer who may can judge.
            raise Refusal("BELOW_SUBJECT", ("classification",))
        rests_on = (programme.classification, programme.compartments)
    await may_classify(session, viewer, new.classification, new.compartments, rests_on)
    if isinstance(subject, TechnologyOutcome):
        await outcome_may_be_marked(session, subject, new)


async def outcome_may_be_marked(session: AsyncSession, outcome: TechnologyOutcome, new: Marking) -> None:
    """An outcome stays above its civil descriptions, and under review it stays what it was put up as."""
    pending = sa.exists().where(
        DeclassificationReview.outcome_id == outcome.id, DeclassificationReview.status == RequestStatus.PENDING
    )
    if await session.scalar(sa.select(pending)):
        raise Refusal("UNDER_REVIEW", ("outcome",))
    described = sa.select(sa.func.max(CivilDescription.classification)).where(CivilDescription.outcome_id == outcome.id)
    highest: Classification | None = await session.scalar(described)
    if highest is not None and new.classification.rank <= highest.rank:
        raise Refusal("NOT_ABOVE_DESCRIPTION", ("classification",))


async def decide_reclassification(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    change_id: UUID,
    version: int,
    kind: DecisionKind,
    comment: str | None = None,
    delegation_id: UUID | None = None,
) -> UUID:
    """Sign a request; `version` is the approval request's. The last signature marks the subject and its rows anew."""
    change = await open_change(session, change_id)
    status = await requests.decide(
        session,
        viewer,
        now,
        new_id,
        request_id=change.request_id,
        version=version,
        kind=kind,
        comment=comment,
        delegation_id=delegation_id,
    )
    if status is RequestStatus.APPROVED:
        await apply(session, viewer, now, new_id, change)
    elif status is not RequestStatus.PENDING:
        change.status, change.decided_at = status, now
    return change.id


async def withdraw_reclassification(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, change_id: UUID
) -> UUID:
    """Whoever asked takes it back."""
    change = await open_change(session, change_id)
    request = await requests.withdraw(session, viewer, now, new_id, request_id=change.request_id)
    change.status, change.decided_at = request.status, now
    return change.id


async def open_change(session: AsyncSession, change_id: UUID) -> Reclassification:
    """A change, locked, that has not come to its end."""
    change = await existing(session, Reclassification, change_id, "reclassification", lock=True)
    if change.status is not RequestStatus.PENDING:
        raise Refusal("REQUEST_CLOSED", ("reclassification",))
    return change


async def apply(session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, change: Reclassification) -> None:
    """Mark the subject and the rows below it anew, in the transaction in which the change was confirmed."""
    kind, subject = await subject_of(session, change)
    old = Marking(change.from_classification, frozenset(change.from_compartments))
    new = Marking(change.to_classification, frozenset(change.to_compartments))
    if Marking.of(subject) != old:
        raise Refusal("MARKED_MEANWHILE", ("reclassification",))
    await may_be_marked(session, viewer, subject, new)
    change.status, change.decided_at = RequestStatus.APPROVED, now
    await session.flush()
    subject.classification, subject.compartments = new.classification, sorted(new.compartments)
    subject.version += 1
    subject.updated_at = now
    try:
        await session.flush()
        count = await mark_below(session, KINDS[kind].table, subject.id, old, new, keeps=await kept(session, subject))
    except IntegrityError as error:
        # Unique keys hold the marking, so that they tell nothing of hidden rows: here is another of the same name.
        raise Refusal("MARKING_TAKEN", ("reclassification",)) from error
    customer_id = None if isinstance(subject, TechnologyOutcome) else subject.customer_id
    told = {"kind": kind, "classification": new.classification.value}
    event = event_about(
        subject, "classification.changed", now, new_id, subject_id=subject.id, customer_id=customer_id, payload=told
    )
    await append(session, event)
    await leave_trace(session, viewer, new_id, change, subject.id, count)


async def subject_of(session: AsyncSession, change: Reclassification) -> tuple[str, Marked]:
    """What a change is about, locked."""
    for kind, (table, _) in KINDS.items():
        key: UUID | None = getattr(change, f"{kind}_id")
        if key is not None:
            return kind, await existing(session, table, key, "reclassification", lock=True)
    raise AssertionError("the database demands one subject")


async def kept(session: AsyncSession, subject: Marked) -> type[OutcomeOriginal] | None:
    """The original of an outcome that has a civil description is not lowered: the description is the way down."""
    if not isinstance(subject, TechnologyOutcome):
        return None
    described = sa.exists().where(CivilDescription.outcome_id == subject.id)
    return OutcomeOriginal if await session.scalar(sa.select(described)) else None


async def leave_trace(
    session: AsyncSession, viewer: Viewer, new_id: Ids, change: Reclassification, subject_id: UUID, count: int
) -> None:
    """An entry that names who asked and who signed; each changed row has one of its own, by a trigger."""
    signed = sa.select(ApprovalDecision.person_id).where(ApprovalDecision.request_id == change.request_id)
    signers = await session.scalars(signed.order_by(ApprovalDecision.at, ApprovalDecision.id))
    details = {
        "asked": str(change.author_id),
        "signed": [str(each) for each in signers],
        "before": [change.from_classification.value, *change.from_compartments],
        "after": [change.to_classification.value, *change.to_compartments],
        "rows_below": count,
    }
    subjects = (subject_id, change.id, change.request_id)
    kind = AuditKind.CLASSIFICATION_CHANGED
    await record(session, viewer, kind, row_id=new_id(), subjects=subjects, details=details)
