"""The rules of outcomes: how one is registered, and how far it has come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Employee
from domain.guards import existing, may_classify, text_of
from domain.programmes.tables import Programme
from domain.transfer.tables import OutcomeOriginal, TechnologyOutcome, TransferStage
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.outbox import OutboxEvent, append, event_about
from segments.viewer import Viewer

CODE_CHARACTERS_MAX = 40
LINE_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = 20_000
READINESS_MAX = 9
STAGES = tuple(TransferStage)


async def register_outcome(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    code: str,
    domain: str,
    civil_use: str,
    readiness: int,
    title: str,
    text: str,
    classification: Classification,
    compartments: Collection[str] = (),
    programme_id: UUID | None = None,
    owner_id: UUID | None = None,
) -> UUID:
    """Register a result with its original; returns its key.

    It is at least as secret as the programme it comes from. `civil_use` is written for whoever may read the card, `title`
    and `text` are the original.
    """
    at_least: tuple[Classification, Collection[str]] = (Classification.PUBLIC, ())
    if programme_id is not None:
        programme = await existing(session, Programme, programme_id, "programme")
        at_least = (programme.classification, programme.compartments)
    await may_classify(session, viewer, classification, compartments, at_least)
    if owner_id is not None:
        await existing(session, Employee, owner_id, "owner")
    if not 1 <= readiness <= READINESS_MAX:
        raise Refusal("OUT_OF_RANGE", ("readiness",), min=1, max=READINESS_MAX)
    guard = {"classification": classification, "compartments": sorted(set(compartments))}
    number = text_of(code, "code", CODE_CHARACTERS_MAX)
    await not_registered(session, number)
    outcome = TechnologyOutcome(
        id=new_id(),
        programme_id=programme_id,
        owner_id=owner_id,
        code=number,
        domain=text_of(domain, "domain", LINE_CHARACTERS_MAX),
        civil_use=text_of(civil_use, "civil_use", LINE_CHARACTERS_MAX),
        readiness=readiness,
        stage=TransferStage.REGISTERED,
        stage_since=now,
        retained_at=None,
        registered_at=now,
        updated_at=now,
        version=1,
        **guard,
    )
    original = OutcomeOriginal(
        id=new_id(),
        outcome_id=outcome.id,
        title=text_of(title, "title", LINE_CHARACTERS_MAX),
        text=text_of(text, "text", TEXT_CHARACTERS_MAX),
        recorded_at=now,
        **guard,
    )
    session.add(outcome)
    await session.flush()
    session.add(original)
    await append(session, outcome_event(outcome, "outcome.registered", now, new_id))
    return outcome.id


async def not_registered(session: AsyncSession, code: str) -> None:
    """No outcome that the viewer sees has this code. One that they do not see tells nothing: it may have the same."""
    if await session.scalar(sa.select(sa.exists().where(TechnologyOutcome.code == code))):
        raise Refusal("CODE_TAKEN", ("code",))


async def seen_outcome(session: AsyncSession, outcome_id: UUID, version: int) -> TechnologyOutcome:
    """The outcome, locked, if it is still as the caller has seen it and not kept from transfer."""
    outcome = await existing(session, TechnologyOutcome, outcome_id, "outcome", lock=True)
    if outcome.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=outcome.version)
    if outcome.retained_at is not None:
        raise Refusal("OUTCOME_RETAINED", ("outcome",))
    return outcome


async def reach(
    session: AsyncSession, outcome: TechnologyOutcome, stage: TransferStage, now: dt.datetime, new_id: Ids
) -> None:
    """Take an outcome to a stage, count the change and tell of it."""
    if outcome.stage is not stage:
        outcome.stage, outcome.stage_since = stage, now
    outcome.version += 1
    outcome.updated_at = now
    await append(session, outcome_event(outcome, "outcome.changed", now, new_id))


def outcome_event(outcome: TechnologyOutcome, kind: str, now: dt.datetime, new_id: Ids) -> OutboxEvent:
    """An event about an outcome, guarded like the outcome."""
    return event_about(
        outcome, kind, now, new_id, subject_id=outcome.id, customer_id=None, payload={"stage": outcome.stage.value}
    )
