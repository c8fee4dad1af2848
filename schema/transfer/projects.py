"""Civil descriptions, and the projects by which partners make products of them, as clients see them. 转化项目。"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.transfer import civil_tables
from domain.transfer.civil_tables import LicenceKind, ProjectStatus, TransferResult
from resolvers.planner.declare import by_id, listing, optional, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from resolvers.transfer import projects as answers
from schema.classification import Classification
from schema.customers import Employee
from schema.shop import Category, Product
from schema.transfer.reading import READ
from segments.audiences import DIVISION, STAFF
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.transfer.outcomes import TechnologyOutcome

Outcome = Annotated["TechnologyOutcome", strawberry.lazy("schema.transfer.outcomes")]
PROJECT = Needs("transfer:project")

publish_enum(LicenceKind, DIVISION, STAFF)
publish_enum(TransferResult, DIVISION, STAFF)
publish_enum(ProjectStatus, DIVISION, STAFF, name="TransferProjectStatus")


@For(DIVISION, STAFF)
@READ
@row(civil_tables.CivilMatch, order=("-score",))
class CivilMatch(Node):
    """A civil need that a description may serve, and the words that say so, by where they stand. 匹配的民用需求。"""

    category: Category
    score: int
    words: list[str]
    summary_words: list[str]
    goods_words: list[str]
    classification: Classification


@For(DIVISION, STAFF)
@READ
@row(civil_tables.CivilDescription, order=("-published_at",))
class CivilDescription(Node):
    """What an outcome is for the civil world. 民用描述。"""

    outcome: Outcome | None
    title: str
    civil_use: str
    text: str
    published_at: dt.datetime
    matches: list[CivilMatch]
    projects: list[TransferProject]
    classification: Classification


@For(DIVISION, STAFF)
@READ
@row(civil_tables.TransferMilestone, order=("planned_on",))
class TransferMilestone(Node):
    """A point of a project planned for a day. 转化里程碑。"""

    name: str
    planned_on: dt.date
    actual_on: dt.date | None
    days_late: int = sql(answers.days_late)
    classification: Classification


@For(DIVISION, STAFF)
@READ
@row(civil_tables.TransferProject, order=("-started_at",))
class TransferProject(Node):
    """A partner turns a civil description into a product or a solution. 转化项目。"""

    name: str
    partner: str
    licence: LicenceKind
    licence_from: dt.date
    licence_until: dt.date | None
    status: ProjectStatus
    started_at: dt.datetime
    ended_at: dt.datetime | None
    description: CivilDescription | None
    lead: Employee | None
    product: Product | None
    result: TransferResult | None
    milestones: list[TransferMilestone]
    classification: Classification
    version: int
    updated_at: dt.datetime


@strawberry.type
class ProjectsQuery:
    """Root fields of civil descriptions and projects."""

    civil_description: Annotated[CivilDescription | None, For(DIVISION, STAFF)] = by_id()
    civil_descriptions: Annotated[Connection[CivilDescription], For(DIVISION, STAFF)] = listing(answers.descriptions)
    transfer_project: Annotated[TransferProject | None, For(DIVISION, STAFF)] = by_id()
    transfer_projects: Annotated[Connection[TransferProject], For(DIVISION, STAFF)] = listing(
        answers.transfer_projects, status=optional(ProjectStatus)
    )


@For(DIVISION)
@strawberry.input
class TransferMilestoneInput:
    """A milestone to plan. 转化里程碑。"""

    name: str
    planned_on: dt.date


@For(DIVISION)
@strawberry.input
class StartTransferProjectInput:
    """A partner, what they may do and for how long. 启动转化项目。"""

    description: Annotated[strawberry.ID, Of("CivilDescription")]
    name: str
    partner: str
    licence: LicenceKind
    licence_from: dt.date
    licence_until: dt.date | None = strawberry.UNSET
    lead: Annotated[strawberry.ID | None, Of("Employee")] = strawberry.UNSET
    milestones: list[TransferMilestoneInput] = strawberry.UNSET


@For(DIVISION)
@strawberry.input
class ReachTransferMilestoneInput:
    """Which milestone was reached, and on which day. 转化里程碑达成。"""

    milestone: Annotated[strawberry.ID, Of("TransferMilestone")]
    on: dt.date


@For(DIVISION)
@strawberry.input
class LaunchTransferProductInput:
    """What came of a project, as the shop shows it; the price is in yuan. 上架转化产品。"""

    project: Annotated[strawberry.ID, Of("TransferProject")]
    version: int
    category: Annotated[strawberry.ID, Of("Category")]
    name: str
    name_en: str | None = strawberry.UNSET
    summary: str
    description: str
    brand: str
    variant: str
    price: Decimal
    result: TransferResult | None = strawberry.UNSET


@For(DIVISION)
@strawberry.input
class StopTransferProjectInput:
    """Which project ends without a product. 终止转化项目。"""

    project: Annotated[strawberry.ID, Of("TransferProject")]
    version: int


@For(DIVISION)
@strawberry.type
class TransferProjectPayload:
    """The project as it is now, or why nothing was changed. 项目结果。"""

    project: TransferProject | None
    errors: list[UserError]


@strawberry.type
class ProjectsMutation:
    """Changes of projects."""

    start_transfer_project: Annotated[TransferProjectPayload, For(DIVISION), PROJECT] = mutation(
        answers.start_project, StartTransferProjectInput, TransferProjectPayload
    )
    reach_transfer_milestone: Annotated[TransferProjectPayload, For(DIVISION), PROJECT] = mutation(
        answers.reach_transfer_milestone, ReachTransferMilestoneInput, TransferProjectPayload
    )
    launch_transfer_product: Annotated[TransferProjectPayload, For(DIVISION), PROJECT] = mutation(
        answers.launch_product, LaunchTransferProductInput, TransferProjectPayload
    )
    stop_transfer_project: Annotated[TransferProjectPayload, For(DIVISION), PROJECT] = mutation(
        answers.stop_project, StopTransferProjectInput, TransferProjectPayload
    )
