"""Devices without a browser (RFC 8628): they show a short code, somebody enters it at a browser and lets them in."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from domain.identity.client_tables import AuthorizationGrant, Client, DeviceAuthorization
from domain.identity.grants import find_grant, revoke_grant
from domain.identity.secrets import hash_of, new_secret

LIFETIME = dt.timedelta(minutes=10)
INTERVAL_SECONDS = 5
# Letters that are not mistaken for another, and spell no words (RFC 8628 §6.1); 20⁸ codes.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
HALF = 4
KEPT = dt.timedelta(days=1)
FORGOTTEN_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Codes:
    """What a device is told once: its own code, and the one that a person enters."""

    device_code: str
    user_code: str


@dataclass(frozen=True, slots=True)
class HeldDevice:
    """A device that asks again, locked; `too_soon` when it did not wait as it was told."""

    row: DeviceAuthorization
    grant: AuthorizationGrant | None
    too_soon: bool


async def open_device(
    session: AsyncSession, client: Client, scopes: Collection[str], now: dt.datetime, row_id: UUID
) -> Codes:
    """Codes for a device that wants to be let in."""
    over = (
        sa.select(DeviceAuthorization.id)
        .where(DeviceAuthorization.expires_at < now - KEPT)
        .order_by(DeviceAuthorization.expires_at)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(sa.delete(DeviceAuthorization).where(DeviceAuthorization.id.in_(over)))
    codes = Codes(new_secret(), "".join(secrets.choice(LETTERS) for _ in range(2 * HALF)))
    session.add(
        DeviceAuthorization(
            id=row_id,
            client_id=client.id,
            device_hash=hash_of(codes.device_code),
            user_code=codes.user_code,
            scopes=sorted(scopes),
            expires_at=now + LIFETIME,
            interval_seconds=INTERVAL_SECONDS,
        )
    )
    await session.flush()
    return codes


def shown(user_code: str) -> str:
    """A code as people read it: in two halves."""
    return f"{user_code[:HALF]}-{user_code[HALF:]}"


def entered(text: str) -> str:
    """A code as it is stored, however somebody typed it."""
    return "".join(letter for letter in text.upper()[:40] if letter in LETTERS)


async def waiting_device(session: AsyncSession, user_code: str, now: dt.datetime) -> DeviceAuthorization | None:
    """The device that shows a code and still waits, locked, with its program."""
    waiting = (
        DeviceAuthorization.user_code == entered(user_code),
        DeviceAuthorization.decided_at.is_(None),
        DeviceAuthorization.expires_at > now,
    )
    found = sa.select(DeviceAuthorization).where(*waiting).with_for_update(of=DeviceAuthorization)
    whole = joinedload(DeviceAuthorization.client, innerjoin=True).joinedload(Client.owner)
    return await session.scalar(found.options(whole))


def decide(device: DeviceAuthorization, grant: AuthorizationGrant | None, now: dt.datetime) -> None:
    """Let a device in by a grant, or refuse it."""
    device.decided_at = now
    device.grant_id = None if grant is None else grant.id


async def held_device(
    session: AsyncSession, device_code: str, client: Client, now: dt.datetime, new_id: Callable[[], UUID]
) -> HeldDevice | None:
    """A device that its own program asks about. One that was let in and comes again ends what it got."""
    row = await session.scalar(
        sa.select(DeviceAuthorization).where(DeviceAuthorization.device_hash == hash_of(device_code)).with_for_update()
    )
    if row is None or row.client_id != client.id:
        return None
    grant = None if row.grant_id is None else await find_grant(session, row.grant_id)
    if row.used_at is not None:
        if grant is not None:
            await revoke_grant(session, grant.id, now, new_id)
        return None
    too_soon = row.polled_at is not None and now - row.polled_at < dt.timedelta(seconds=row.interval_seconds)
    row.polled_at = now
    if too_soon:
        row.interval_seconds += INTERVAL_SECONDS
    return HeldDevice(row, grant, too_soon)
