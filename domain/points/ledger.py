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

from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import text_of
from domain.points.refusals import ledger_refusals
from foundation.statements import fetch_value

KEY_CHARACTERS_MAX = 200


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
    told = None if breakdown is None else dict(breakdown)
    arguments = (amount, basis, subject_id, rule_id, told, earned_at)
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
    return await moved(session, "points_spend", programme_id, customer_id, key, amount, subject_id, spender_id)


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
    return await moved(session, "points_hold", programme_id, customer_id, key, amount, subject_id, spender_id)


async def capture(
    session: AsyncSession, *, programme_id: UUID, customer_id: UUID, key: str, hold_id: UUID, amount: int | None = None
) -> list[UUID]:
    """Spend what a hold has left, or a part of it."""
    return await moved(session, "points_capture", programme_id, customer_id, key, hold_id, amount)


async def release(
    session: AsyncSession, *, programme_id: UUID, customer_id: UUID, key: str, hold_id: UUID, amount: int | None = None
) -> list[UUID]:
    """Give what a hold has left, or a part of it, back to its lots; a lot that has expired meanwhile expires now."""
    return await moved(session, "points_release", programme_id, customer_id, key, hold_id, amount)


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
    return await moved(session, "points_restore", programme_id, customer_id, key, spend_id, amount, subject_id)


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
    return await moved(session, "points_claw_back", programme_id, customer_id, key, earning_id, part, subject_id)


async def send(
    session: AsyncSession, *, programme_id: UUID, customer_id: UUID, key: str, to_customer_id: UUID, amount: int
) -> list[UUID]:
    """Transfer points to another member, within the programme's limits; they expire when they would have."""
    return await moved(session, "points_send", programme_id, customer_id, key, to_customer_id, amount)


async def send_to_number(
    session: AsyncSession, *, programme_id: UUID, customer_id: UUID, key: str, to_number: str, amount: int
) -> list[UUID]:
    """The same to whoever has a membership number, of whom the sender learns nothing else."""
    return await moved(session, "points_send_to", programme_id, customer_id, key, to_number, amount)


async def moved(
    session: AsyncSession, function: str, programme_id: UUID, customer_id: UUID, key: str, *arguments: Any
) -> list[UUID]:
    """Call a movement by its function's name, once for its key, and have its transfers told to who follows them."""
    key = text_of(key, "key", KEY_CHARACTERS_MAX)
    asked = fingerprint([function, *arguments])
    # The function's own types say what each of the values is.
    values = ", ".join(f"${at}" for at in range(1, len(arguments) + 5))
    statement = f"select points_told({function}({values}))"
    given = (json.dumps(each) if isinstance(each, dict) else each for each in arguments)
    with ledger_refusals():
        return await fetch_value(session, statement, programme_id, customer_id, key, asked, *given)


def fingerprint(values: Sequence[object]) -> bytes:
    """SHA-256 of what is asked for, so that a key cannot be used for something else."""
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()
