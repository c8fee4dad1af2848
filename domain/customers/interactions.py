"""The rule of logging what was said with a customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Contact, Customer, Employee, Interaction, InteractionKind, Participant
from domain.guards import existing, may_classify, not_in_future, text_of
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.outbox import OutboxEvent, append, event_about
from segments.viewer import Viewer

SUBJECT_CHARACTERS_MAX = 200
SUMMARY_CHARACTERS_MAX = 10_000
PARTICIPANTS_MAX = 50


async def log_interaction(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    customer_id: UUID,
    kind: InteractionKind,
    at: dt.datetime,
    subject: str,
    summary: str,
    contact_ids: Sequence[UUID] = (),
    employee_ids: Sequence[UUID] = (),
    follow_up: str | None = None,
    follow_up_on: dt.date | None = None,
    classification: Classification = Classification.INTERNAL,
    compartments: Collection[str] = (),
) -> UUID:
    """Record a visit, call, meeting, forum or message that has taken place; returns its key.

    It is at least as secret as the customer it was with. Participants are the customer's contacts and employees.
    """
    customer = await existing(session, Customer, customer_id, "customer")
    await may_classify(session, viewer, classification, compartments, (customer.classification, customer.compartments))
    if follow_up_on is not None and follow_up is None:
        raise Refusal("EMPTY", ("follow_up",))
    if follow_up_on is not None and follow_up_on < at.date():
        raise Refusal("BEFORE_START", ("follow_up_on",))
    interaction = Interaction(
        id=new_id(),
        customer_id=customer_id,
        kind=kind,
        at=not_in_future(at, now, "at"),
        subject=text_of(subject, "subject", SUBJECT_CHARACTERS_MAX),
        summary=text_of(summary, "summary", SUMMARY_CHARACTERS_MAX),
        recorded_by_id=viewer.employee_id,
        follow_up=None if follow_up is None else text_of(follow_up, "follow_up", SUMMARY_CHARACTERS_MAX),
        follow_up_on=follow_up_on,
        created_at=now,
        classification=classification,
        compartments=sorted(compartments),
    )
    session.add(interaction)
    await session.flush()
    session.add_all(await participants(session, new_id, interaction, contact_ids, employee_ids))
    await append(session, interaction_event(interaction, "interaction.logged", now, new_id))
    return interaction.id


async def complete_follow_up(session: AsyncSession, now: dt.datetime, new_id: Ids, *, interaction_id: UUID) -> UUID:
    """Note that what was to follow from an interaction has been done; it is done once."""
    interaction = await existing(session, Interaction, interaction_id, "interaction", lock=True)
    if interaction.follow_up is None:
        raise Refusal("NOTHING_TO_FOLLOW_UP", ("interaction",))
    if interaction.followed_up_at is not None:
        raise Refusal("ALREADY_FOLLOWED_UP", ("interaction",))
    interaction.followed_up_at = now
    await append(session, interaction_event(interaction, "interaction.followed_up", now, new_id))
    return interaction.id


def interaction_event(interaction: Interaction, kind: str, now: dt.datetime, new_id: Ids) -> OutboxEvent:
    """An event about an interaction, guarded like the interaction."""
    return event_about(
        interaction, kind, now, new_id, subject_id=interaction.id, customer_id=interaction.customer_id, payload={}
    )


async def participants(
    session: AsyncSession, new_id: Ids, of: Interaction, contact_ids: Sequence[UUID], employee_ids: Sequence[UUID]
) -> list[Participant]:
    """The people who took part; a contact must be the customer's own."""
    if len(contact_ids) + len(employee_ids) > PARTICIPANTS_MAX:
        raise Refusal("TOO_MANY", ("contacts",), max=PARTICIPANTS_MAX)
    contacts = sa.select(Contact.id).where(Contact.id.in_(contact_ids), Contact.customer_id == of.customer_id)
    if set(await session.scalars(contacts)) != set(contact_ids):
        raise Refusal("NOT_FOUND", ("contacts",))
    if set(await session.scalars(sa.select(Employee.id).where(Employee.id.in_(employee_ids)))) != set(employee_ids):
        raise Refusal("NOT_FOUND", ("employees",))
    shared = {
        "interaction_id": of.id,
        "customer_id": of.customer_id,
        "classification": of.classification,
        "compartments": of.compartments,
    }
    return [
        *(Participant(id=new_id(), contact_id=key, employee_id=None, **shared) for key in dict.fromkeys(contact_ids)),
        *(Participant(id=new_id(), contact_id=None, employee_id=key, **shared) for key in dict.fromkeys(employee_ids)),
    ]
