"""The movements of points, each one call of a function of the database (docs/adr/0012-points-ledger.md).

Every movement takes a `key`, up to 200 characters that the caller chooses once for what it wants: sent again, it answers what
it answered the first time and moves nothing. A key that comes back with another request is refused (`KEY_REUSED`). All
answer the keys of the transfers they posted. The instant is the database's, read when the member's row is locked.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import text_of
from domain.points.refusals import ledger_refusals

KEY_CHARACTERS_MAX = 200
ID, NUMBER, INSTANT, TEXT = sa.Uuid(), sa.BigInteger(), sa.DateTime(timezone=True), sa.Text()
TRANSFERS = ARRAY(sa.Uuid())

Argument = tuple[Any, sa.types.TypeEngine[Any]]


async def earn(
    session: AsyncSession,
    *,
    programme_id: UUID,
    customer_id: UUID,
    key: str,
    amount: int,
    basis: int | None = None,
    subject_id: UUID | None = None,
    rule_id: UUID | None = None,
    breakdown: Mapping[str, object] | None = None,
    earned_at: dt.datetime | None = None,
) -> list[UUID]:
    """Give points, pending until the programme's days of waiting are over; opens the member's account if there is none.

    `basis` is what they are earned on, in minor units of the order's currency, and what `claw_back` counts in; it is the
    points themselves where it is not given. `rule_id` and `breakdown` tell for good how the amount came about. `earned_at`
    is for an imported history: the days of waiting and the lot's life count from there.
    """
    arguments = (
        (amount, NUMBER),
        (basis, NUMBER),
        (subject_id, ID),
        (rule_id, ID),
        (None if breakdown is None else dict(breakdown), JSONB(none_as_null=True)),
        (earned_at, INSTANT),
    )
    return await moved(session, "points_earn", programme_id, customer_id, key, *arguments)


async def spend(
    session: AsyncSession,
    *,
    programme_id: UUID,
    customer_id: UUID,
    key: str,
    amount: int,
    subject_id: UUID | None = None,
    spender_id: UUID | None = None,
) -> list[UUID]:
    """Spend available points, those first that expire first. A company's pool needs the person who spends."""
    arguments = ((amount, NUMBER), (subject_id, ID), (spender_id, ID))
    return await moved(session, "points_spend", programme_id, customer_id, key, *arguments)


async def hold(
    session: AsyncSession,
    *,
    programme_id: UUID,
    customer_id: UUID,
    key: str,
    amount: int,
    subject_id: UUID | None = None,
    spender_id: UUID | None = None,
) -> list[UUID]:
    """Set available points aside; held points do not expire. The one key answered is the hold's."""
    arguments = ((amount, NUMBER), (subject_id, ID), (spender_id, ID))
    return await moved(session, "points_hold", programme_id, customer_id, key, *arguments)


async def capture(
    session: AsyncSession, *, programme_id: UUID, customer_id: UUID, key: str, hold_id: UUID, amount: int | None = None
) -> list[UUID]:
    """Spend what a hold has left, or a part of it."""
    arguments = ((hold_id, ID), (amount, NUMBER))
    return await moved(session, "points_capture", programme_id, customer_id, key, *arguments)


async def release(
    session: AsyncSession, *, programme_id: UUID, customer_id: UUID, key: str, hold_id: UUID, amount: int | None = None
) -> list[UUID]:
    """Give what a hold has left, or a part of it, back to its lots; a lot that has expired meanwhile expires now."""
    arguments = ((hold_id, ID), (amount, NUMBER))
    return await moved(session, "points_release", programme_id, customer_id, key, *arguments)


async def restore(
    session: AsyncSession,
    *,
    programme_id: UUID,
    customer_id: UUID,
    key: str,
    spend_id: UUID,
    amount: int | None = None,
    subject_id: UUID | None = None,
) -> list[UUID]:
    """Cancel a spend or capture, whole or in part: its lots get their points back and keep their expiry."""
    arguments = ((spend_id, ID), (amount, NUMBER), (subject_id, ID))
    return await moved(session, "points_restore", programme_id, customer_id, key, *arguments)


async def claw_back(
    session: AsyncSession,
    *,
    programme_id: UUID,
    customer_id: UUID,
    key: str,
    earning_id: UUID,
    part: int,
    subject_id: UUID | None = None,
) -> list[UUID]:
    """Take points back because `part` of what they were earned on (their `basis`) was taken back.

    All parts together ask back floor(points * parts / basis). What is left in the lot goes; what had expired is not asked
    back again; the rest, which was spent, becomes debt. Answers no transfer where this part makes no whole point.
    """
    arguments = ((earning_id, ID), (part, NUMBER), (subject_id, ID))
    return await moved(session, "points_claw_back", programme_id, customer_id, key, *arguments)


async def send(
    session: AsyncSession, *, programme_id: UUID, customer_id: UUID, key: str, to_customer_id: UUID, amount: int
) -> list[UUID]:
    """Transfer points to another member, within the programme's limits; they expire when they would have."""
    arguments = ((to_customer_id, ID), (amount, NUMBER))
    return await moved(session, "points_send", programme_id, customer_id, key, *arguments)


async def send_to_number(
    session: AsyncSession, *, programme_id: UUID, customer_id: UUID, key: str, to_number: str, amount: int
) -> list[UUID]:
    """The same to whoever has a membership number, of whom the sender learns nothing else."""
    arguments = ((to_number, TEXT), (amount, NUMBER))
    return await moved(session, "points_send_to", programme_id, customer_id, key, *arguments)


async def moved(
    session: AsyncSession, function: str, programme_id: UUID, customer_id: UUID, key: str, *arguments: Argument
) -> list[UUID]:
    """Call a movement by its function's name, once for its key, and have its transfers told to who follows them."""
    key = text_of(key, "key", KEY_CHARACTERS_MAX)
    values = [function, *(value for value, _ in arguments)]
    called = getattr(sa.func, function)(
        sa.literal(programme_id, ID),
        sa.literal(customer_id, ID),
        sa.literal(key, TEXT),
        sa.literal(fingerprint(values), sa.LargeBinary()),
        *(sa.literal(value, kind) for value, kind in arguments),
        type_=TRANSFERS,
    )
    with ledger_refusals():
        return list((await session.execute(sa.select(sa.func.points_told(called, type_=TRANSFERS)))).scalar_one())


def fingerprint(values: Sequence[object]) -> bytes:
    """SHA-256 of what is asked for, so that a key cannot be used for something else."""
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()
