"""From a classified outcome to a product in the shop, rule by rule under row security, and what stands in its way."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.policies import publish_policy
from domain.approvals.tables import ApprovalRequest, DecisionKind, RequestStatus
from domain.shop.tables import Category, Price, Product
from domain.transfer.civil_tables import (
    CivilDescription,
    CivilMatch,
    DeclassificationReview,
    LicenceKind,
    ProjectStatus,
    TransferMilestone,
    TransferProject,
    TransferResult,
)
from domain.transfer.outcomes import register_outcome
from domain.transfer.projects import launch_product, reach_transfer_milestone, start_project, stop_project
from domain.transfer.reviews import decide_declassification, request_declassification, withdraw_declassification
from domain.transfer.screenings import publish_sheet, screen_outcome
from domain.transfer.tables import (
    OutcomeOriginal,
    Screening,
    ScreeningCriterion,
    TechnologyOutcome,
    TransferStage,
)
from foundation.money import Money
from foundation.refusals import Refusal
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, GOVERNMENT
from segments.classification import Classification
from segments.viewer import Viewer
from tests.domain.approvals.people import IDS, NOW, Colleague, acts, colleague, count

PUBLIC, INTERNAL, CONFIDENTIAL = Classification.PUBLIC, Classification.INTERNAL, Classification.CONFIDENTIAL
CRITERIA: list[dict[str, Any]] = [
    {"code": "market", "name": "市场", "weight": 40, "floor": 0},
    {"code": "maturity", "name": "成熟", "weight": 30, "floor": 0},
    {"code": "security", "name": "安全", "weight": 30, "floor": 50},
]


class House:
    """People, a sheet, a policy, and one outcome on its way."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def open(self) -> House:
        session = self.session
        self.chief = await colleague(session, "主任", "programme_manager")
        self.screener = await colleague(session, "筛选", "technology_transfer", audience=DIVISION)
        self.author = await colleague(session, "作者", "technology_transfer", audience=DIVISION)
        self.reviewer = await colleague(session, "审查", "declassification_reviewer", audience=DIVISION)
        self.officer = await colleague(session, "保密", "security_officer")
        category = Category(
            id=IDS(), slug="c", name="巡检无人机", name_en=None, summary="线路测温", summary_en=None, position=1
        )
        session.add(category)
        self.category_id = category.id
        await publish_sheet(session, NOW, IDS, name="评分", pass_mark=60, criteria=CRITERIA)
        steps: list[dict[str, Any]] = [
            {"name": "审查", "signers": [{"role": "declassification_reviewer"}], "deadline_hours": 48},
            {"name": "保密", "signers": [{"role": "security_officer"}], "deadline_hours": 48},
        ]
        await publish_policy(session, NOW, IDS, subject_kind="declassification", code="usual", name="脱密", steps=steps)
        viewer = await acts(session, self.chief)
        self.outcome_id = await register_outcome(
            session,
            viewer,
            NOW,
            IDS,
            code="JG-1",
            domain="无人机",
            civil_use="线路巡检",
            readiness=8,
            title="抗风悬停",
            text="指标",
            classification=CONFIDENTIAL,
            compartments=["QL-7"],
        )
        return self

    async def one(self, table: Any, *conditions: sa.ColumnElement[bool]) -> Any:
        """The only row that whoever acts sees."""
        return (await self.session.execute(sa.select(table).where(*conditions))).scalar_one()

    async def outcome(self) -> TechnologyOutcome:
        found: TechnologyOutcome = await self.one(TechnologyOutcome)
        return found

    async def screen(self, *points: int, who: Colleague | None = None) -> None:
        viewer = await acts(self.session, who or self.screener)
        criteria = await self.session.scalars(sa.select(ScreeningCriterion).order_by(ScreeningCriterion.position))
        scores = [{"criterion": each.id, "points": given} for each, given in zip(criteria, points, strict=False)]
        version = (await self.outcome()).version
        await screen_outcome(self.session, viewer, NOW, IDS, outcome_id=self.outcome_id, version=version, scores=scores)

    async def request(self, who: Colleague | None = None, **given: Any) -> UUID:
        viewer = await acts(self.session, who or self.author)
        valid: dict[str, Any] = {
            "outcome_id": self.outcome_id,
            "version": (await self.outcome()).version,
            "target_classification": PUBLIC,
            "title": "抗风悬停组件（民用）",
            "civil_use": "线路巡检",
            "text": "用于无人机巡检。",
            "justification": "同类产品已公开",
        }
        return await request_declassification(self.session, viewer, NOW, IDS, **valid | given)

    async def decide(self, who: Colleague, kind: DecisionKind = DecisionKind.APPROVE) -> None:
        viewer = await acts(self.session, who)
        review = await self.one(DeclassificationReview, DeclassificationReview.status == RequestStatus.PENDING)
        request = await self.one(ApprovalRequest, ApprovalRequest.id == review.request_id)
        await decide_declassification(
            self.session,
            viewer,
            NOW,
            IDS,
            review_id=review.id,
            version=request.version,
            kind=kind,
            comment=None if kind is DecisionKind.APPROVE else "x",
        )

    async def declassified(self) -> CivilDescription:
        await self.screen(90, 80, 70)
        await self.request()
        await self.decide(self.reviewer)
        await self.decide(self.officer)
        found: CivilDescription = await self.one(CivilDescription)
        return found

    async def start(self, **given: Any) -> UUID:
        await acts(self.session, self.author)
        valid: dict[str, Any] = {
            "name": "悬停 → 巡检",
            "partner": "某公司",
            "licence": LicenceKind.SOLE,
            "licence_from": NOW.date(),
            "milestones": [{"name": "样机", "planned_on": NOW.date()}],
        }
        return await start_project(self.session, NOW, IDS, **valid | given)

    async def launch(self, project_id: UUID, version: int, **given: Any) -> None:
        valid: dict[str, Any] = {
            "category_id": self.category_id,
            "name": "稳航巡检套件",
            "summary": "抗风七级",
            "description": "用于线路巡检",
            "brand": "四方",
            "variant": "标准版",
            "price": Money(1_280_000, "CNY"),
        }
        await launch_product(self.session, NOW, IDS, project_id=project_id, version=version, **valid | given)


@pytest.fixture
async def house(session: AsyncSession) -> House:
    return await House(session).open()


async def test_a_solution_is_offered_to_authorities_and_companies_alone(house: House) -> None:
    description = await house.declassified()
    project_id = await house.start(description_id=description.id, milestones=[])
    await house.launch(project_id, 1, result=TransferResult.SOLUTION)
    project: TransferProject = await house.one(TransferProject)
    assert (project.status, project.result) == (ProjectStatus.COMPLETED, TransferResult.SOLUTION)
    for audience, seen in ((CONSUMER, 0), (GOVERNMENT, 1), (ENTERPRISE, 1), (DIVISION, 1)):
        await acts(house.session, Colleague(house.author.person, Viewer(audience, person_id=IDS())))
        assert await count(house.session, Product) == seen, audience


async def test_the_whole_way(house: House) -> None:
    description = await house.declassified()
    assert (description.classification, description.compartments) == (PUBLIC, [])
    assert (await house.outcome()).stage is TransferStage.DECLASSIFIED
    match = await house.one(CivilMatch)
    assert (match.category_id, match.words, match.summary_words) == (house.category_id, ["巡检", "无人机"], ["线路"])
    project_id = await house.start(description_id=description.id)
    assert (await house.outcome()).stage is TransferStage.TRANSFERRING
    with pytest.raises(Refusal, match="MILESTONES_UNREACHED"):
        await house.launch(project_id, 1)
    milestone = await house.one(TransferMilestone)
    await reach_transfer_milestone(house.session, NOW, IDS, milestone_id=milestone.id, on=NOW.date())
    with pytest.raises(Refusal, match="ALREADY_REACHED"):
        await reach_transfer_milestone(house.session, NOW, IDS, milestone_id=milestone.id, on=NOW.date())
    await house.launch(project_id, 2)
    project: TransferProject = await house.one(TransferProject)
    assert project.status is ProjectStatus.COMPLETED
    assert (await house.outcome()).stage is TransferStage.PRODUCT
    with pytest.raises(Refusal, match="PROJECT_ENDED"):
        await house.launch(project_id, project.version)
    # In the shop there is the product, with a price, and nothing of where it came from.
    await acts(house.session, Colleague(house.author.person, Viewer(CONSUMER, person_id=IDS())))
    product: Product = await house.one(Product)
    assert (product.name, product.id) == ("稳航巡检套件", project.product_id)
    assert (await house.one(Price)).amount == 1_280_000
    for table in (TechnologyOutcome, OutcomeOriginal, DeclassificationReview, CivilDescription, TransferProject):
        assert await count(house.session, table) == 0


async def test_the_original_is_what_it_was(house: House) -> None:
    await acts(house.session, house.chief)
    before = (await house.session.execute(sa.select(OutcomeOriginal.__table__))).all()
    await house.declassified()
    await acts(house.session, house.chief)
    assert (await house.session.execute(sa.select(OutcomeOriginal.__table__))).all() == before != []
    assert (await house.outcome()).classification is CONFIDENTIAL


async def test_screening_is_weighted_and_below_a_floor_nothing_passes(house: House) -> None:
    await house.screen(61, 60, 60)
    screening: Screening = await house.one(Screening)
    assert (screening.total, screening.passed) == (60, True)
    with pytest.raises(Refusal, match="NOT_AT_STAGE"):
        await house.screen(61, 60, 60)


@pytest.mark.parametrize("points", [(59, 59, 59), (100, 100, 49)])
async def test_who_fails_is_kept(house: House, points: tuple[int, ...]) -> None:
    await house.screen(*points)
    outcome = await house.outcome()
    assert (outcome.stage, outcome.retained_at) == (TransferStage.REGISTERED, NOW)
    with pytest.raises(Refusal, match="OUTCOME_RETAINED"):
        await house.request()


async def test_every_criterion_is_scored_within_its_range(house: House) -> None:
    for points, code in (
        ((60, 60), "CRITERIA_MISSING"),
        ((60, 60, 101), "OUT_OF_RANGE"),
        ((-1, 60, 60), "OUT_OF_RANGE"),
    ):
        with pytest.raises(Refusal, match=code):
            await house.screen(*points)


async def test_who_screened_or_wrote_does_not_approve(house: House) -> None:
    both = await colleague(house.session, "两职", "technology_transfer", "declassification_reviewer", audience=DIVISION)
    await house.screen(90, 90, 90, who=both)
    await house.request()
    with pytest.raises(Refusal, match="SELF_APPROVAL"):
        await house.decide(both)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"target_classification": CONFIDENTIAL}, "NOT_LOWER"),
        ({"text": " "}, "EMPTY"),
        ({"version": 99}, "CHANGED_MEANWHILE"),
    ],
)
async def test_what_is_not_put_up(house: House, given: dict[str, Any], code: str) -> None:
    await house.screen(90, 90, 90)
    with pytest.raises(Refusal, match=code):
        await house.request(**given)


@pytest.mark.parametrize(
    ("kind", "stage", "kept"),
    [(DecisionKind.RETURN, TransferStage.SCREENED, False), (DecisionKind.REJECT, TransferStage.SCREENED, True)],
)
async def test_a_no_publishes_nothing(house: House, kind: DecisionKind, stage: TransferStage, *, kept: bool) -> None:
    await house.screen(90, 90, 90)
    await house.request()
    await house.decide(house.reviewer, kind)
    outcome = await house.outcome()
    assert (outcome.stage, outcome.retained_at is not None) == (stage, kept)
    assert await count(house.session, CivilDescription) == 0


async def test_what_was_taken_back_begins_anew(house: House) -> None:
    await house.screen(90, 90, 90)
    review = await house.request()
    await house.decide(house.reviewer)
    viewer = await acts(house.session, house.author)
    await withdraw_declassification(house.session, viewer, NOW, IDS, review_id=review)
    await house.request()
    await house.decide(house.reviewer)
    assert await count(house.session, CivilDescription) == 0, "the second chain asks for every signature again"
    await house.decide(house.officer)
    assert await count(house.session, CivilDescription) == 1


@pytest.mark.parametrize("status", [RequestStatus.PENDING, RequestStatus.APPROVED])
async def test_postgresql_publishes_nothing_before_the_last_signature(house: House, status: RequestStatus) -> None:
    await house.screen(90, 90, 90)
    review = await house.request()
    await house.decide(house.reviewer)
    forged = CivilDescription(
        id=IDS(),
        outcome_id=house.outcome_id,
        review_id=review,
        review_status=status,
        title="x",
        civil_use="x",
        text="x",
        published_at=NOW,
        classification=PUBLIC,
        compartments=[],
    )
    house.session.add(forged)
    with pytest.raises(DBAPIError, match=r"approved|fk_civil_description_review"):
        await house.session.flush()


async def test_only_what_is_public_is_sold(house: House) -> None:
    await house.screen(90, 80, 70)
    await house.request(target_classification=INTERNAL)
    await house.decide(house.reviewer)
    await house.decide(house.officer)
    description: CivilDescription = await house.one(CivilDescription)
    project_id = await house.start(description_id=description.id, milestones=[])
    with pytest.raises(Refusal, match="NOT_PUBLIC"):
        await house.launch(project_id, 1)
    await stop_project(house.session, NOW, IDS, project_id=project_id, version=1)
    with pytest.raises(Refusal, match="PROJECT_ENDED"):
        await house.launch(project_id, 2)


async def test_who_knows_the_civil_side_alone_works_on_it(house: House) -> None:
    description = await house.declassified()
    house.author = await colleague(
        house.session, "市场", "technology_transfer", audience=DIVISION, clearance=INTERNAL, compartments=()
    )
    project_id = await house.start(description_id=description.id, milestones=[])
    await house.launch(project_id, 1)
    assert await count(house.session, TechnologyOutcome) == 0
    assert (await house.one(Product)).origin_programme_id is None


async def test_a_licence_ends_after_it_begins(house: House) -> None:
    description = await house.declassified()
    with pytest.raises(Refusal, match="BEFORE_START"):
        await house.start(description_id=description.id, licence_until=NOW.date() - dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"criteria": []}, "OUT_OF_RANGE"),
        ({"criteria": CRITERIA[:2]}, "WEIGHTS_MAKE_100"),
        ({"criteria": [CRITERIA[0] | {"weight": 50}] * 2}, "CODE_TAKEN"),
        ({"criteria": [CRITERIA[0] | {"weight": 0}]}, "OUT_OF_RANGE"),
        ({"pass_mark": 101}, "OUT_OF_RANGE"),
    ],
)
async def test_what_no_sheet_is(session: AsyncSession, given: dict[str, Any], code: str) -> None:
    valid: dict[str, Any] = {"name": "评分", "pass_mark": 60, "criteria": CRITERIA}
    with pytest.raises(Refusal, match=code):
        await publish_sheet(session, NOW, IDS, **valid | given)
