"""How declassification reviews are answered, and their acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.approvals.requests import add_signer, hand_over
from domain.approvals.tables import DecisionKind
from domain.guards import existing
from domain.transfer import reviews
from domain.transfer.civil_tables import DeclassificationReview
from resolvers.planner.mutations import Act
from segments.classification import Classification

Bound = sa.ColumnElement[Any] | None


def reviews_of(review: sa.FromClause, *, status: Bound = None) -> sa.ColumnElement[bool]:
    """Reviews by where they stand."""
    return sa.true() if status is None else review.c.status == status


async def request_declassification(
    act: Act,
    *,
    outcome: UUID,
    version: int,
    target_classification: Classification,
    title: str,
    civil_use: str,
    text: str,
    justification: str,
) -> UUID:
    """See `domain.transfer.reviews`."""
    return await reviews.request_declassification(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        outcome_id=outcome,
        version=version,
        target_classification=target_classification,
        title=title,
        civil_use=civil_use,
        text=text,
        justification=justification,
    )


async def withdraw_declassification(act: Act, *, review: UUID) -> UUID:
    """See `domain.transfer.reviews`."""
    return await reviews.withdraw_declassification(act.session, act.viewer, act.now, act.new_id, review_id=review)


async def decide_declassification(
    act: Act,
    *,
    review: UUID,
    version: int,
    kind: DecisionKind,
    comment: str | None = None,
    delegation: UUID | None = None,
) -> UUID:
    """See `domain.transfer.reviews`."""
    return await reviews.decide_declassification(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        review_id=review,
        version=version,
        kind=kind,
        comment=comment,
        delegation_id=delegation,
    )


async def add_declassification_signer(act: Act, *, review: UUID, version: int, employee: UUID, reason: str) -> UUID:
    """See `domain.approvals.requests.add_signer`."""
    return await name_signer(add_signer, act, review, version=version, employee_id=employee, reason=reason)


async def hand_over_declassification(act: Act, *, review: UUID, version: int, employee: UUID, reason: str) -> UUID:
    """See `domain.approvals.requests.hand_over`."""
    return await name_signer(hand_over, act, review, version=version, employee_id=employee, reason=reason)


async def name_signer(rule: Callable[..., Awaitable[UUID]], act: Act, review: UUID, **named: Any) -> UUID:
    """Somebody is to sign the request of a review, beside others or instead."""
    found = await existing(act.session, DeclassificationReview, review, "review")
    await rule(act.session, act.viewer, act.now, act.new_id, request_id=found.request_id, **named)
    return review
