"""Technology outcomes 技术成果 as clients see them: staff the originals, the division what it makes of them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import strawberry

from domain.transfer import tables
from domain.transfer.tables import TransferStage
from resolvers.planner.declare import by_id, listing, optional, row, selected, sql, value
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from resolvers.transfer import outcomes as answers
from schema.classification import Classification
from schema.customers import Employee
from schema.programmes import Programme
from schema.transfer.projects import CivilDescription
from schema.transfer.reading import READ
from schema.transfer.reviews import DeclassificationReview
from schema.transfer.screenings import Screening
from segments.audiences import DIVISION, STAFF
from segments.marks import For, Needs, Of, publish_enum

publish_enum(TransferStage, DIVISION, STAFF)


@For(STAFF)
@row(tables.OutcomeOriginal, order=("recorded_at",))
class OutcomeOriginal(Node):
    """What an outcome is, in full; never edited. 原始成果。"""

    title: str
    text: str
    recorded_at: dt.datetime
    classification: Classification
    compartments: list[str]


@For(DIVISION, STAFF)
@READ
@row(tables.TechnologyOutcome, order=("code",))
class TechnologyOutcome(Node):
    """A result of military research that may have civil value: its index card. 技术成果。"""

    code: str
    domain: str
    civil_use: str
    readiness: int
    stage: TransferStage
    stage_since: dt.datetime
    days_in_stage: int = sql(answers.days_in_stage)
    retained_at: dt.datetime | None
    registered_at: dt.datetime
    programme: Programme | None
    owner: Employee | None
    originals: Annotated[list[OutcomeOriginal], For(STAFF)]
    screenings: list[Screening]
    reviews: list[DeclassificationReview]
    descriptions: list[CivilDescription]
    classification: Classification
    compartments: list[str]
    version: int
    updated_at: dt.datetime


@For(DIVISION, STAFF)
@strawberry.input
class TechnologyOutcomeFilter:
    """Which outcomes to list. 技术成果筛选条件。"""

    stage: TransferStage | None = None
    domain: str | None = None
    retained: bool | None = None


@For(DIVISION, STAFF)
@READ
@value
class TransferFunnelStage:
    """How many outcomes have reached a stage, how many are there now and for how long. 转化漏斗的一个阶段。"""

    stage: TransferStage
    reached: int
    here: int
    days_oldest: int
    days_mean: int


@strawberry.type
class OutcomesQuery:
    """Root fields of technology outcomes."""

    technology_outcome: Annotated[TechnologyOutcome | None, For(DIVISION, STAFF)] = by_id()
    technology_outcomes: Annotated[Connection[TechnologyOutcome], For(DIVISION, STAFF)] = listing(
        answers.outcomes, filter=optional(TechnologyOutcomeFilter)
    )
    transfer_funnel: Annotated[list[TransferFunnelStage], For(DIVISION, STAFF)] = selected(answers.funnel)


@For(STAFF)
@strawberry.input
class RegisterOutcomeInput:
    """A result with its original. 登记技术成果。"""

    code: str
    domain: str
    civil_use: str
    readiness: int
    title: str
    text: str
    classification: Classification
    compartments: list[str] = strawberry.UNSET
    programme: Annotated[strawberry.ID | None, Of("Programme")] = strawberry.UNSET
    owner: Annotated[strawberry.ID | None, Of("Employee")] = strawberry.UNSET


@For(STAFF)
@strawberry.type
class RegisterOutcomePayload:
    """The outcome, or why it was not registered. 登记结果。"""

    outcome: TechnologyOutcome | None
    errors: list[UserError]


@strawberry.type
class OutcomesMutation:
    """Changes of technology outcomes."""

    register_outcome: Annotated[RegisterOutcomePayload, For(STAFF), Needs("outcomes:write")] = mutation(
        answers.register_outcome, RegisterOutcomeInput, RegisterOutcomePayload
    )
