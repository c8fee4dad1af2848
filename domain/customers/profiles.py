"""The rules of changing what is known of a customer: its profile, and its segment."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import (
    Customer,
    CustomerKind,
    CustomerStatus,
    Region,
    Segment,
    SegmentMove,
    TeamMember,
    TeamRole,
)
from domain.guards import existing, text_of
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.outbox import OutboxEvent, append, event_about
from segments.viewer import Viewer

NAME_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 1_000
CONTACT_DAYS_MAX = 3_650


class Kept:
    """Stands for a value that the caller leaves as it is, where None means to empty it."""


KEEP = Kept()


async def update_customer(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    customer_id: UUID,
    version: int,
    name: str | Kept = KEEP,
    name_en: str | Kept | None = KEEP,
    status: CustomerStatus | Kept = KEEP,
    region_id: UUID | Kept | None = KEEP,
    key_account: bool | Kept = KEEP,
    contact_days_max: int | Kept | None = KEEP,
) -> UUID:
    """Change a customer's profile. `version` is the one the caller has seen; if somebody was faster, it is refused."""
    customer = await existing(session, Customer, customer_id, "customer", lock=True)
    if customer.version != version:
        raise Refusal("CHANGED_MEANWHILE", ("version",), version=customer.version)
    if not isinstance(name, Kept):
        customer.name = text_of(name, "name", NAME_CHARACTERS_MAX)
    if not isinstance(name_en, Kept):
        customer.name_en = None if name_en is None else text_of(name_en, "name_en", NAME_CHARACTERS_MAX)
    if not isinstance(status, Kept):
        customer.status = status
    if not isinstance(region_id, Kept):
        customer.region_id = None if region_id is None else (await existing(session, Region, region_id, "region")).id
    if not isinstance(contact_days_max, Kept):
        if contact_days_max is not None and not 1 <= contact_days_max <= CONTACT_DAYS_MAX:
            raise Refusal("OUT_OF_RANGE", ("contact_days_max",), min=1, max=CONTACT_DAYS_MAX)
        customer.contact_days_max = contact_days_max
    if not isinstance(key_account, Kept):
        if key_account and not await has_manager(session, customer_id):
            raise Refusal("KEY_ACCOUNT_WITHOUT_MANAGER", ("key_account",))
        customer.key_account = key_account
    customer.version += 1
    customer.updated_at = now
    await append(session, customer_event(customer, "customer.updated", now, new_id, {}))
    return customer.id


async def has_manager(session: AsyncSession, customer_id: UUID) -> bool:
    """Whether an account has an account manager 客户经理 whose time has no end."""
    open_manager = sa.exists().where(
        TeamMember.customer_id == customer_id,
        TeamMember.role == TeamRole.ACCOUNT_MANAGER,
        TeamMember.valid_until.is_(None),
    )
    return bool(await session.scalar(sa.select(open_manager)))


async def move_segment(
    session: AsyncSession,
    viewer: Viewer,
    now: dt.datetime,
    new_id: Ids,
    *,
    customer_id: UUID,
    to_segment: Segment,
    reason: str,
) -> UUID:
    """Move a customer to another segment and keep the record of it: who, when, why."""
    customer = await existing(session, Customer, customer_id, "customer", lock=True)
    if customer.segment is to_segment:
        raise Refusal("ALREADY_IN_SEGMENT", ("to_segment",))
    if customer.kind is CustomerKind.PERSON and to_segment is not Segment.CONSUMER:
        raise Refusal("SEGMENT_OF_ORGANISATIONS", ("to_segment",))
    move = SegmentMove(
        id=new_id(),
        customer_id=customer_id,
        from_segment=customer.segment,
        to_segment=to_segment,
        reason=text_of(reason, "reason", REASON_CHARACTERS_MAX),
        moved_by_id=viewer.employee_id,
        at=now,
        classification=customer.classification,
        compartments=customer.compartments,
    )
    payload = {"from": customer.segment.value, "to": to_segment.value}
    customer.segment = to_segment
    customer.version += 1
    customer.updated_at = now
    session.add(move)
    await append(session, customer_event(customer, "customer.segment_moved", now, new_id, payload))
    return customer.id


def customer_event(
    customer: Customer, kind: str, now: dt.datetime, new_id: Ids, payload: dict[str, Any]
) -> OutboxEvent:
    """An event about a customer, guarded like the customer."""
    return event_about(customer, kind, now, new_id, subject_id=customer.id, customer_id=customer.id, payload=payload)
