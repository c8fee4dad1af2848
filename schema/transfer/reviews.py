"""Declassification reviews as clients see them: civil texts and who has signed them. 脱密审查。"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.approvals.tables import DecisionKind, RequestStatus
from domain.transfer import civil_tables
from resolvers.planner.declare import by_id, listing, optional, row
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from resolvers.transfer import reviews as answers
from schema.approvals import ApprovalRequest
from schema.classification import Classification
from schema.transfer.reading import READ
from segments.audiences import DIVISION, STAFF
from segments.marks import For, Needs, Of

if TYPE_CHECKING:
    from schema.transfer.outcomes import TechnologyOutcome

Outcome = Annotated["TechnologyOutcome", strawberry.lazy("schema.transfer.outcomes")]
REVIEW, APPROVE = Needs("transfer:review"), Needs("transfer:approve")


@For(DIVISION, STAFF)
@READ
@row(civil_tables.DeclassificationReview, order=("-requested_at",))
class DeclassificationReview(Node):
    """A civil text put up for review. 脱密审查。"""

    outcome: Outcome | None
    request: ApprovalRequest | None
    status: RequestStatus
    target_classification: Classification
    title: str
    civil_use: str
    text: str
    justification: str
    author_name: str
    requested_at: dt.datetime
    decided_at: dt.datetime | None
    classification: Classification
    compartments: list[str]


@strawberry.type
class ReviewsQuery:
    """Root fields of reviews."""

    declassification_review: Annotated[DeclassificationReview | None, For(DIVISION, STAFF)] = by_id()
    declassification_reviews: Annotated[Connection[DeclassificationReview], For(DIVISION, STAFF)] = listing(
        answers.reviews_of, status=optional(RequestStatus)
    )


@For(DIVISION)
@strawberry.input
class RequestDeclassificationInput:
    """A civil text, the degree it asks for, and why. 申请脱密审查。"""

    outcome: Annotated[strawberry.ID, Of("TechnologyOutcome")]
    version: int
    target_classification: Classification
    title: str
    civil_use: str
    text: str
    justification: str


@For(DIVISION)
@strawberry.input
class WithdrawDeclassificationInput:
    """Which review is taken back. 撤回脱密审查。"""

    review: Annotated[strawberry.ID, Of("DeclassificationReview")]


@For(DIVISION, STAFF)
@strawberry.input
class DecideDeclassificationInput:
    """A signature; `version` is that of the approval request, `delegation` says in whose place. 审批脱密。"""

    review: Annotated[strawberry.ID, Of("DeclassificationReview")]
    version: int
    kind: DecisionKind
    comment: str | None = strawberry.UNSET
    delegation: Annotated[strawberry.ID | None, Of("ApprovalDelegation")] = strawberry.UNSET


@For(DIVISION, STAFF)
@strawberry.input
class NameDeclassificationSignerInput:
    """Who is to sign too, or instead, and why. 加签或转办。"""

    review: Annotated[strawberry.ID, Of("DeclassificationReview")]
    version: int
    employee: Annotated[strawberry.ID, Of("Employee")]
    reason: str


@For(DIVISION, STAFF)
@strawberry.type
class DeclassificationPayload:
    """The review as it is now, or why nothing was changed. 审查结果。"""

    review: DeclassificationReview | None
    errors: list[UserError]


@strawberry.type
class ReviewsMutation:
    """Changes of reviews."""

    request_declassification: Annotated[DeclassificationPayload, For(DIVISION), REVIEW] = mutation(
        answers.request_declassification, RequestDeclassificationInput, DeclassificationPayload
    )
    add_declassification_signer: Annotated[DeclassificationPayload, For(DIVISION, STAFF), APPROVE] = mutation(
        answers.add_declassification_signer, NameDeclassificationSignerInput, DeclassificationPayload
    )
    hand_over_declassification: Annotated[DeclassificationPayload, For(DIVISION, STAFF), APPROVE] = mutation(
        answers.hand_over_declassification, NameDeclassificationSignerInput, DeclassificationPayload
    )
    decide_declassification: Annotated[DeclassificationPayload, For(DIVISION, STAFF), APPROVE] = mutation(
        answers.decide_declassification, DecideDeclassificationInput, DeclassificationPayload
    )
    withdraw_declassification: Annotated[DeclassificationPayload, For(DIVISION), REVIEW] = mutation(
        answers.withdraw_declassification, WithdrawDeclassificationInput, DeclassificationPayload
    )
