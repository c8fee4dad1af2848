"""Reclassification 密级变更 as staff see it: what is to be marked otherwise, why, and who has said so."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import strawberry

from domain.approvals.tables import DecisionKind, RequestStatus
from domain.reclassification import tables
from resolvers import reclassification as answers
from resolvers.planner.declare import by_id, listing, optional, row
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from schema.approvals import ApprovalRequest
from schema.classification import Classification
from schema.programmes import Equipment, Programme
from schema.transfer.outcomes import TechnologyOutcome
from segments.audiences import STAFF
from segments.marks import For, Needs, Of

REQUEST, APPROVE = Needs("classification:request"), Needs("classification:approve")


@For(STAFF)
@row(tables.Reclassification, order=("-requested_at",))
class Reclassification(Node):
    """A change of classification that two people make. 密级变更。"""

    title: str
    status: RequestStatus
    programme: Programme | None
    equipment: Equipment | None
    outcome: TechnologyOutcome | None
    request: ApprovalRequest | None
    from_classification: Classification
    from_compartments: list[str]
    to_classification: Classification
    to_compartments: list[str]
    reason: str
    author_name: str
    requested_at: dt.datetime
    decided_at: dt.datetime | None
    classification: Classification
    compartments: list[str]


@strawberry.type
class ReclassificationQuery:
    """Root fields of reclassification."""

    reclassification: Annotated[Reclassification | None, For(STAFF)] = by_id()
    reclassifications: Annotated[Connection[Reclassification], For(STAFF)] = listing(
        answers.reclassifications, status=optional(RequestStatus)
    )


@For(STAFF)
@strawberry.input
class RequestReclassificationInput:
    """One subject with its version, what it is to be, and why. 申请变更密级。"""

    programme: Annotated[strawberry.ID | None, Of("Programme")] = strawberry.UNSET
    equipment: Annotated[strawberry.ID | None, Of("Equipment")] = strawberry.UNSET
    outcome: Annotated[strawberry.ID | None, Of("TechnologyOutcome")] = strawberry.UNSET
    version: int
    classification: Classification
    compartments: list[str]
    reason: str


@For(STAFF)
@strawberry.input
class DecideReclassificationInput:
    """A signature; `version` is that of the approval request, `delegation` says in whose place. 审批密级变更。"""

    reclassification: Annotated[strawberry.ID, Of("Reclassification")]
    version: int
    kind: DecisionKind
    comment: str | None = strawberry.UNSET
    delegation: Annotated[strawberry.ID | None, Of("ApprovalDelegation")] = strawberry.UNSET


@For(STAFF)
@strawberry.input
class WithdrawReclassificationInput:
    """Which request is taken back. 撤回密级变更申请。"""

    reclassification: Annotated[strawberry.ID, Of("Reclassification")]


@For(STAFF)
@strawberry.type
class ReclassificationPayload:
    """The change as it stands now, or why nothing was changed. 密级变更结果。"""

    reclassification: Reclassification | None
    errors: list[UserError]


@strawberry.type
class ReclassificationMutation:
    """Changes of classification."""

    request_reclassification: Annotated[ReclassificationPayload, For(STAFF), REQUEST] = mutation(
        answers.request_reclassification, RequestReclassificationInput, ReclassificationPayload
    )
    decide_reclassification: Annotated[ReclassificationPayload, For(STAFF), APPROVE] = mutation(
        answers.decide_reclassification, DecideReclassificationInput, ReclassificationPayload
    )
    withdraw_reclassification: Annotated[ReclassificationPayload, For(STAFF), REQUEST] = mutation(
        answers.withdraw_reclassification, WithdrawReclassificationInput, ReclassificationPayload
    )
