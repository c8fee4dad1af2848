"""What the division has made of the outcomes: screenings, reviews with their signatures, civil descriptions, projects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from domain.approvals.tables import (
    ApprovalDecision,
    ApprovalRequest,
    ApprovalSigner,
    ApprovalStep,
    DecisionKind,
    RequestStatus,
)
from domain.identity.tables import Person
from domain.shop.tables import Category, Product
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
from domain.transfer.matching import best, telling
from domain.transfer.tables import Screening, ScreeningCriterion, ScreeningScore, ScreeningSheet, TransferStage
from portal.demo.policies import first_policy
from portal.demo.world import SYNTHETIC, World
from segments.classification import Classification

STAGES = tuple(TransferStage)
REGISTERED, SCREENED, REVIEWING, DECLASSIFIED, TRANSFERRING, PRODUCT = STAGES


class Topic(NamedTuple):
    """What was achieved in a series of programmes, and what it could do for civil use."""

    series: str
    title: str
    civil_use: str
    readiness: int


class Card(NamedTuple):
    """A stored outcome, as far as what follows needs it."""

    id: UUID
    topic: Topic
    stage: TransferStage
    since: dt.date
    retained: bool
    programme_id: UUID
    degree: Classification
    compartments: list[str]


CRITERIA = (
    ("market", "市场", "Market", 35, 0),
    ("maturity", "成熟", "Maturity", 25, 0),
    ("exclusivity", "独占", "Exclusivity", 15, 0),
    ("security", "安全", "Security", 25, 40),
)
STEPS: tuple[dict[str, Any], ...] = (
    {
        "name": "脱密审查",
        "name_en": "Declassification review",
        "signers": [{"role": "declassification_reviewer"}],
        "needed": 1,
        "deadline_hours": 72,
        "escalation_role": "department_head",
    },
    {
        "name": "技术与保密会签",
        "name_en": "Technology or security",
        "signers": [{"role": "programme_manager"}, {"role": "security_officer"}],
        "needed": 1,
        "deadline_hours": 120,
        "escalation_role": "department_head",
    },
    {
        "name": "批准",
        "name_en": "Approval",
        "signers": [{"role": "department_head"}],
        "needed": 1,
        "deadline_hours": 48,
        "escalation_role": None,
    },
)
# Who signs each step, by their account.
SIGNERS = ("mu.shan", "shen.li", "song.huaijin")
PARTNERS = ("岱川通信设备有限公司", "临江应急装备有限公司", "北塬电力建设有限公司", "远川测绘工程有限公司")


class Civil:
    """What everything here shares: the sheet, the policy, and people by their account."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = {row["email"].split("@")[0]: row for row in world.rows(Person)}
        published = world.working_hour(world.day(950))
        self.sheet = world.add(
            ScreeningSheet,
            version=1,
            name="民用价值筛选评分表",
            name_en="Screening sheet of civil value",
            pass_mark=60,
            published_at=published,
        )
        self.criteria = [
            world.add(
                ScreeningCriterion,
                sheet_id=self.sheet,
                code=code,
                name=name,
                name_en=name_en,
                position=at,
                weight=weight,
                floor=floor,
            )
            for at, (code, name, name_en, weight, floor) in enumerate(CRITERIA)
        ]
        self.policy = first_policy(
            world, "declassification", "脱密审查政策", "Declassification policy", steps=STEPS, published_at=published
        )
        self.shelves = [Category(**row) for row in world.rows(Category)]
        self.goods: dict[UUID, frozenset[str]] = {}
        for row in world.rows(Product):
            if row["classification"] is Classification.PUBLIC and not row["compartments"]:
                said = telling(f"{row['name']} {row['summary']}")
                self.goods[row["category_id"]] = self.goods.get(row["category_id"], frozenset[str]()) | said
        self.products: dict[UUID, UUID] = {
            row["origin_programme_id"]: row["id"]
            for row in world.rows(Product)
            if row["origin_programme_id"] is not None and row["classification"] is Classification.PUBLIC
        }


def make_civil(world: World, cards: Sequence[Card]) -> None:
    """Every outcome as far as it has come."""
    civil = Civil(world)
    for card in cards:
        reached = STAGES.index(card.stage)
        if reached >= STAGES.index(SCREENED):
            _screen(civil, card)
        if reached >= STAGES.index(REVIEWING) and not card.retained:
            review = _review(civil, card, approved=reached > STAGES.index(REVIEWING))
            if reached > STAGES.index(REVIEWING):
                description = _describe(civil, card, review)
                if reached > STAGES.index(DECLASSIFIED):
                    _start(civil, card, description, card.stage is PRODUCT)


def _guard(card: Card) -> dict[str, Any]:
    return {"classification": card.degree, "compartments": card.compartments}


def _at(civil: Civil, card: Card, days_before: int) -> dt.datetime:
    """Some minute of a day before the outcome came to where it is."""
    return civil.world.working_hour(card.since - dt.timedelta(days=days_before))


def _screen(civil: Civil, card: Card) -> None:
    world, person = civil.world, civil.people["ye.shuning"]
    points = [world.random.randint(66, 95) for _ in CRITERIA]
    total = (sum(criterion[3] * given for criterion, given in zip(CRITERIA, points, strict=True)) + 50) // 100
    screening = world.add(
        Screening,
        outcome_id=card.id,
        sheet_id=civil.sheet,
        screener_id=person["id"],
        screener_employee_id=person["employee_id"],
        screener_name=person["name"],
        total=total,
        passed=True,
        remark=None,
        screened_at=_at(civil, card, 60),
        **_guard(card),
    )
    for at, (criterion, given) in enumerate(zip(civil.criteria, points, strict=True)):
        world.add(
            ScreeningScore,
            screening_id=screening,
            criterion_id=criterion,
            position=at,
            points=given,
            **_guard(card),
        )


def _review(civil: Civil, card: Card, *, approved: bool) -> UUID:
    world, author = civil.world, civil.people["ye.shuning"]
    asked = _at(civil, card, 12) if approved else _at(civil, card, 0)
    signed = len(STEPS) if approved else world.random.randint(0, 1)
    review, request = world.new_id(), world.new_id()
    world.add(
        ApprovalRequest,
        id=request,
        policy_id=civil.policy,
        requester_id=author["id"],
        requester_name=author["name"],
        subject_kind="declassification",
        subject_id=review,
        title=card.topic.civil_use,
        status=RequestStatus.APPROVED if approved else RequestStatus.PENDING,
        step_now=min(signed, len(STEPS) - 1),
        excluded_people=[author["id"]],
        excluded_employees=[author["employee_id"]],
        requested_at=asked,
        decided_at=_at(civil, card, 0) if approved else None,
        passed_by_rule=None,
        version=1 + signed,
        **_guard(card),
    )
    for at, step in enumerate(STEPS):
        _step(civil, card, request, at, step, asked, signed)
    return world.add(
        DeclassificationReview,
        id=review,
        outcome_id=card.id,
        request_id=request,
        author_id=author["id"],
        author_name=author["name"],
        status=RequestStatus.APPROVED if approved else RequestStatus.PENDING,
        target_classification=Classification.PUBLIC,
        title=f"{card.topic.title}（民用）",
        civil_use=card.topic.civil_use,
        text=_civil_text(card),
        justification=f"同类产品的公开资料已有相当水平。{SYNTHETIC}",
        requested_at=asked,
        decided_at=_at(civil, card, 0) if approved else None,
        **_guard(card),
    )


def _civil_text(card: Card) -> str:
    return f"面向{card.topic.civil_use}，采用公开标准接口，不含原有型号的参数与算法。{SYNTHETIC}"


def _step(
    civil: Civil, card: Card, request: UUID, at: int, planned: dict[str, Any], asked: dt.datetime, signed: int
) -> None:
    """One step of a chain, signed when it is among the first ones."""
    world, opened = civil.world, min(asked + dt.timedelta(days=3 * at), civil.world.now)
    is_open, done = at <= signed, at < signed
    completed = min(opened + dt.timedelta(hours=20), world.now)
    step = world.add(
        ApprovalStep,
        request_id=request,
        position=at,
        name=planned["name"],
        name_en=planned["name_en"],
        needed=planned["needed"],
        deadline_hours=planned["deadline_hours"],
        escalation_role=planned["escalation_role"],
        opened_at=opened if is_open else None,
        due_at=opened + dt.timedelta(hours=planned["deadline_hours"]) if is_open else None,
        completed_at=completed if done else None,
        **_guard(card),
    )
    places = [
        world.add(
            ApprovalSigner,
            request_id=request,
            step_id=step,
            employee_id=None,
            position=place,
            role=each["role"],
            added=False,
            named_by=None,
            reason=None,
            **_guard(card),
        )
        for place, each in enumerate(planned["signers"])
    ]
    if done:
        person = civil.people[SIGNERS[at]]
        world.add(
            ApprovalDecision,
            request_id=request,
            signer_id=places[0],
            person_id=person["id"],
            principal_id=person["id"],
            employee_id=person["employee_id"],
            principal_employee_id=person["employee_id"],
            person_name=person["name"],
            principal_name=person["name"],
            kind=DecisionKind.APPROVE,
            escalated=False,
            comment="同意。",
            at=completed,
            **_guard(card),
        )


def _describe(civil: Civil, card: Card, review: UUID) -> UUID:
    """The civil description and what it may serve."""
    world = civil.world
    guard = {"classification": Classification.PUBLIC, "compartments": list[str]()}
    description = world.add(
        CivilDescription,
        outcome_id=card.id,
        review_id=review,
        review_status=RequestStatus.APPROVED,
        title=f"{card.topic.title}（民用）",
        civil_use=card.topic.civil_use,
        text=_civil_text(card),
        published_at=_at(civil, card, 0),
        **guard,
    )
    wanted = telling(f"{card.topic.title} {card.topic.civil_use}")
    for match in best(civil.shelves, civil.goods, wanted):
        world.add(
            CivilMatch,
            description_id=description,
            category_id=match.category_id,
            score=match.score,
            words=list(match.words),
            summary_words=list(match.summary_words),
            goods_words=list(match.goods_words),
            **guard,
        )
    return description


def _start(civil: Civil, card: Card, description: UUID, done: bool) -> None:
    """A project on a description; one that is done has its product."""
    world = civil.world
    guard = {"classification": Classification.PUBLIC, "compartments": list[str]()}
    product = civil.products.get(card.programme_id) if done else None
    started = _at(civil, card, 90)
    project = world.add(
        TransferProject,
        description_id=description,
        lead_id=civil.people["ye.shuning"]["employee_id"],
        product_id=product,
        result=None if product is None else TransferResult.PRODUCT,
        name=card.topic.civil_use,
        partner=world.random.choice(PARTNERS),
        licence=world.random.choice(list(LicenceKind)),
        licence_from=started.date(),
        licence_until=started.date() + dt.timedelta(days=365 * 5),
        status=ProjectStatus.COMPLETED if done else ProjectStatus.RUNNING,
        started_at=started,
        ended_at=_at(civil, card, 0) if done else None,
        version=1,
        updated_at=_at(civil, card, 0),
        **guard,
    )
    for name, after in (("合作协议", 20), ("样机", 70), ("检测与试用", 150)):
        planned = started.date() + dt.timedelta(days=after)
        reached = done or (planned < world.today and world.chance(0.7))
        world.add(
            TransferMilestone,
            project_id=project,
            name=name,
            planned_on=planned,
            actual_on=min(planned, world.today) if reached else None,
            **guard,
        )
