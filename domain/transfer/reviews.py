"""The rules of declassification 脱密审查: a civil text of its own is put up, others approve it, only then it exists."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals import requests
from domain.approvals.requests import Party, Subject
from domain.approvals.tables import DecisionKind, RequestStatus
from domain.guards import existing, text_of
from domain.programmes.tables import Programme
from domain.transfer.civil_tables import CivilDescription, CivilMatch, DeclassificationReview
from domain.transfer.matching import matches_of
from domain.transfer.outcomes import LINE_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, reach, seen_outcome
from domain.transfer.tables import Screening, TechnologyOutcome, TransferStage
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.viewer import Viewer

SUBJECT_KIND = "declassification"


async def request_declassification(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    outcome_id: UUID,
    version: int,
    target_classification: Classification,
    title: str,
    civil_use: str,
    text: str,
    justification: str,
) -> UUID:
    """Put a civil text of a screened outcome up for review; returns the review's key.

    Neither its author nor whoever screened the outcome can approve it. It names no programme, and it is to be less secret
    than the outcome, whose row stays as it is.
    """
    outcome = await seen_outcome(session, outcome_id, version)
    if outcome.stage is not TransferStage.SCREENED:
        raise Refusal("NOT_AT_STAGE", ("outcome",))
    if target_classification.rank >= outcome.classification.rank:
        raise Refusal("NOT_LOWER", ("target_classification",))
    name = text_of(title, "title", LINE_CHARACTERS_MAX)
    use = text_of(civil_use, "civil_use", LINE_CHARACTERS_MAX)
    body = text_of(text, "text", TEXT_CHARACTERS_MAX)
    await names_no_programme(session, {"title": name, "civil_use": use, "text": body})
    person = await requests.signatory(session, viewer)
    review_id = new_id()
    subject = Subject(SUBJECT_KIND, review_id, name, outcome.classification, outcome.compartments)
    request_id = await requests.request_approval(
        session, viewer, now, new_id, subject=subject, parties=await parties_to(session, outcome)
    )
    review = DeclassificationReview(
        id=review_id,
        outcome_id=outcome.id,
        request_id=request_id,
        author_id=person.person_id,
        author_name=person.name,
        status=RequestStatus.PENDING,
        target_classification=target_classification,
        title=name,
        civil_use=use,
        text=body,
        justification=text_of(justification, "justification", TEXT_CHARACTERS_MAX),
        requested_at=now,
        decided_at=None,
        classification=outcome.classification,
        compartments=outcome.compartments,
    )
    session.add(review)
    await reach(session, outcome, TransferStage.REVIEWING, now, new_id)
    return review.id


async def names_no_programme(session: AsyncSession, texts: dict[str, str]) -> None:
    """A civil text does not hold the code of a programme; of those that its author may not see it tells nothing."""
    codes = list(await session.scalars(sa.select(Programme.code)))
    for field, text in texts.items():
        if any(code in text for code in codes):
            raise Refusal("NAMES_A_PROGRAMME", (field,))


async def parties_to(session: AsyncSession, outcome: TechnologyOutcome) -> list[Party]:
    """Who has screened an outcome."""
    found = await session.execute(
        sa.select(Screening.screener_id, Screening.screener_employee_id).where(Screening.outcome_id == outcome.id)
    )
    return [Party(person, employee) for person, employee in found]


async def decide_declassification(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    review_id: UUID,
    version: int,
    kind: DecisionKind,
    comment: str | None = None,
    delegation_id: UUID | None = None,
) -> UUID:
    """Sign a review; `version` is the request's. The last signature brings the civil description into being."""
    review = await open_review(session, review_id)
    status = await requests.decide(
        session,
        viewer,
        now,
        new_id,
        request_id=review.request_id,
        version=version,
        kind=kind,
        comment=comment,
        delegation_id=delegation_id,
    )
    await settle(session, review, status, now, new_id)
    return review.id


async def withdraw_declassification(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, new_id: Ids, *, review_id: UUID
) -> UUID:
    """Its author takes a review back; the outcome can be put up again, with a chain from its beginning."""
    review = await open_review(session, review_id)
    request = await requests.withdraw(session, viewer, now, new_id, request_id=review.request_id)
    await settle(session, review, request.status, now, new_id)
    return review.id


async def open_review(session: AsyncSession, review_id: UUID) -> DeclassificationReview:
    """A review, locked, that has not come to its end."""
    review = await existing(session, DeclassificationReview, review_id, "review", lock=True)
    if review.status is not RequestStatus.PENDING:
        raise Refusal("REQUEST_CLOSED", ("review",))
    return review


async def settle(
    session: AsyncSession, review: DeclassificationReview, status: RequestStatus, now: dt.datetime, new_id: Ids
) -> None:
    """What follows for a review and its outcome from where its request stands."""
    if status is RequestStatus.PENDING:
        return
    outcome = await existing(session, TechnologyOutcome, review.outcome_id, "review", lock=True)
    review.status, review.decided_at = status, now
    await session.flush()
    if status is RequestStatus.APPROVED:
        await publish(session, review, now, new_id)
        await reach(session, outcome, TransferStage.DECLASSIFIED, now, new_id)
        return
    if status is RequestStatus.REJECTED:
        outcome.retained_at = now
    await reach(session, outcome, TransferStage.SCREENED, now, new_id)


async def publish(session: AsyncSession, review: DeclassificationReview, now: dt.datetime, new_id: Ids) -> None:
    """The civil description, as it was approved, and what it may serve. No compartment guards it: it tells nothing secret."""
    guard = {"classification": review.target_classification, "compartments": list[str]()}
    description = CivilDescription(
        id=new_id(),
        outcome_id=review.outcome_id,
        review_id=review.id,
        review_status=review.status,
        title=review.title,
        civil_use=review.civil_use,
        text=review.text,
        published_at=now,
        **guard,
    )
    session.add(description)
    await session.flush()
    found = await matches_of(session, f"{review.title} {review.civil_use} {review.text}")
    session.add_all(
        CivilMatch(
            id=new_id(),
            description_id=description.id,
            category_id=match.category_id,
            score=match.score,
            words=list(match.words),
            summary_words=list(match.summary_words),
            goods_words=list(match.goods_words),
            **guard,
        )
        for match in found
    )
    await session.flush()
