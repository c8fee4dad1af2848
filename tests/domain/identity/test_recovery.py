"""Recovery codes: ten, each once, and void when there are new ones."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.recovery import CODES, renew_recovery_codes, use_recovery_code
from domain.identity.second_factors import factors_of
from domain.identity.tables import RecoveryCode
from tests.people import person

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)


@pytest.fixture
async def owner(session: AsyncSession) -> UUID:
    row = person("li.wei@example.com")
    session.add(row)
    await session.flush()
    return row.id


async def test_each_code_works_once(session: AsyncSession, owner: UUID) -> None:
    codes = await renew_recovery_codes(session, owner, NOW, uuid4)
    assert len(set(codes)) == CODES
    assert await use_recovery_code(session, owner, codes[0], NOW)
    assert not await use_recovery_code(session, owner, codes[0], NOW)
    assert await use_recovery_code(session, owner, f" {codes[1].lower().replace('-', ' ')} ", NOW)
    assert (await factors_of(session, owner)).recovery_codes == CODES - 2


async def test_new_codes_void_the_old(session: AsyncSession, owner: UUID) -> None:
    [old, *_] = await renew_recovery_codes(session, owner, NOW, uuid4)
    await renew_recovery_codes(session, owner, NOW, uuid4)
    assert not await use_recovery_code(session, owner, old, NOW)


async def test_somebody_else_s_code_is_none(session: AsyncSession, owner: UUID) -> None:
    other = person("wang.fang@example.com")
    session.add(other)
    await session.flush()
    [code, *_] = await renew_recovery_codes(session, other.id, NOW, uuid4)
    assert not await use_recovery_code(session, owner, code, NOW)
    assert await use_recovery_code(session, other.id, code, NOW)


@pytest.mark.parametrize("text", ["", "AAAA-BBBB", "1" * 16, "\x00", "\ud800" * 16, "A" * 10_000])
async def test_whatever_is_no_code_is_refused(session: AsyncSession, owner: UUID, text: str) -> None:
    await renew_recovery_codes(session, owner, NOW, uuid4)
    assert not await use_recovery_code(session, owner, text, NOW)


async def test_only_hashes_are_stored(session: AsyncSession, owner: UUID) -> None:
    codes = await renew_recovery_codes(session, owner, NOW, uuid4)
    stored = (await session.execute(sa.select(RecoveryCode.code_hash))).scalars().all()
    assert all(len(each) == 32 for each in stored)
    assert not any(code.replace("-", "").encode() in each for each in stored for code in codes)


async def test_recovery_codes_alone_are_no_factor(session: AsyncSession, owner: UUID) -> None:
    await renew_recovery_codes(session, owner, NOW, uuid4)
    assert not await factors_of(session, owner)
