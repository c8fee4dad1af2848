"""Registering outcomes: the card and the original, never below the programme, never twice under one code."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.programmes.tables import Programme
from domain.transfer.outcomes import register_outcome
from domain.transfer.tables import OutcomeOriginal, TechnologyOutcome, TransferStage
from foundation.ids import system_ids
from foundation.refusals import Refusal
from foundation.session import set_statement
from segments.audiences import DIVISION, STAFF
from segments.classification import Classification
from segments.outbox import OutboxEvent
from segments.viewer import Viewer
from tests.rows import Bundle

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
IDS = system_ids(lambda: NOW)
INTERNAL, CONFIDENTIAL, SECRET = Classification.INTERNAL, Classification.CONFIDENTIAL, Classification.SECRET
CHIEF = Viewer(STAFF, clearance=SECRET, compartments=frozenset({"QL-7"}))


async def as_viewer(session: AsyncSession, viewer: Viewer) -> None:
    await session.execute(set_statement(viewer.row_settings()))


async def register(session: AsyncSession, viewer: Viewer = CHIEF, **given: Any) -> TechnologyOutcome:
    valid: dict[str, Any] = {
        "code": "JG-2026-001",
        "domain": "无人机",
        "civil_use": "线路巡检",
        "readiness": 7,
        "title": "抗风悬停控制律",
        "text": "原始指标",
        "classification": CONFIDENTIAL,
    }
    await as_viewer(session, viewer)
    key = await register_outcome(session, viewer, NOW, IDS, **valid | given)
    return (await session.execute(sa.select(TechnologyOutcome).where(TechnologyOutcome.id == key))).scalar_one()


async def test_an_outcome_has_a_card_an_original_and_an_event(session: AsyncSession) -> None:
    outcome = await register(session, compartments=["QL-7"])
    assert (outcome.stage, outcome.stage_since, outcome.version) == (TransferStage.REGISTERED, NOW, 1)
    [original] = await session.scalars(sa.select(OutcomeOriginal).where(OutcomeOriginal.outcome_id == outcome.id))
    assert (original.title, original.classification, original.compartments) == (
        "抗风悬停控制律",
        CONFIDENTIAL,
        ["QL-7"],
    )
    [event] = await session.scalars(sa.select(OutboxEvent).where(OutboxEvent.subject_id == outcome.id))
    assert (event.kind, event.classification, event.compartments) == ("outcome.registered", CONFIDENTIAL, ["QL-7"])


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"classification": Classification.TOP_SECRET}, "ABOVE_CLEARANCE", ("classification",)),
        ({"compartments": ["LS-3"]}, "OUTSIDE_COMPARTMENTS", ("compartments",)),
        ({"readiness": 0}, "OUT_OF_RANGE", ("readiness",)),
        ({"readiness": 10}, "OUT_OF_RANGE", ("readiness",)),
        ({"code": " "}, "EMPTY", ("code",)),
        ({"text": "x" * 20_001}, "TOO_LONG", ("text",)),
        ({"programme_id": IDS()}, "NOT_FOUND", ("programme",)),
        ({"owner_id": IDS()}, "NOT_FOUND", ("owner",)),
    ],
)
async def test_what_is_refused(session: AsyncSession, given: dict[str, Any], code: str, path: tuple[str, ...]) -> None:
    with pytest.raises(Refusal) as refused:
        await register(session, **given)
    assert (refused.value.code, refused.value.path) == (code, path)


async def test_an_outcome_is_as_secret_as_its_programme(session: AsyncSession) -> None:
    bundle = Bundle(classification=SECRET)
    for name in ("region", "customer", "employee", "programme"):
        await session.execute(
            sa.insert(Programme.metadata.tables[name]).values(bundle.row(Programme.metadata.tables[name]))
        )
    with pytest.raises(Refusal, match="BELOW_SUBJECT"):
        await register(session, programme_id=bundle.ids["programme"])
    assert (
        await register(session, programme_id=bundle.ids["programme"], classification=SECRET)
    ).classification is SECRET


async def test_a_code_is_taken_only_for_who_sees_it(session: AsyncSession) -> None:
    await register(session)
    with pytest.raises(Refusal, match="CODE_TAKEN"):
        await register(session, classification=INTERNAL)
    low = Viewer(STAFF, clearance=INTERNAL)
    assert (await register(session, low, classification=INTERNAL)).code == "JG-2026-001"


async def test_the_division_sees_the_card_and_never_the_original(session: AsyncSession) -> None:
    outcome = await register(session)
    await as_viewer(session, Viewer(DIVISION, clearance=SECRET))
    cards = sa.select(sa.func.count()).select_from(TechnologyOutcome).where(TechnologyOutcome.id == outcome.id)
    assert (await session.execute(cards)).scalar_one() == 1
    assert (await session.execute(sa.select(sa.func.count()).select_from(OutcomeOriginal))).scalar_one() == 0
    await as_viewer(session, Viewer(DIVISION, clearance=INTERNAL))
    assert (await session.execute(cards)).scalar_one() == 0


async def test_an_original_is_never_edited(session: AsyncSession) -> None:
    await register(session)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with session.begin_nested():
            await session.execute(sa.update(OutcomeOriginal).values(text="anders"))
