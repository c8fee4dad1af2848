"""Signing keys: made at first use, several valid at a time, forgotten when nothing they signed can be valid."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.keys import revoke_keys, rotate_keys, signing_key, verification_keys
from foundation.clock import system_clock
from foundation.ids import system_ids
from foundation.session import set_statement
from segments.audiences import STAFF
from segments.viewer import Viewer

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
IDS = system_ids(system_clock)


async def test_the_first_use_makes_a_key_and_the_next_finds_it(session: AsyncSession) -> None:
    first = await signing_key(session, NOW, IDS())
    second = await signing_key(session, NOW, IDS())
    assert first.kid == second.kid
    assert first.is_private
    assert first.curve_name == "P-256"


async def test_verification_holds_no_private_half(session: AsyncSession) -> None:
    await signing_key(session, NOW, IDS())
    keys = await verification_keys(session, NOW)
    assert len(keys) == 1
    assert not any(key.is_private for key in keys.values())


async def test_after_a_rotation_the_old_key_verifies_until_its_last_token_has_ended(session: AsyncSession) -> None:
    old = await signing_key(session, NOW, IDS())
    kid = await rotate_keys(session, NOW, IDS())
    assert (await signing_key(session, NOW, IDS())).kid == kid != old.kid
    assert (await verification_keys(session, NOW)).keys() == {old.kid, kid}
    assert (await verification_keys(session, NOW + DAY)).keys() == {kid}


async def test_rotating_removes_keys_that_verify_nothing_any_more(session: AsyncSession) -> None:
    await signing_key(session, NOW, IDS())
    for days in range(5):
        kid = await rotate_keys(session, NOW + days * 2 * DAY, IDS())
    assert kid in await verification_keys(session, NOW)
    assert await revoke_keys(session) == 2


async def test_after_a_theft_no_key_is_left(session: AsyncSession) -> None:
    stolen = await signing_key(session, NOW, IDS())
    assert await revoke_keys(session) == 1
    assert await verification_keys(session, NOW) == {}
    assert (await signing_key(session, NOW, IDS())).kid != stolen.kid


async def test_keys_are_hidden_from_every_viewer(session: AsyncSession) -> None:
    await signing_key(session, NOW, IDS())
    await session.execute(set_statement(Viewer(STAFF, roles=frozenset({"department_head"})).row_settings()))
    assert await verification_keys(session, NOW) == {}
