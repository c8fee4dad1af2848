"""How the civil side of technology transfer is answered, and its acts: screening, review, projects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.approvals import requests as approval_rules
from domain.approvals.tables import DecisionKind
from domain.guards import existing
from domain.transfer import projects, reviews, screenings
from domain.transfer.civil_tables import DeclassificationReview, LicenceKind
from domain.transfer.tables import ScreeningSheet
from foundation.money import AmountError, Money
from foundation.refusals import Refusal
from resolvers.customers import localised, today
from resolvers.planner.mutations import Act
from segments.classification import Classification

Bound = sa.ColumnElement[Any] | None
CURRENCY = "CNY"


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def sheets(sheet: sa.FromClause, *, latest: Bound = None) -> sa.ColumnElement[bool]:
    """Sheets; the latest is in force."""
    if latest is None:
        return sa.true()
    newer = ScreeningSheet.__table__.alias()
    later = sa.select(newer.c.id).where(newer.c.version > sheet.c.version)
    return sa.not_(later.correlate(sheet).exists()) == latest


def reviews_of(review: sa.FromClause, *, status: Bound = None) -> sa.ColumnElement[bool]:
    """Reviews by where they stand."""
    return sa.true() if status is None else review.c.status == status


def descriptions(_: sa.FromClause) -> sa.ColumnElement[bool]:
    """All that may be seen."""
    return sa.true()


def transfer_projects(project: sa.FromClause, *, status: Bound = None) -> sa.ColumnElement[bool]:
    """Projects by where they stand."""
    return sa.true() if status is None else project.c.status == status


def days_late(milestone: sa.FromClause) -> sa.ColumnElement[Any]:
    """Days a milestone came late, or is late today; 0 when it is not."""
    late = sa.func.coalesce(milestone.c.actual_on, today()) - milestone.c.planned_on
    days = sa.type_coerce(late, sa.Integer())
    return sa.case((days < 0, 0), else_=days)


async def publish_sheet(
    act: Act, *, name: str, pass_mark: int, criteria: Sequence[Mapping[str, Any]], name_en: str | None = None
) -> UUID:
    """See `domain.transfer.screenings`."""
    return await screenings.publish_sheet(
        act.session, act.now, act.new_id, name=name, name_en=name_en, pass_mark=pass_mark, criteria=criteria
    )


async def screen_outcome(
    act: Act, *, outcome: UUID, version: int, scores: Sequence[Mapping[str, Any]], remark: str | None = None
) -> UUID:
    """See `domain.transfer.screenings`."""
    return await screenings.screen_outcome(
        act.session, act.viewer, act.now, act.new_id, outcome_id=outcome, version=version, scores=scores, remark=remark
    )


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
    """See `domain.approvals.requests`."""
    found = await existing(act.session, DeclassificationReview, review, "review")
    await approval_rules.add_signer(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        request_id=found.request_id,
        version=version,
        employee_id=employee,
        reason=reason,
    )
    return review


async def hand_over_declassification(act: Act, *, review: UUID, version: int, employee: UUID, reason: str) -> UUID:
    """See `domain.approvals.requests`."""
    found = await existing(act.session, DeclassificationReview, review, "review")
    await approval_rules.hand_over(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        request_id=found.request_id,
        version=version,
        employee_id=employee,
        reason=reason,
    )
    return review


async def start_project(
    act: Act,
    *,
    description: UUID,
    name: str,
    partner: str,
    licence: LicenceKind,
    licence_from: dt.date,
    licence_until: dt.date | None = None,
    lead: UUID | None = None,
    milestones: Sequence[Mapping[str, Any]] | None = None,
) -> UUID:
    """See `domain.transfer.projects`."""
    return await projects.start_project(
        act.session,
        act.now,
        act.new_id,
        description_id=description,
        name=name,
        partner=partner,
        licence=licence,
        licence_from=licence_from,
        licence_until=licence_until,
        lead_id=lead,
        milestones=milestones or (),
    )


async def reach_transfer_milestone(act: Act, *, milestone: UUID, on: dt.date) -> UUID:
    """See `domain.transfer.projects`."""
    return await projects.reach_transfer_milestone(act.session, act.now, act.new_id, milestone_id=milestone, on=on)


async def launch_product(
    act: Act,
    *,
    project: UUID,
    version: int,
    category: UUID,
    name: str,
    summary: str,
    description: str,
    brand: str,
    variant: str,
    price: Decimal,
    name_en: str | None = None,
) -> UUID:
    """See `domain.transfer.projects`; the price is in yuan."""
    try:
        amount = Money.parse(format(price, "f"), CURRENCY)
    except AmountError as error:
        raise Refusal("PRICE_MALFORMED", ("price",)) from error
    return await projects.launch_product(
        act.session,
        act.now,
        act.new_id,
        project_id=project,
        version=version,
        category_id=category,
        name=name,
        name_en=name_en,
        summary=summary,
        description=description,
        brand=brand,
        variant=variant,
        price=amount,
    )


async def stop_project(act: Act, *, project: UUID, version: int) -> UUID:
    """See `domain.transfer.projects`."""
    return await projects.stop_project(act.session, act.now, act.new_id, project_id=project, version=version)
