"""Refresh tokens: two tabs at once, a theft noticed, what ends a family (docs/adr/0009-oauth.md)."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from domain.identity.client_tables import AuthorizationGrant, ClientAuthentication, RefreshToken
from domain.identity.secrets import hash_of
from domain.identity.tables import Person
from foundation.session import transaction
from segments.audiences import STAFF
from tests.people import SYSTEM, person, store
from tests.portal.oauth.parties import Parties, Program

SCOPES = ("openid", "offline_access", "orders:read")


@pytest.fixture(scope="module")
async def spa(parties: Parties) -> Program:
    return await parties.program(scopes=SCOPES, first_party=True, authentication=ClientAuthentication.NONE)


async def signed_in(parties: Parties, staff: Person, program: Program) -> Any:
    async with await parties.browser(staff) as browser:
        return await parties.tokens(browser, program, *SCOPES)


async def refresh(parties: Parties, program: Program, token: str, **more: str) -> httpx.Response:
    data = {"grant_type": "refresh_token", "refresh_token": token, "client_id": program.client_id, **more}
    return await parties.ask(program, data)


async def later(parties: Parties, token: str, seconds: float) -> None:
    """Let time pass since a refresh token was used."""
    async with transaction(parties.database, SYSTEM) as session:
        mine = sa.update(RefreshToken).where(RefreshToken.token_hash == hash_of(token))
        await session.execute(mine.values(used_at=RefreshToken.used_at - dt.timedelta(seconds=seconds)))


async def test_a_refresh_token_is_replaced(parties: Parties, staff: Person, spa: Program) -> None:
    first = await signed_in(parties, staff, spa)
    second = (await refresh(parties, spa, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert set(second["scope"].split()) == set(SCOPES)
    assert "id_token" in second
    assert (await refresh(parties, spa, second["refresh_token"])).status_code == 200


async def test_two_tabs_at_once_get_the_same_successor(parties: Parties, staff: Person, spa: Program) -> None:
    first = (await signed_in(parties, staff, spa))["refresh_token"]
    answers = await asyncio.gather(*(refresh(parties, spa, first) for _ in range(4)))
    assert [each.status_code for each in answers] == [200] * 4
    successors = {each.json()["refresh_token"] for each in answers}
    assert len(successors) == 1
    assert (await refresh(parties, spa, successors.pop())).status_code == 200


async def test_a_stolen_token_used_later_ends_the_family(parties: Parties, staff: Person, spa: Program) -> None:
    first = (await signed_in(parties, staff, spa))["refresh_token"]
    second = (await refresh(parties, spa, first)).json()
    assert (await parties.graphql(second["access_token"], "{ __typename }")).status_code == 200
    await later(parties, first, parties.served.settings.refresh_grace_seconds + 1)
    stolen = await refresh(parties, spa, first)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    owners = await refresh(parties, spa, second["refresh_token"])
    assert (owners.status_code, owners.json()["error"]) == (400, "invalid_grant")
    assert (await parties.graphql(second["access_token"], "{ __typename }")).status_code == 401


async def test_another_program_cannot_use_it(parties: Parties, staff: Person, spa: Program) -> None:
    first = (await signed_in(parties, staff, spa))["refresh_token"]
    other = await parties.program(scopes=SCOPES, authentication=ClientAuthentication.NONE)
    assert (await refresh(parties, other, first)).json()["error"] == "invalid_grant"
    assert (await refresh(parties, spa, first)).status_code == 200


async def test_fewer_scopes_for_one_token_only(parties: Parties, staff: Person, spa: Program) -> None:
    first = (await signed_in(parties, staff, spa))["refresh_token"]
    narrow = (await refresh(parties, spa, first, scope="openid")).json()
    assert narrow["scope"] == "openid"
    wide = (await refresh(parties, spa, narrow["refresh_token"])).json()
    assert set(wide["scope"].split()) == set(SCOPES)
    more = await refresh(parties, spa, wide["refresh_token"], scope="openid customers:write")
    assert more.json()["error"] == "invalid_scope"
    # What was refused did not use the token up.
    assert (await refresh(parties, spa, wide["refresh_token"])).status_code == 200


async def test_without_the_persons_word_there_is_none(parties: Parties, staff: Person, spa: Program) -> None:
    async with await parties.browser(staff) as browser:
        assert "refresh_token" not in await parties.tokens(browser, spa, "openid")


async def test_it_ends_with_time(parties: Parties, staff: Person, spa: Program) -> None:
    first = (await signed_in(parties, staff, spa))["refresh_token"]
    async with transaction(parties.database, SYSTEM) as session:
        row = (
            await session.execute(
                sa.select(RefreshToken.created_at, RefreshToken.expires_at).where(
                    RefreshToken.token_hash == hash_of(first)
                )
            )
        ).one()
        assert row.expires_at - row.created_at == dt.timedelta(days=14)
        mine = sa.update(RefreshToken).where(RefreshToken.token_hash == hash_of(first))
        await session.execute(mine.values(expires_at=row.created_at))
    assert (await refresh(parties, spa, first)).json()["error"] == "invalid_grant"


async def test_no_successor_outlives_the_grant(parties: Parties, staff: Person, spa: Program) -> None:
    first = (await signed_in(parties, staff, spa))["refresh_token"]
    async with transaction(parties.database, SYSTEM) as session:
        of_first = sa.select(RefreshToken.grant_id).where(RefreshToken.token_hash == hash_of(first))
        aged = sa.update(AuthorizationGrant).where(AuthorizationGrant.id.in_(of_first))
        await session.execute(aged.values(created_at=AuthorizationGrant.created_at - dt.timedelta(days=29)))
    second = (await refresh(parties, spa, first)).json()["refresh_token"]
    async with transaction(parties.database, SYSTEM) as session:
        life = sa.select(RefreshToken.expires_at - RefreshToken.created_at)
        left = await session.scalar(life.where(RefreshToken.token_hash == hash_of(second)))
    assert left is not None
    assert dt.timedelta(hours=23) < left <= dt.timedelta(days=1)


async def test_rights_that_were_taken_away_are_gone_at_the_next_refresh(parties: Parties, spa: Program) -> None:
    mover = person("mover@example.com", STAFF, roles=("account_manager",))
    await store(parties.database, mover)
    first = (await signed_in(parties, mover, spa))["refresh_token"]
    async with transaction(parties.database, SYSTEM) as session:
        await session.execute(sa.update(Person).where(Person.id == mover.id).values(roles=[]))
    second = (await refresh(parties, spa, first)).json()
    assert "orders:read" not in second["scope"].split()
    async with transaction(parties.database, SYSTEM) as session:
        await session.execute(sa.update(Person).where(Person.id == mover.id).values(active=False))
    assert (await refresh(parties, spa, second["refresh_token"])).json()["error"] == "invalid_grant"
