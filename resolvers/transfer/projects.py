"""How civil descriptions and projects are answered, and their acts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.transfer import projects
from domain.transfer.civil_tables import LicenceKind, TransferResult
from foundation.money import AmountError, Money
from foundation.refusals import Refusal
from resolvers.customers import today
from resolvers.planner.mutations import Act

Bound = sa.ColumnElement[Any] | None
CURRENCY = "CNY"


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
    result: TransferResult | None = None,
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
        result=result or TransferResult.PRODUCT,
    )


async def stop_project(act: Act, *, project: UUID, version: int) -> UUID:
    """See `domain.transfer.projects`."""
    return await projects.stop_project(act.session, act.now, act.new_id, project_id=project, version=version)
