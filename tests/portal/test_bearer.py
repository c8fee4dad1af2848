"""Bearer tokens at the door: remembered, bounded, forgotten with their time and their key."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from domain.identity import revocations
from domain.identity.client_tables import RevokedToken
from domain.identity.keys import revoke_keys, rotate_keys
from domain.identity.revocations import revoke_subject
from domain.identity.sealing import Seal
from domain.identity.tables import Person
from domain.identity.tokens import Authority, InvalidTokenError
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from portal import bearer
from portal.bearer import BearerTokens
from segments.audiences import STAFF
from segments.classification import Classification
from tests.people import IDS, SYSTEM, person, token_of

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
SOMEONE: Person = person("li.wei@example.com", clearance=Classification.SECRET, roles=("programme_manager",))


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += dt.timedelta(**time)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def tokens(own_database: Database, settings: Settings, watch: Watch) -> AsyncIterator[BearerTokens]:
    yield BearerTokens(own_database, Authority.of(settings), Classification.TOP_SECRET, watch)
    async with transaction(own_database, SYSTEM) as session:
        await revoke_keys(session)


async def test_a_token_makes_its_viewer(own_database: Database, settings: Settings, tokens: BearerTokens) -> None:
    token = await token_of(own_database, settings, SOMEONE, "programmes:cost", now=NOW)
    viewer = await tokens.viewer(token, "en")
    assert (viewer.audience, viewer.person_id, viewer.client_id) == (STAFF, SOMEONE.id, "test")
    assert viewer.clearance is Classification.SECRET
    assert viewer.scopes == {"programmes:cost"}
    assert viewer.language == "en"


async def test_a_token_is_verified_once_per_language(
    own_database: Database, settings: Settings, tokens: BearerTokens
) -> None:
    token = await token_of(own_database, settings, SOMEONE, now=NOW)
    first = await tokens.viewer(token, "zh")
    assert await tokens.viewer(token, "zh") is first
    assert (await tokens.viewer(token, "en")).language == "en"


async def test_a_remembered_token_ends_in_time(
    own_database: Database, settings: Settings, tokens: BearerTokens, watch: Watch
) -> None:
    token = await token_of(own_database, settings, SOMEONE, now=NOW)
    await tokens.viewer(token, "zh")
    watch.pass_by(minutes=5, seconds=9)
    await tokens.viewer(token, "zh")
    watch.pass_by(seconds=1)
    for _ in range(2):
        with pytest.raises(InvalidTokenError, match="expired"):
            await tokens.viewer(token, "zh")


async def test_the_ceiling_of_the_installation_bounds_clearance(
    own_database: Database, settings: Settings, watch: Watch
) -> None:
    low = BearerTokens(own_database, Authority.of(settings), Classification.INTERNAL, watch)
    token = await token_of(own_database, settings, SOMEONE, now=NOW)
    assert (await low.viewer(token, "zh")).clearance is Classification.INTERNAL


async def test_a_key_made_after_the_last_look_is_found(
    own_database: Database, settings: Settings, tokens: BearerTokens, watch: Watch
) -> None:
    old = await token_of(own_database, settings, SOMEONE, now=NOW)
    await tokens.viewer(old, "zh")
    async with transaction(own_database, SYSTEM) as session:
        await rotate_keys(session, Seal.of(settings), NOW, IDS)
    watch.pass_by(seconds=1)
    new = await token_of(own_database, settings, SOMEONE, now=NOW)
    assert (await tokens.viewer(new, "zh")).person_id == SOMEONE.id
    assert (await tokens.viewer(old, "zh")).person_id == SOMEONE.id


async def test_a_forgotten_key_takes_remembered_tokens_with_it(
    own_database: Database, settings: Settings, tokens: BearerTokens, watch: Watch
) -> None:
    token = await token_of(own_database, settings, SOMEONE, now=NOW)
    await tokens.viewer(token, "zh")
    async with transaction(own_database, SYSTEM) as session:
        await revoke_keys(session)
    watch.pass_by(seconds=30)
    with pytest.raises(InvalidTokenError, match="key is unknown"):
        await tokens.viewer(token, "zh")


async def test_made_up_keys_do_not_make_reads(
    own_database: Database, settings: Settings, tokens: BearerTokens, watch: Watch
) -> None:
    await tokens.viewer(await token_of(own_database, settings, SOMEONE, now=NOW), "zh")
    async with transaction(own_database, SYSTEM) as session:
        await revoke_keys(session)
    foreign = await token_of(own_database, settings, SOMEONE, now=NOW)
    async with transaction(own_database, SYSTEM) as session:
        await revoke_keys(session)
    reads: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM signing_key" in statement:
            reads.append(statement)

    watch.pass_by(seconds=10)
    sa.event.listen(own_database.engine.sync_engine, "before_cursor_execute", note)
    for _ in range(50):
        with pytest.raises(InvalidTokenError, match="key is unknown"):
            await tokens.viewer(foreign, "zh")
    sa.event.remove(own_database.engine.sync_engine, "before_cursor_execute", note)
    assert len(reads) == 1


async def test_no_more_tokens_are_remembered_than_the_bound(
    own_database: Database, settings: Settings, tokens: BearerTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearer, "TOKENS_REMEMBERED_MAX", 3)
    made = [await token_of(own_database, settings, SOMEONE, now=NOW) for _ in range(5)]
    viewers = [await tokens.viewer(token, "zh") for token in made]
    assert {language: len(known) for language, known in tokens._remembered.items()} == {"zh": 3, "en": 0}
    assert await tokens.viewer(made[4], "zh") is viewers[4]
    assert await tokens.viewer(made[0], "zh") is not viewers[0]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\ud800", "四方"])
async def test_what_is_no_token_is_refused(tokens: BearerTokens, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        await tokens.viewer(token, "zh")


async def test_more_revocations_than_a_process_keeps_make_no_revoked_token_count(
    own_database: Database, settings: Settings, tokens: BearerTokens, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, ended = [await token_of(own_database, settings, SOMEONE, now=NOW) for _ in range(2)]
    facts = await tokens.facts(ended)
    await tokens.viewer(kept, "zh")
    monkeypatch.setattr(revocations, "KNOWN_MAX", 3)
    async with transaction(own_database, SYSTEM) as session:
        # The list keeps what lasts longest, and the one token lasts shortest.
        await revoke_subject(session, UUID(facts.token_id), NOW, IDS, until=facts.expires_at)
        for _ in range(3):
            await revoke_subject(session, IDS(), NOW, IDS)
    watch.pass_by(seconds=30)
    for _ in range(2):
        with pytest.raises(InvalidTokenError, match="revoked"):
            await tokens.viewer(ended, "zh")
        assert (await tokens.viewer(kept, "zh")).person_id == SOMEONE.id
        assert tokens.remembered(f"Bearer {kept}".encode(), "zh") is None
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.delete(RevokedToken))
    tokens.look_again()
    await tokens.viewer(kept, "zh")
    assert tokens.remembered(f"Bearer {kept}".encode(), "zh") is not None
