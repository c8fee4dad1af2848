"""How adjustments of points are answered, and their acts."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from domain.approvals.tables import DecisionKind
from domain.customers.tables import Customer
from domain.guards import existing
from domain.points import adjustments as rules
from domain.points.tables import PointsProgramme
from foundation.refusals import Refusal
from resolvers.planner.mutations import Act


def adjustments(_adjustment: sa.FromClause) -> sa.ColumnElement[bool]:
    """All that the viewer may see."""
    return sa.true()


async def propose_points_adjustment(act: Act, *, programme_code: str, customer: UUID, amount: int, reason: str) -> UUID:
    """See `domain.points.adjustments`."""
    await existing(act.session, Customer, customer, "customer")
    found = sa.select(PointsProgramme.id).where(PointsProgramme.code == programme_code.strip())
    programme = await act.session.scalar(found)
    if programme is None:
        raise Refusal("NOT_FOUND", ("programme_code",))
    return await rules.propose_adjustment(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        programme_id=programme,
        customer_id=customer,
        amount=amount,
        reason=reason,
    )


async def decide_points_adjustment(
    act: Act,
    *,
    adjustment: UUID,
    version: int,
    kind: DecisionKind,
    comment: str | None = None,
    delegation: UUID | None = None,
) -> UUID:
    """See `domain.points.adjustments`."""
    return await rules.decide_adjustment(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        adjustment_id=adjustment,
        version=version,
        kind=kind,
        comment=comment,
        delegation_id=delegation,
    )
