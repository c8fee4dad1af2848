"""One-time codes: those of RFC 6238, near in time, and each once."""

from __future__ import annotations

import base64
import datetime as dt
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.authenticators import (
    add_authenticator,
    address_of,
    code_of,
    matching_step,
    new_secret,
    shown_code,
    step_at,
    use_code,
)
from domain.identity.sealing import Seal, SealError
from domain.identity.tables import Authenticator, Person
from foundation.settings import Settings
from tests.people import person

# Appendix B of RFC 6238: the secret of SHA-1, and the last six digits of its codes.
SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = dt.datetime(2026, 11, 24, 8, 0, 10, tzinfo=dt.UTC)
HALF_MINUTE = dt.timedelta(seconds=30)


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    assert code_of(SECRET, second // 30) == code
    assert matching_step(SECRET, code, dt.datetime.fromtimestamp(second, dt.UTC)) == second // 30


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(steps: int, fits: bool) -> None:
    code = code_of(SECRET, step_at(NOW) + steps)
    assert (matching_step(SECRET, code, NOW) is not None) is fits


@pytest.mark.parametrize("code", ["", "12345", "1234567", "四五六七八九", "\ud800", "\x00" * 6])
def test_whatever_is_no_code_fits_nothing(code: str) -> None:
    assert matching_step(SECRET, code, NOW) is None


def test_secrets_are_random_and_long_enough() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(base64.b32decode(first)) == 20


def test_the_address_is_one_that_apps_take() -> None:
    address = address_of(SECRET, "li.wei@example.com")
    assert address.startswith("otpauth://totp/Quadrant%3Ali.wei%40example.com?")
    assert f"secret={SECRET}" in address


@pytest.fixture
async def owner(session: AsyncSession) -> UUID:
    row: Person = person("li.wei@example.com")
    session.add(row)
    await session.flush()
    return row.id


@pytest.fixture
def seal(settings: Settings) -> Seal:
    return Seal.of(settings)


async def added(session: AsyncSession, seal: Seal, owner: UUID, secret: str = SECRET, step: int = 0) -> None:
    await add_authenticator(session, seal, owner, secret, row_id=uuid4(), now=NOW, step=step)


async def test_a_code_works_once_and_none_before_it_afterwards(session: AsyncSession, seal: Seal, owner: UUID) -> None:
    await added(session, seal, owner)
    before, code, after = (code_of(SECRET, step_at(NOW) + steps) for steps in (-1, 0, 1))
    assert not await use_code(session, seal, owner, "000000", NOW)
    assert await use_code(session, seal, owner, code, NOW)
    assert not await use_code(session, seal, owner, code, NOW)
    assert not await use_code(session, seal, owner, before, NOW)
    assert await use_code(session, seal, owner, after, NOW)


async def test_the_code_that_set_it_up_is_used(session: AsyncSession, seal: Seal, owner: UUID) -> None:
    await added(session, seal, owner, step=step_at(NOW))
    assert not await use_code(session, seal, owner, code_of(SECRET, step_at(NOW)), NOW)


async def test_a_new_authenticator_takes_the_place_of_the_old(session: AsyncSession, seal: Seal, owner: UUID) -> None:
    other = new_secret()
    await added(session, seal, owner)
    await added(session, seal, owner, other)
    assert not await use_code(session, seal, owner, code_of(SECRET, step_at(NOW)), NOW)
    assert await use_code(session, seal, owner, code_of(other, step_at(NOW)), NOW)


async def test_without_an_authenticator_no_code_is_right(session: AsyncSession, seal: Seal, owner: UUID) -> None:
    assert not await use_code(session, seal, owner, code_of(SECRET, step_at(NOW)), NOW)


async def test_the_secret_is_sealed_for_its_owner(session: AsyncSession, seal: Seal, owner: UUID) -> None:
    await added(session, seal, owner)
    other: Person = person("wang.fang@example.com")
    session.add(other)
    await session.flush()
    row = (await session.execute(sa.select(Authenticator))).scalar_one()
    assert SECRET not in row.secret
    row.person_id = other.id
    await session.flush()
    with pytest.raises(SealError):
        await use_code(session, seal, other.id, "123456", NOW)


async def test_a_demonstration_shows_a_code_that_is_accepted(session: AsyncSession, seal: Seal, owner: UUID) -> None:
    assert await shown_code(session, seal, owner, NOW) is None
    await added(session, seal, owner)
    for _ in range(2):
        code = await shown_code(session, seal, owner, NOW)
        assert code is not None
        assert await use_code(session, seal, owner, code, NOW)
    later = await shown_code(session, seal, owner, NOW + 3 * HALF_MINUTE)
    assert later == code_of(SECRET, step_at(NOW) + 3)
