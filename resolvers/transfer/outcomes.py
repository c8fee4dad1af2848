"""How technology outcomes are answered: which are listed, and how far they have come."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.transfer import outcomes as outcome_rules
from domain.transfer.tables import TechnologyOutcome
from resolvers.planner.declare import NOW
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal
from segments.classification import Classification

Bound = sa.ColumnElement[Any] | None
SECONDS_A_DAY = 86_400


def days_since(instant: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Whole days from an instant until now."""
    seconds = sa.func.extract("epoch", NOW - instant)
    return sa.cast(sa.func.floor(seconds / sa.literal_column(str(SECONDS_A_DAY))), sa.Integer())


def days_in_stage(outcome: sa.FromClause) -> sa.ColumnElement[Any]:
    """How long an outcome has been where it is."""
    return days_since(outcome.c.stage_since)


def outcomes(
    outcome: sa.FromClause, *, stage: Bound = None, domain: Bound = None, retained: Bound = None
) -> sa.ColumnElement[bool]:
    """Outcomes at a stage, of a domain 领域, kept from transfer or not."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if stage is not None:
        conditions.append(outcome.c.stage == stage)
    if domain is not None:
        conditions.append(outcome.c.domain == domain)
    if retained is not None:
        conditions.append(outcome.c.retained_at.is_not(None) == retained)
    return sa.and_(*conditions)


def funnel() -> sa.Select[*tuple[Any, ...]]:
    """For each stage: how many outcomes have come at least so far, and how many are there and how long.

    What is kept from transfer has reached its stage, and is at none.
    """
    outcome = TechnologyOutcome.__table__.alias("funnel_outcome")
    named: list[sa.Select[*tuple[Any, ...]]] = [
        sa.select(literal(stage.value).label("stage"), place(at).label("number"))
        for at, stage in enumerate(outcome_rules.STAGES)
    ]
    stages = sa.union_all(*named).subquery("funnel_stage")
    places = [(outcome.c.stage == literal(stage.value), place(at)) for at, stage in enumerate(outcome_rules.STAGES)]
    reached = sa.case(*places)
    here = sa.and_(outcome.c.stage == stages.c.stage, outcome.c.retained_at.is_(None))
    found: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            stages.c.stage,
            sa.func.count(outcome.c.id).label("reached"),
            sa.func.count(outcome.c.id).filter(here).label("here"),
            sa.func.coalesce(sa.func.max(days_in_stage(outcome)).filter(here), place(0)).label("days_oldest"),
            sa.cast(sa.func.coalesce(sa.func.avg(days_in_stage(outcome)).filter(here), place(0)), sa.Integer()).label(
                "days_mean"
            ),
        )
        .select_from(stages.outerjoin(outcome, reached >= stages.c.number))
        .group_by(stages.c.stage, stages.c.number)
        .order_by(stages.c.number)
    )
    return found


def place(at: int) -> sa.ColumnClause[int]:
    """The place of a stage, as a constant of the statement."""
    return sa.literal_column(str(at), sa.Integer())


async def register_outcome(
    act: Act,
    *,
    code: str,
    domain: str,
    civil_use: str,
    readiness: int,
    title: str,
    text: str,
    classification: Classification,
    compartments: list[str] | None = None,
    programme: UUID | None = None,
    owner: UUID | None = None,
) -> UUID:
    """See `domain.transfer.outcomes`."""
    return await outcome_rules.register_outcome(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        code=code,
        domain=domain,
        civil_use=civil_use,
        readiness=readiness,
        title=title,
        text=text,
        classification=classification,
        compartments=compartments or (),
        programme_id=programme,
        owner_id=owner,
    )
