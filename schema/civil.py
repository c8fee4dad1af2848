"""The civil side of technology transfer as clients see it: screenings, reviews, civil descriptions, projects."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.approvals.tables import DecisionKind, RequestStatus
from domain.transfer import civil_tables, tables
from domain.transfer.civil_tables import LicenceKind, ProjectStatus
from resolvers import civil as answers
from resolvers.planner.declare import by_id, listing, optional, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from schema.approvals import ApprovalRequest
from schema.classification import Classification
from schema.customers import Employee
from schema.shop import Category, Product
from segments.audiences import DIVISION, STAFF
from segments.marks import For, Needs, Of, publish_enum

if TYPE_CHECKING:
    from schema.transfer import TechnologyOutcome

READ = Needs("transfer:read", by=(DIVISION,))
Outcome = Annotated["TechnologyOutcome", strawberry.lazy("schema.transfer")]

publish_enum(LicenceKind, DIVISION, STAFF)
publish_enum(ProjectStatus, DIVISION, STAFF, name="TransferProjectStatus")


@For(DIVISION, STAFF)
@READ
@row(tables.ScreeningCriterion, order=("position",))
class ScreeningCriterion(Node):
    """A criterion of a sheet and its weight. 评分项。"""

    code: str
    name: str = sql(answers.name)
    position: int
    weight: int
    floor: int


@For(DIVISION, STAFF)
@READ
@row(tables.ScreeningSheet, order=("-version",))
class ScreeningSheet(Node):
    """What civil value is measured by. 筛选评分表。"""

    version: int
    name: str = sql(answers.name)
    pass_mark: int
    published_at: dt.datetime
    criteria: list[ScreeningCriterion]


@For(DIVISION, STAFF)
@READ
@row(tables.ScreeningScore, order=("position",))
class ScreeningScore(Node):
    """The points of one criterion. 评分。"""

    position: int
    points: int
    criterion: ScreeningCriterion | None
    classification: Classification
    compartments: list[str]


@For(DIVISION, STAFF)
@READ
@row(tables.Screening, order=("-screened_at",))
class Screening(Node):
    """An outcome measured on a sheet. 筛选。"""

    sheet: ScreeningSheet | None
    scores: list[ScreeningScore]
    screener_name: str
    total: int
    passed: bool
    remark: str | None
    screened_at: dt.datetime
    classification: Classification
    compartments: list[str]


@For(DIVISION, STAFF)
@READ
@row(civil_tables.DeclassificationReview, order=("-requested_at",))
class DeclassificationReview(Node):
    """A civil text put up for review. 脱密审查。"""

    outcome: Outcome | None
    request: ApprovalRequest | None
    status: RequestStatus
    target_classification: Classification
    title: str
    civil_use: str
    text: str
    justification: str
    author_name: str
    requested_at: dt.datetime
    decided_at: dt.datetime | None
    classification: Classification
    compartments: list[str]


@For(DIVISION, STAFF)
@READ
@row(civil_tables.CivilMatch, order=("-score",))
class CivilMatch(Node):
    """A civil need that a description may serve, and the words that say so. 匹配的民用需求。"""

    category: Category
    score: int
    words: list[str]
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
    """A partner turns a civil description into a product. 转化项目。"""

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
    milestones: list[TransferMilestone]
    classification: Classification
    version: int
    updated_at: dt.datetime


@strawberry.type
class CivilQuery:
    """Root fields of the civil side."""

    screening_sheets: Annotated[Connection[ScreeningSheet], For(DIVISION, STAFF)] = listing(
        answers.sheets, latest=optional(bool)
    )
    declassification_review: Annotated[DeclassificationReview | None, For(DIVISION, STAFF)] = by_id()
    declassification_reviews: Annotated[Connection[DeclassificationReview], For(DIVISION, STAFF)] = listing(
        answers.reviews_of, status=optional(RequestStatus)
    )
    civil_description: Annotated[CivilDescription | None, For(DIVISION, STAFF)] = by_id()
    civil_descriptions: Annotated[Connection[CivilDescription], For(DIVISION, STAFF)] = listing(answers.descriptions)
    transfer_project: Annotated[TransferProject | None, For(DIVISION, STAFF)] = by_id()
    transfer_projects: Annotated[Connection[TransferProject], For(DIVISION, STAFF)] = listing(
        answers.transfer_projects, status=optional(ProjectStatus)
    )


@For(STAFF)
@strawberry.input
class ScreeningCriterionInput:
    """A criterion; less than its floor fails. 评分项。"""

    code: str
    name: str
    name_en: str | None = strawberry.UNSET
    weight: int
    floor: int


@For(STAFF)
@strawberry.input
class PublishScreeningSheetInput:
    """The next version of the sheet; weights make 100. 发布筛选评分表。"""

    name: str
    name_en: str | None = strawberry.UNSET
    pass_mark: int
    criteria: list[ScreeningCriterionInput]


@For(STAFF)
@strawberry.type
class ScreeningSheetPayload:
    """The sheet, or why it was not published. 发布结果。"""

    sheet: ScreeningSheet | None
    errors: list[UserError]


@For(DIVISION)
@strawberry.input
class ScreeningScoreInput:
    """Points of 0 to 100 for a criterion. 评分。"""

    criterion: Annotated[strawberry.ID, Of("ScreeningCriterion")]
    points: int


@For(DIVISION)
@strawberry.input
class ScreenOutcomeInput:
    """Points for every criterion of the sheet in force. 筛选。"""

    outcome: Annotated[strawberry.ID, Of("TechnologyOutcome")]
    version: int
    scores: list[ScreeningScoreInput]
    remark: str | None = strawberry.UNSET


@For(DIVISION)
@strawberry.type
class ScreenOutcomePayload:
    """The outcome as it is now, or why it was not screened. 筛选结果。"""

    outcome: Outcome | None
    errors: list[UserError]


@For(DIVISION)
@strawberry.input
class RequestDeclassificationInput:
    """A civil text, the degree it asks for, and why. 申请脱密审查。"""

    outcome: Annotated[strawberry.ID, Of("TechnologyOutcome")]
    version: int
    target_classification: Classification
    title: str
    civil_use: str
    text: str
    justification: str


@For(DIVISION)
@strawberry.input
class WithdrawDeclassificationInput:
    """Which review is taken back. 撤回脱密审查。"""

    review: Annotated[strawberry.ID, Of("DeclassificationReview")]


@For(DIVISION, STAFF)
@strawberry.input
class DecideDeclassificationInput:
    """A signature; `version` is that of the approval request, `delegation` says in whose place. 审批脱密。"""

    review: Annotated[strawberry.ID, Of("DeclassificationReview")]
    version: int
    kind: DecisionKind
    comment: str | None = strawberry.UNSET
    delegation: Annotated[strawberry.ID | None, Of("ApprovalDelegation")] = strawberry.UNSET


@For(DIVISION, STAFF)
@strawberry.input
class NameDeclassificationSignerInput:
    """Who is to sign too, or instead, and why. 加签或转办。"""

    review: Annotated[strawberry.ID, Of("DeclassificationReview")]
    version: int
    employee: Annotated[strawberry.ID, Of("Employee")]
    reason: str


@For(DIVISION, STAFF)
@strawberry.type
class DeclassificationPayload:
    """The review as it is now, or why nothing was changed. 审查结果。"""

    review: DeclassificationReview | None
    errors: list[UserError]


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


REVIEW, APPROVE, PROJECT = Needs("transfer:review"), Needs("transfer:approve"), Needs("transfer:project")


@strawberry.type
class CivilMutation:
    """Changes of the civil side."""

    publish_screening_sheet: Annotated[ScreeningSheetPayload, For(STAFF), Needs("approvals:publish")] = mutation(
        answers.publish_sheet, PublishScreeningSheetInput, ScreeningSheetPayload
    )
    screen_outcome: Annotated[ScreenOutcomePayload, For(DIVISION), Needs("transfer:screen")] = mutation(
        answers.screen_outcome, ScreenOutcomeInput, ScreenOutcomePayload
    )
    request_declassification: Annotated[DeclassificationPayload, For(DIVISION), REVIEW] = mutation(
        answers.request_declassification, RequestDeclassificationInput, DeclassificationPayload
    )
    add_declassification_signer: Annotated[DeclassificationPayload, For(DIVISION, STAFF), APPROVE] = mutation(
        answers.add_declassification_signer, NameDeclassificationSignerInput, DeclassificationPayload
    )
    hand_over_declassification: Annotated[DeclassificationPayload, For(DIVISION, STAFF), APPROVE] = mutation(
        answers.hand_over_declassification, NameDeclassificationSignerInput, DeclassificationPayload
    )
    decide_declassification: Annotated[DeclassificationPayload, For(DIVISION, STAFF), APPROVE] = mutation(
        answers.decide_declassification, DecideDeclassificationInput, DeclassificationPayload
    )
    withdraw_declassification: Annotated[DeclassificationPayload, For(DIVISION), REVIEW] = mutation(
        answers.withdraw_declassification, WithdrawDeclassificationInput, DeclassificationPayload
    )
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
