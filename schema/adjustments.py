"""Adjustments of points 积分调整: staff propose, others sign, then it is posted."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import strawberry

from domain.approvals.tables import DecisionKind
from domain.points import tables
from resolvers import adjustments as answers
from resolvers.planner.declare import by_id, listing, row
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import BigInt, Connection, Node
from schema.approvals import ApprovalRequest
from schema.customers import Customer
from segments.audiences import STAFF
from segments.marks import For, Needs, Of

ADJUST = Needs("points:adjust")


@For(STAFF)
@ADJUST
@row(tables.PointsAdjustment, order=("-proposed_at",))
class PointsAdjustment(Node):
    """Points to be given, or below zero taken, once its request is approved. 积分调整。"""

    customer: Customer | None
    amount: BigInt
    reason: str
    proposed_at: dt.datetime
    request: ApprovalRequest | None


@strawberry.type
class AdjustmentsQuery:
    """Root fields of adjustments."""

    points_adjustment: Annotated[PointsAdjustment | None, For(STAFF)] = by_id()
    points_adjustments: Annotated[Connection[PointsAdjustment], For(STAFF)] = listing(answers.adjustments)


@For(STAFF)
@strawberry.input
class ProposePointsAdjustmentInput:
    """Whose points, how many (below zero to take), and why. 提出积分调整。"""

    programme_code: str
    customer: Annotated[strawberry.ID, Of("Customer")]
    amount: int
    reason: str


@For(STAFF)
@strawberry.input
class DecidePointsAdjustmentInput:
    """A signature; `version` is that of the approval request. 审批积分调整。"""

    adjustment: Annotated[strawberry.ID, Of("PointsAdjustment")]
    version: int
    kind: DecisionKind
    comment: str | None = strawberry.UNSET
    delegation: Annotated[strawberry.ID | None, Of("ApprovalDelegation")] = strawberry.UNSET


@For(STAFF)
@strawberry.type
class PointsAdjustmentPayload:
    """The adjustment as it stands now, or why nothing was changed. 积分调整结果。"""

    adjustment: PointsAdjustment | None
    errors: list[UserError]


@strawberry.type
class AdjustmentsMutation:
    """Proposing and signing adjustments."""

    propose_points_adjustment: Annotated[PointsAdjustmentPayload, For(STAFF), ADJUST] = mutation(
        answers.propose_points_adjustment, ProposePointsAdjustmentInput, PointsAdjustmentPayload, idempotent=True
    )
    decide_points_adjustment: Annotated[PointsAdjustmentPayload, For(STAFF), ADJUST] = mutation(
        answers.decide_points_adjustment, DecidePointsAdjustmentInput, PointsAdjustmentPayload, idempotent=True
    )
