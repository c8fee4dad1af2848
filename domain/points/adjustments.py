"""The rules of adjustments: staff propose a correction, others approve exactly that, then it is posted once."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.requests import Subject, decide, request_approval, status_of
from domain.approvals.tables import DecisionKind, RequestStatus
from domain.guards import existing, text_of
from domain.points.refusals import AMOUNT_MAX, ledger_refusals
from domain.points.tables import PointsAdjustment
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.viewer import Viewer

SUBJECT_KIND = "points-adjustment"
REASON_CHARACTERS_MAX = 500


async def propose_adjustment(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    programme_id: UUID,
    customer_id: UUID,
    amount: int,
    reason: str,
) -> UUID:
    """Ask for approval to give (or, below zero, to take) points; returns the adjustment's key."""
    if not 1 <= abs(amount) <= AMOUNT_MAX:
        raise Refusal("OUT_OF_RANGE", ("amount",), min=-AMOUNT_MAX, max=AMOUNT_MAX)
    why = text_of(reason, "reason", REASON_CHARACTERS_MAX)
    adjustment_id = new_id()
    title = f"{amount:+} 积分 {why}"[:200]
    subject = Subject(SUBJECT_KIND, adjustment_id, title, Classification.INTERNAL, (), abs(amount))
    approval_id = await request_approval(session, viewer, now, new_id, subject=subject)
    called = sa.func.points_propose_adjustment(
        adjustment_id, programme_id, customer_id, approval_id, sa.literal(amount, sa.BigInteger()), why
    )
    with ledger_refusals():
        await session.execute(sa.select(called))
    # What is routine by its policy is approved at once.
    if await status_of(session, approval_id) is RequestStatus.APPROVED:
        await post_adjustment(session, adjustment_id)
    return adjustment_id


async def decide_adjustment(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    adjustment_id: UUID,
    version: int,
    kind: DecisionKind,
    comment: str | None = None,
    delegation_id: UUID | None = None,
) -> UUID:
    """Sign an adjustment's request, of which `version` is; the last signature posts the points."""
    adjustment = await existing(session, PointsAdjustment, adjustment_id, "adjustment")
    status = await decide(
        session,
        viewer,
        now,
        new_id,
        request_id=adjustment.approval_id,
        version=version,
        kind=kind,
        comment=comment,
        delegation_id=delegation_id,
    )
    if status is RequestStatus.APPROVED:
        await session.flush()
        await post_adjustment(session, adjustment_id)
    return adjustment_id


async def post_adjustment(session: AsyncSession, adjustment_id: UUID) -> list[UUID]:
    """Post an adjustment whose request was approved (`NOT_APPROVED` otherwise); a second time it answers as the first."""
    called = sa.func.points_adjust(adjustment_id, type_=ARRAY(sa.Uuid()))
    with ledger_refusals():
        return list((await session.execute(sa.select(called))).scalar_one())
