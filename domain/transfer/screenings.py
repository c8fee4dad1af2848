"""The rules of screening 筛选: an outcome's civil value in points, on the sheet that is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.policies import code_of, line, within
from domain.approvals.requests import signatory
from domain.guards import text_of
from domain.transfer.outcomes import reach, seen_outcome
from domain.transfer.tables import Screening, ScreeningCriterion, ScreeningScore, ScreeningSheet, TransferStage
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.viewer import Viewer

NAME_CHARACTERS_MAX = 60
REMARK_CHARACTERS_MAX = 1_000
CRITERIA_MAX = 12
POINTS_MAX = 100


async def publish_sheet(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    name: str,
    name_en: str | None = None,
    pass_mark: int,
    criteria: Sequence[Mapping[str, Any]],
) -> UUID:
    """Publish the next version of the sheet. A criterion is `{code, name, name_en, weight, floor}`; weights make 100."""
    if not 1 <= len(criteria) <= CRITERIA_MAX:
        raise Refusal("OUT_OF_RANGE", ("criteria",), min=1, max=CRITERIA_MAX)
    within(pass_mark, 1, POINTS_MAX, ("pass_mark",))
    for at, each in enumerate(criteria):
        within(each["weight"], 1, POINTS_MAX, ("criteria", at, "weight"))
        within(each["floor"], 0, POINTS_MAX, ("criteria", at, "floor"))
    if sum(each["weight"] for each in criteria) != POINTS_MAX:
        raise Refusal("WEIGHTS_MAKE_100", ("criteria",))
    if len({each["code"] for each in criteria}) != len(criteria):
        raise Refusal("CODE_TAKEN", ("criteria",))
    last = (await session.execute(sa.select(sa.func.max(ScreeningSheet.version)))).scalar_one()
    sheet = ScreeningSheet(
        id=new_id(),
        version=(last or 0) + 1,
        name=text_of(name, "name", NAME_CHARACTERS_MAX),
        name_en=None if name_en is None else text_of(name_en, "name_en", NAME_CHARACTERS_MAX),
        pass_mark=pass_mark,
        published_at=now,
    )
    session.add(sheet)
    await session.flush()
    session.add_all(
        ScreeningCriterion(
            id=new_id(),
            sheet_id=sheet.id,
            code=code_of(each["code"], "criteria"),
            name=line(each["name"], ("criteria", at, "name")),
            name_en=None if each.get("name_en") is None else line(each["name_en"], ("criteria", at, "name_en")),
            position=at,
            weight=each["weight"],
            floor=each["floor"],
        )
        for at, each in enumerate(criteria)
    )
    await session.flush()
    return sheet.id


async def screen_outcome(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    outcome_id: UUID,
    version: int,
    scores: Sequence[Mapping[str, Any]],
    remark: str | None = None,
) -> UUID:
    """Measure a registered outcome on the latest sheet; returns the outcome's key.

    Every criterion has its `{criterion, points}`. An outcome that fails is kept from transfer.
    """
    sheet, criteria = await latest_sheet(session)
    points = points_of(criteria, scores)
    outcome = await seen_outcome(session, outcome_id, version)
    if outcome.stage is not TransferStage.REGISTERED:
        raise Refusal("NOT_AT_STAGE", ("outcome",))
    person = await signatory(session, viewer)
    total = weighted(criteria, points)
    passed = total >= sheet.pass_mark and all(points[each.id] >= each.floor for each in criteria)
    guard = {"classification": outcome.classification, "compartments": outcome.compartments}
    screening = Screening(
        id=new_id(),
        outcome_id=outcome.id,
        sheet_id=sheet.id,
        screener_id=person.person_id,
        screener_employee_id=person.employee_id,
        screener_name=person.name,
        total=total,
        passed=passed,
        remark=None if remark is None or not remark.strip() else text_of(remark, "remark", REMARK_CHARACTERS_MAX),
        screened_at=now,
        **guard,
    )
    session.add(screening)
    await session.flush()
    session.add_all(
        ScreeningScore(
            id=new_id(),
            screening_id=screening.id,
            criterion_id=each.id,
            position=each.position,
            points=points[each.id],
            **guard,
        )
        for each in criteria
    )
    if not passed:
        outcome.retained_at = now
    await reach(session, outcome, TransferStage.SCREENED if passed else outcome.stage, now, new_id)
    return outcome.id


async def latest_sheet(session: AsyncSession) -> tuple[ScreeningSheet, list[ScreeningCriterion]]:
    """The sheet in force, with its criteria in their order."""
    sheet = await session.scalar(sa.select(ScreeningSheet).order_by(ScreeningSheet.version.desc()).limit(1))
    if sheet is None:
        raise Refusal("NO_SHEET")
    found = sa.select(ScreeningCriterion).where(ScreeningCriterion.sheet_id == sheet.id)
    return sheet, list(await session.scalars(found.order_by(ScreeningCriterion.position)))


def points_of(criteria: Sequence[ScreeningCriterion], scores: Sequence[Mapping[str, Any]]) -> dict[UUID, int]:
    """Points by criterion, if each has them once and nothing else has any."""
    points: dict[UUID, int] = {}
    known = {each.id for each in criteria}
    for at, score in enumerate(scores):
        criterion: UUID = score["criterion"]
        if criterion not in known or criterion in points:
            raise Refusal("NOT_FOUND", ("scores", at, "criterion"))
        within(score["points"], 0, POINTS_MAX, ("scores", at, "points"))
        points[criterion] = score["points"]
    if missing := len(known - points.keys()):
        raise Refusal("CRITERIA_MISSING", ("scores",), count=missing)
    return points


def weighted(criteria: Sequence[ScreeningCriterion], points: Mapping[UUID, int]) -> int:
    """The total out of 100, a half rounded up; weights make 100 together."""
    return (sum(each.weight * points[each.id] for each in criteria) + 50) // 100
