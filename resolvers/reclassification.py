"""How reclassifications are answered, and their acts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.approvals.tables import DecisionKind
from domain.reclassification import changes
from foundation.refusals import Refusal
from resolvers.planner.mutations import Act
from segments.classification import Classification

Bound = sa.ColumnElement[Any] | None


def reclassifications(change: sa.FromClause, *, status: Bound = None) -> sa.ColumnElement[bool]:
    """Changes by where they stand."""
    return sa.true() if status is None else change.c.status == status


async def request_reclassification(
    act: Act,
    *,
    version: int,
    classification: Classification,
    compartments: Collection[str],
    reason: str,
    programme: UUID | None = None,
    equipment: UUID | None = None,
    outcome: UUID | None = None,
) -> UUID:
    """See `domain.reclassification.changes`."""
    named = {"programme": programme, "equipment": equipment, "outcome": outcome}
    given = [(kind, key) for kind, key in named.items() if key is not None]
    if len(given) != 1:
        raise Refusal("ONE_SUBJECT")
    kind, key = given[0]
    return await changes.request_reclassification(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        kind=kind,
        subject_id=key,
        version=version,
        classification=classification,
        compartments=compartments,
        reason=reason,
    )


async def decide_reclassification(
    act: Act,
    *,
    reclassification: UUID,
    version: int,
    kind: DecisionKind,
    comment: str | None = None,
    delegation: UUID | None = None,
) -> UUID:
    """See `domain.reclassification.changes`."""
    return await changes.decide_reclassification(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        change_id=reclassification,
        version=version,
        kind=kind,
        comment=comment,
        delegation_id=delegation,
    )


async def withdraw_reclassification(act: Act, *, reclassification: UUID) -> UUID:
    """See `domain.reclassification.changes`."""
    return await changes.withdraw_reclassification(
        act.session, act.viewer, act.now, act.new_id, change_id=reclassification
    )
