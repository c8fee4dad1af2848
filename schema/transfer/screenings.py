"""Screenings as clients see them: outcomes measured on a published sheet. 筛选。"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.transfer import tables
from resolvers.planner.declare import listing, optional, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from resolvers.transfer import screenings as answers
from schema.classification import Classification
from schema.transfer.reading import READ
from segments.audiences import DIVISION, STAFF
from segments.marks import For, Needs, Of

if TYPE_CHECKING:
    from schema.transfer.outcomes import TechnologyOutcome

Outcome = Annotated["TechnologyOutcome", strawberry.lazy("schema.transfer.outcomes")]


@For(DIVISION, STAFF)
@READ
@row(tables.ScreeningCriterion, order=("position",))
class ScreeningCriterion(Node):
    """A criterion of a sheet and its weight. 评分项。"""

    code: str
    name: str = sql(answers.name)
    name_zh: Annotated[str, For(STAFF)] = sql(answers.name_zh)
    name_en: Annotated[str | None, For(STAFF)]
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
    name_zh: Annotated[str, For(STAFF)] = sql(answers.name_zh)
    name_en: Annotated[str | None, For(STAFF)]
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


@strawberry.type
class ScreeningsQuery:
    """Root fields of screenings."""

    screening_sheets: Annotated[Connection[ScreeningSheet], For(DIVISION, STAFF)] = listing(
        answers.sheets, latest=optional(bool)
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


@strawberry.type
class ScreeningsMutation:
    """Changes of screenings."""

    publish_screening_sheet: Annotated[ScreeningSheetPayload, For(STAFF), Needs("approvals:publish")] = mutation(
        answers.publish_sheet, PublishScreeningSheetInput, ScreeningSheetPayload
    )
    screen_outcome: Annotated[ScreenOutcomePayload, For(DIVISION), Needs("transfer:screen")] = mutation(
        answers.screen_outcome, ScreenOutcomeInput, ScreenOutcomePayload
    )
