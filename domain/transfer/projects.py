"""The rules of projects 转化项目: a partner, a licence and milestones turn a civil description into a product."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Employee
from domain.guards import existing, text_of
from domain.shop.offering import Offered, offer_product
from domain.shop.tables import Category
from domain.transfer.civil_tables import (
    CivilDescription,
    LicenceKind,
    ProjectStatus,
    TransferMilestone,
    TransferProject,
    TransferResult,
)
from domain.transfer.outcomes import LINE_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, reach
from domain.transfer.tables import TechnologyOutcome, TransferStage
from foundation.ids import Ids
from foundation.money import Money
from foundation.refusals import Refusal
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, GOVERNMENT
from segments.classification import Classification
from segments.outbox import OutboxEvent, append, event_about

MILESTONES_MAX = 30
OFFERED_TO = {
    TransferResult.PRODUCT: (CONSUMER, ENTERPRISE, GOVERNMENT, DIVISION),
    TransferResult.SOLUTION: (ENTERPRISE, GOVERNMENT, DIVISION),
}


async def start_project(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    description_id: UUID,
    name: str,
    partner: str,
    licence: LicenceKind,
    licence_from: dt.date,
    licence_until: dt.date | None = None,
    lead_id: UUID | None = None,
    milestones: Sequence[Mapping[str, Any]] = (),
) -> UUID:
    """Begin a project with a partner on a civil description; returns its key. A milestone is `{name, planned_on}`."""
    description = await existing(session, CivilDescription, description_id, "description")
    if licence_until is not None and licence_until <= licence_from:
        raise Refusal("BEFORE_START", ("licence_until",))
    if lead_id is not None:
        await existing(session, Employee, lead_id, "lead")
    if len(milestones) > MILESTONES_MAX:
        raise Refusal("TOO_MANY", ("milestones",), max=MILESTONES_MAX)
    guard = {"classification": description.classification, "compartments": description.compartments}
    project = TransferProject(
        id=new_id(),
        description_id=description.id,
        lead_id=lead_id,
        product_id=None,
        result=None,
        name=text_of(name, "name", LINE_CHARACTERS_MAX),
        partner=text_of(partner, "partner", LINE_CHARACTERS_MAX),
        licence=licence,
        licence_from=licence_from,
        licence_until=licence_until,
        status=ProjectStatus.RUNNING,
        started_at=now,
        ended_at=None,
        version=1,
        updated_at=now,
        **guard,
    )
    session.add(project)
    await session.flush()
    session.add_all(
        TransferMilestone(
            id=new_id(),
            project_id=project.id,
            name=text_of(each["name"], "milestones", LINE_CHARACTERS_MAX),
            planned_on=each["planned_on"],
            actual_on=None,
            **guard,
        )
        for each in milestones
    )
    await append(session, project_event(project, "transfer_project.started", now, new_id))
    await bring_outcome(session, description, TransferStage.TRANSFERRING, now, new_id)
    return project.id


async def reach_transfer_milestone(
    session: AsyncSession, now: dt.datetime, new_id: Ids, *, milestone_id: UUID, on: dt.date
) -> UUID:
    """Note the day on which a project's milestone was reached, once; returns the project's key."""
    milestone = await existing(session, TransferMilestone, milestone_id, "milestone", lock=True)
    if milestone.actual_on is not None:
        raise Refusal("ALREADY_REACHED", ("milestone",), on=milestone.actual_on.isoformat())
    if on > now.date() + dt.timedelta(days=1):
        raise Refusal("IN_FUTURE", ("on",))
    project = await existing(session, TransferProject, milestone.project_id, "milestone", lock=True)
    is_running(project)
    milestone.actual_on = on
    return await changed(session, project, "transfer_project.milestone_reached", now, new_id)


async def launch_product(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    project_id: UUID,
    version: int,
    category_id: UUID,
    name: str,
    summary: str,
    description: str,
    brand: str,
    variant: str,
    price: Money,
    name_en: str | None = None,
    result: TransferResult = TransferResult.PRODUCT,
) -> UUID:
    """What came of a project is offered without its origin; returns the project's key.

    A product is offered to everybody, a solution to authorities and companies.
    Only what was declassified to public can be: a project exists for an approved civil description alone.
    """
    category = await existing(session, Category, category_id, "category")
    project = await seen_project(session, project_id, version)
    if project.classification is not Classification.PUBLIC:
        raise Refusal("NOT_PUBLIC", ("project",))
    unreached = sa.exists().where(TransferMilestone.project_id == project.id, TransferMilestone.actual_on.is_(None))
    if await session.scalar(sa.select(unreached)):
        raise Refusal("MILESTONES_UNREACHED", ("project",))
    source = await existing(session, CivilDescription, project.description_id, "project")
    outcome = await session.scalar(sa.select(TechnologyOutcome).where(TechnologyOutcome.id == source.outcome_id))
    product_id = await offer_product(
        session,
        now,
        new_id,
        Offered(
            category_id=category.id,
            origin_programme_id=None if outcome is None else outcome.programme_id,
            name=text_of(name, "name", LINE_CHARACTERS_MAX),
            name_en=None if name_en is None else text_of(name_en, "name_en", LINE_CHARACTERS_MAX),
            summary=text_of(summary, "summary", LINE_CHARACTERS_MAX),
            description=text_of(description, "description", TEXT_CHARACTERS_MAX),
            brand=text_of(brand, "brand", LINE_CHARACTERS_MAX),
            variant=text_of(variant, "variant", LINE_CHARACTERS_MAX),
            price=price,
            audiences=OFFERED_TO[result],
        ),
    )
    project.product_id, project.result = product_id, result
    project.status, project.ended_at = ProjectStatus.COMPLETED, now
    await changed(session, project, "transfer_project.completed", now, new_id)
    await bring_outcome(session, source, TransferStage.PRODUCT, now, new_id)
    return project.id


async def stop_project(session: AsyncSession, now: dt.datetime, new_id: Ids, *, project_id: UUID, version: int) -> UUID:
    """A project ends without a product."""
    project = await seen_project(session, project_id, version)
    project.status, project.ended_at = ProjectStatus.STOPPED, now
    return await changed(session, project, "transfer_project.stopped", now, new_id)


async def seen_project(session: AsyncSession, project_id: UUID, version: int) -> TransferProject:
    """The project, locked, if it runs and is still as the caller has seen it."""
    project = await existing(session, TransferProject, project_id, "project", lock=True)
    if project.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=project.version)
    is_running(project)
    return project


def is_running(project: TransferProject) -> None:
    """What has ended stays as it is."""
    if project.status is not ProjectStatus.RUNNING:
        raise Refusal("PROJECT_ENDED", ("project",))


async def bring_outcome(
    session: AsyncSession, description: CivilDescription, stage: TransferStage, now: dt.datetime, new_id: Ids
) -> None:
    """Take the outcome behind a description on, where whoever acts may know of it; others work on the civil side alone."""
    query = sa.select(TechnologyOutcome).where(TechnologyOutcome.id == description.outcome_id).with_for_update()
    outcome = await session.scalar(query)
    if outcome is not None and outcome.stage is not TransferStage.PRODUCT:
        await reach(session, outcome, stage, now, new_id)


async def changed(session: AsyncSession, project: TransferProject, kind: str, now: dt.datetime, new_id: Ids) -> UUID:
    """Count the change and tell of it."""
    project.version += 1
    project.updated_at = now
    await append(session, project_event(project, kind, now, new_id))
    return project.id


def project_event(project: TransferProject, kind: str, now: dt.datetime, new_id: Ids) -> OutboxEvent:
    """An event about a project, guarded like it."""
    return event_about(
        project, kind, now, new_id, subject_id=project.id, customer_id=None, payload={"status": project.status.value}
    )
