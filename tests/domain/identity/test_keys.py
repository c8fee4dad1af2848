"""Signing keys: made at first use, several valid at a time, forgotten when nothing they signed can be valid."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.keys import revoke_keys, rotate_keys, signing_key, verification_keys
from domain.identity.sealing import Seal, SealError
from domain.identity.tables import SigningKey
from foundation.clock import system_clock
from foundation.ids import system_ids
from foundation.session import set_statement
from segments.audiences import STAFF
from segments.viewer import Viewer

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
AGE_MAX = 30 * DAY
IDS = system_ids(system_clock)
SEAL = Seal.from_text(base64.b64encode(b"s" * 32).decode(), "a test")


async def signs(session: AsyncSession, now: dt.datetime = NOW) -> ECKey:
    return await signing_key(session, SEAL, now, IDS, AGE_MAX)


async def test_the_first_use_makes_a_key_and_the_next_finds_it(session: AsyncSession) -> None:
    first = await signs(session)
    second = await signs(session)
    assert first.kid == second.kid
    assert first.is_private
    assert first.curve_name == "P-256"


async def test_verification_holds_no_private_half(session: AsyncSession) -> None:
    await signs(session)
    keys = await verification_keys(session, NOW)
    assert len(keys) == 2, "the one that signs and the next"
    assert not any(key.is_private for key in keys.values())


async def test_after_a_rotation_the_old_key_verifies_until_its_last_token_has_ended(session: AsyncSession) -> None:
    old = await signs(session)
    (following,) = (await verification_keys(session, NOW)).keys() - {old.kid}
    kid = await rotate_keys(session, SEAL, NOW, IDS)
    assert kid == following, "it was published before it signs"
    assert (await signs(session)).kid == kid
    (after,) = (await verification_keys(session, NOW + DAY)).keys() - {kid}
    assert (await verification_keys(session, NOW)).keys() == {old.kid, kid, after}


async def test_a_key_signs_until_it_is_too_old(session: AsyncSession) -> None:
    first = await signs(session)
    assert (await signs(session, NOW + AGE_MAX - SECOND)).kid == first.kid
    second = await signs(session, NOW + AGE_MAX)
    assert second.kid != first.kid
    assert (await signs(session, NOW + 2 * AGE_MAX - SECOND)).kid == second.kid
    assert {first.kid, second.kid} <= (await verification_keys(session, NOW + AGE_MAX)).keys()


async def test_private_halves_are_sealed_each_for_its_row(session: AsyncSession) -> None:
    key = await signs(session)
    rows = (await session.scalars(sa.select(SigningKey).order_by(SigningKey.activated_at.nulls_last()))).all()
    secret = key.as_dict(private=True)["d"]
    assert all(secret not in row.private_jwk + row.public_jwk for row in rows)
    rows[0].private_jwk = rows[1].private_jwk
    await session.flush()
    with pytest.raises(SealError, match="another's place"):
        await signs(session)


async def test_another_sealing_key_opens_nothing_but_a_revocation_helps(session: AsyncSession) -> None:
    await signs(session)
    other = Seal.from_text(base64.b64encode(b"o" * 32).decode(), "a test")
    with pytest.raises(SealError, match="QUADRANT_SEALING_KEY"):
        await signing_key(session, other, NOW, IDS, AGE_MAX)
    await revoke_keys(session)
    assert (await signing_key(session, other, NOW, IDS, AGE_MAX)).is_private


async def test_rotating_removes_keys_that_verify_nothing_any_more(session: AsyncSession) -> None:
    await signs(session)
    for days in range(5):
        kid = await rotate_keys(session, SEAL, NOW + days * 2 * DAY, IDS)
    assert kid in await verification_keys(session, NOW)
    assert await revoke_keys(session) == 3, "retired just now, signing, next"


async def test_after_a_theft_no_key_is_left(session: AsyncSession) -> None:
    stolen = await signs(session)
    assert await revoke_keys(session) == 2
    assert await verification_keys(session, NOW) == {}
    assert (await signs(session)).kid != stolen.kid


async def test_keys_are_hidden_from_every_viewer(session: AsyncSession) -> None:
    await signs(session)
    await session.execute(set_statement(Viewer(STAFF, roles=frozenset({"department_head"})).row_settings()))
    assert await verification_keys(session, NOW) == {}
