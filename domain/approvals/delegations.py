"""The rules of delegation: who is away lets a colleague sign, for a time and no longer."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.chain import Signatory
from domain.approvals.tables import ApprovalDelegation
from domain.customers.tables import Employee
from domain.guards import existing, text_of
from domain.identity.tables import Person
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.viewer import Viewer

# Roles are those of the day of delegating: it ends when one is taken away, and before they are forgotten.
DELEGATION_DAYS_MAX = 90
REASON_CHARACTERS_MAX = 500


async def delegate(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    delegate_id: UUID,
    valid_until: dt.datetime,
    reason: str,
    subject_kind: str | None = None,
) -> UUID:
    """Let an employee sign in one's place from now until an instant, of one kind of subject or of all."""
    person = await session.scalar(sa.select(Person).where(Person.id == viewer.person_id))
    if person is None:
        raise Refusal("PERSON_NEEDED")
    chosen = await existing(session, Employee, delegate_id, "delegate")
    if chosen.id == viewer.employee_id:
        raise Refusal("TO_ONESELF", ("delegate",))
    if valid_until.tzinfo is None:
        raise Refusal("TIME_WITHOUT_ZONE", ("valid_until",))
    if not now < valid_until <= now + dt.timedelta(days=DELEGATION_DAYS_MAX):
        raise Refusal("DELEGATION_PERIOD", ("valid_until",), days=DELEGATION_DAYS_MAX)
    delegation = ApprovalDelegation(
        id=new_id(),
        delegator_id=person.id,
        delegator_employee_id=viewer.employee_id,
        delegate_id=chosen.id,
        delegator_name=person.name,
        roles=sorted(viewer.roles),
        subject_kind=subject_kind,
        reason=text_of(reason, "reason", REASON_CHARACTERS_MAX),
        valid_from=now,
        valid_until=valid_until,
        ended_at=None,
    )
    session.add(delegation)
    await session.flush()
    return delegation.id


async def end_delegation(session: AsyncSession, viewer: Viewer, now: dt.datetime, *, delegation_id: UUID) -> UUID:
    """Who has delegated is back."""
    delegation = await existing(session, ApprovalDelegation, delegation_id, "delegation")
    if delegation.delegator_id != viewer.person_id:
        raise Refusal("NOT_YOUR_DELEGATION", ("delegation",))
    if not in_force(delegation, now):
        raise Refusal("DELEGATION_OVER", ("delegation",))
    delegation.ended_at = now
    await session.flush()
    return delegation.id


async def delegated_by(
    session: AsyncSession, viewer: Viewer, now: dt.datetime, delegation_id: UUID, subject_kind: str
) -> Signatory:
    """In whose place the viewer signs by a delegation."""
    delegation = await existing(session, ApprovalDelegation, delegation_id, "delegation")
    if viewer.employee_id is None or delegation.delegate_id != viewer.employee_id:
        raise Refusal("NOT_YOUR_DELEGATION", ("delegation",))
    if not in_force(delegation, now) or delegation.subject_kind not in {None, subject_kind}:
        raise Refusal("DELEGATION_OVER", ("delegation",))
    return Signatory(
        delegation.delegator_id,
        delegation.delegator_employee_id,
        frozenset(delegation.roles),
        delegation.delegator_name,
    )


def in_force(delegation: ApprovalDelegation, now: dt.datetime) -> bool:
    """Whether a delegation holds at an instant."""
    return delegation.ended_at is None and delegation.valid_from <= now < delegation.valid_until
