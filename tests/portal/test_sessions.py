"""Signing in, being known, signing out: as a browser experiences it."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from starlette.requests import Request
from starlette.responses import Response

from domain.identity.passwords import needs_rehash
from domain.identity.tables import LoginSession, Person, SignInAttempt
from foundation.clock import system_clock
from foundation.database import Database
from foundation.refusals import Refusal
from foundation.session import transaction
from foundation.settings import Settings
from portal.sessions import Sessions, SignedIn
from segments.audiences import ENTERPRISE, STAFF
from segments.classification import Classification
from segments.viewer import Viewer
from tests.people import IDS, PASSWORD, SYSTEM, authenticator, organisation, person, store
from tests.portal.requests import request

WEAK = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """The password is enough here; `test_second_steps.py` takes both steps."""
    return settings.model_copy(update={"second_factor": "offered"})


@pytest.fixture(scope="module", autouse=True)
async def people(own_database: Database) -> dict[str, Person]:
    firm = organisation("某航测有限公司")
    everyone = {
        "staff": person("li.wei@example.com", clearance=Classification.SECRET, roles=("account_manager",)),
        "buyer": person("wang.fang@example.com", ENTERPRISE, name="王芳", customer_id=firm.id),
        "gone": person("gone@example.com", active=False),
        "weak": person("weak@example.com", password_hash=WEAK),
    }
    await store(own_database, firm, *everyone.values())
    return everyone


@pytest.fixture
async def sessions(own_database: Database, settings: Settings) -> AsyncIterator[Sessions]:
    yield Sessions(settings, own_database, system_clock, IDS)
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.delete(SignInAttempt))


def with_cookie(secret: str, name: str = "quadrant") -> Request:
    return request(("cookie", f"{name}={secret}"))


async def signed_in(sessions: Sessions, email: str = "li.wei@example.com", came: Request | None = None) -> SignedIn:
    return await sessions.sign_in(came or request(), email, PASSWORD)


async def test_a_password_replaced_while_it_is_looked_at_opens_nothing(
    own_database: Database, sessions: Sessions, people: dict[str, Person]
) -> None:
    weak = people["weak"]
    places = range(int(sessions.hashing.total_tokens))
    for place in places:
        sessions.hashing.acquire_on_behalf_of_nowait(place)
    trying = asyncio.create_task(signed_in(sessions, weak.email))
    while not sessions.hashing.statistics().tasks_waiting:  # noqa: ASYNC110 - a limiter tells nobody of it.
        await asyncio.sleep(0.01)
    renamed = sa.update(Person).where(Person.id == weak.id)
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(renamed.values(password_hash="another"))
    for place in places:
        sessions.hashing.release_on_behalf_of(place)
    with pytest.raises(Refusal) as refused:
        await trying
    async with transaction(own_database, SYSTEM) as session:
        assert await session.scalar(sa.select(Person.password_hash).where(Person.id == weak.id)) == "another"
        await session.execute(renamed.values(password_hash=WEAK))
    assert refused.value.code == "SIGN_IN_REFUSED"


async def test_a_session_makes_the_viewer_of_its_person(sessions: Sessions, people: dict[str, Person]) -> None:
    opened = await signed_in(sessions)
    viewer = await sessions.viewer(with_cookie(opened.secret), "en")
    assert viewer is not None
    assert (viewer.audience, viewer.person_id, viewer.language) == (STAFF, people["staff"].id, "en")
    assert viewer.clearance is Classification.SECRET
    assert viewer.scopes == {
        "customers:write",
        "interactions:write",
        "orders:manage",
        "orders:read",
        "payments:refund",
        "points:adjust",
        "points:read",
    }


async def test_pages_learn_the_names_and_the_session(sessions: Sessions) -> None:
    opened = await signed_in(sessions, "wang.fang@example.com")
    visitor = await sessions.visitor(with_cookie(opened.secret), "zh")
    assert (visitor.name, visitor.organisation, visitor.signed_in) == ("王芳", "某航测有限公司", True)
    assert visitor.session
    assert opened.secret not in visitor.session


async def test_nobody_is_known_without_a_session(sessions: Sessions) -> None:
    for came in (request(), with_cookie(""), with_cookie("x" * 43), with_cookie("x" * 43, "other")):
        assert await sessions.viewer(came, "zh") is None
        assert not (await sessions.visitor(came, "zh")).signed_in


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(sessions: Sessions) -> None:
    response = Response()
    (await signed_in(sessions)).set_cookie(response)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("quadrant=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


async def test_over_https_the_cookie_belongs_to_this_host_alone(own_database: Database, settings: Settings) -> None:
    public = settings.model_copy(update={"public_url": "https://crm.example"})
    sessions = Sessions(public, own_database, system_clock, IDS)
    response = Response()
    opened = await signed_in(sessions)
    opened.set_cookie(response)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-quadrant=")
    assert "Secure" in cookie
    assert await sessions.viewer(with_cookie(opened.secret), "zh") is None, "the plain name could be planted"
    assert await sessions.viewer(with_cookie(opened.secret, "__Host-quadrant"), "zh") is not None


async def test_a_planted_secret_is_worth_nothing_after_the_sign_in(sessions: Sessions) -> None:
    planted = "a" * 43
    opened = await signed_in(sessions, came=with_cookie(planted))
    assert opened.secret != planted
    assert await sessions.viewer(with_cookie(planted), "zh") is None


async def test_signing_in_again_renews_the_secret_and_ends_the_former_session(sessions: Sessions) -> None:
    first = await signed_in(sessions)
    second = await signed_in(sessions, came=with_cookie(first.secret))
    assert second.secret != first.secret
    assert await sessions.viewer(with_cookie(first.secret), "zh") is None
    assert await sessions.viewer(with_cookie(second.secret), "zh") is not None


async def test_signing_out_ends_the_session_and_takes_the_cookie(sessions: Sessions) -> None:
    opened = await signed_in(sessions)
    elsewhere = await signed_in(sessions)
    response = Response()
    await sessions.sign_out(with_cookie(opened.secret), response)
    assert await sessions.viewer(with_cookie(opened.secret), "zh") is None
    assert await sessions.viewer(with_cookie(elsewhere.secret), "zh") is not None
    assert "Max-Age=0" in response.headers["set-cookie"]


async def test_signing_out_without_a_session_is_no_fault(sessions: Sessions) -> None:
    await sessions.sign_out(request(), Response())
    await sessions.sign_out(with_cookie("x" * 43), Response())


@pytest.mark.parametrize(
    ("account", "password"),
    [
        ("li.wei@example.com", "wrong"),
        ("li.wei@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("", ""),
        ("\x00", "\x00"),
        ("\ud800", "\ud800"),
        ("x" * 10_000, "x" * 10_000),
    ],
    ids=["wrong", "empty", "unknown", "left", "nothing", "nul", "surrogate", "long"],
)
async def test_every_failure_is_one_and_the_same(sessions: Sessions, account: str, password: str) -> None:
    with pytest.raises(Refusal) as refused:
        await sessions.sign_in(request(), account, password)
    assert str(refused.value) == "SIGN_IN_REFUSED"
    assert refused.value.params == {}


async def test_an_unknown_account_takes_as_long_as_a_wrong_password(sessions: Sessions) -> None:
    async def seconds(account: str) -> float:
        started = time.perf_counter()
        with pytest.raises(Refusal, match="SIGN_IN_REFUSED"):
            await sessions.sign_in(request(), account, "wrong")
        return time.perf_counter() - started

    known = min([await seconds("li.wei@example.com") for _ in range(4)])
    unknown = min([await seconds("nobody@example.com") for _ in range(4)])
    # Hashing takes some 20 ms and everything else some 5: an unknown account that skipped it would be a quarter.
    assert unknown > known * 0.6


async def test_after_too_many_attempts_even_the_right_password_is_refused(
    own_database: Database, settings: Settings, sessions: Sessions
) -> None:
    strict = Sessions(settings.model_copy(update={"sign_in_attempts_per_account": 3}), own_database, system_clock, IDS)
    for _ in range(3):
        with pytest.raises(Refusal, match="SIGN_IN_REFUSED"):
            await strict.sign_in(request(), "li.wei@example.com", "wrong")
    for spelling in ("li.wei@example.com", " LI.WEI@example.com"):
        with pytest.raises(Refusal, match="SIGN_IN_LIMITED"):
            await strict.sign_in(request(client="198.51.100.7"), spelling, PASSWORD)


async def test_an_unknown_account_is_limited_like_a_known_one(
    own_database: Database, settings: Settings, sessions: Sessions
) -> None:
    strict = Sessions(settings.model_copy(update={"sign_in_attempts_per_account": 2}), own_database, system_clock, IDS)
    said: dict[str, list[str]] = {}
    for account in ("li.wei@example.com", "nobody@example.com", "gone@example.com"):
        for _ in range(4):
            with pytest.raises(Refusal) as refused:
                await strict.sign_in(request(), account, "wrong")
            said.setdefault(account, []).append(refused.value.code)
    assert len({tuple(codes) for codes in said.values()}) == 1


async def test_guesses_sent_at_once_do_not_slip_past_the_limit(
    own_database: Database, settings: Settings, sessions: Sessions
) -> None:
    strict = Sessions(settings.model_copy(update={"sign_in_attempts_per_account": 3}), own_database, system_clock, IDS)
    outcomes = await asyncio.gather(
        *(strict.sign_in(request(), "li.wei@example.com", f"guess {number}") for number in range(10)),
        return_exceptions=True,
    )
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
    assert sorted(codes) == ["SIGN_IN_LIMITED"] * 7 + ["SIGN_IN_REFUSED"] * 3


async def test_a_weak_hash_is_made_anew_at_sign_in(
    own_database: Database, sessions: Sessions, people: dict[str, Person]
) -> None:
    assert needs_rehash(WEAK)
    await signed_in(sessions, "weak@example.com")
    async with transaction(own_database, SYSTEM) as session:
        stored = await session.scalar(sa.select(Person.password_hash).where(Person.id == people["weak"].id))
    assert stored is not None
    assert not needs_rehash(stored)
    await signed_in(sessions, "weak@example.com")


async def test_the_last_use_is_noted_when_it_is_a_minute_old(own_database: Database, settings: Settings) -> None:
    start = system_clock()
    offset = dt.timedelta()
    sessions = Sessions(settings, own_database, lambda: start + offset, IDS)
    opened = await signed_in(sessions)
    seen = sa.select(sa.func.max(LoginSession.last_seen_at))
    for seconds, noted in ((59, 0), (60, 60), (90, 60), (120, 120)):
        offset = dt.timedelta(seconds=seconds)
        assert await sessions.viewer(with_cookie(opened.secret), "zh") is not None
        async with transaction(own_database, SYSTEM) as session:
            assert await session.scalar(seen) == start + dt.timedelta(seconds=noted)


async def test_where_it_is_only_offered_who_has_a_second_factor_needs_it(
    own_database: Database, settings: Settings, sessions: Sessions
) -> None:
    careful = person("careful@example.com")
    await store(own_database, careful, authenticator(careful, settings))
    assert not (await signed_in(sessions)).awaits_second_factor
    opened = await signed_in(sessions, "careful@example.com")
    assert opened.awaits_second_factor
    assert opened.viewer == Viewer.anonymous()
    assert await sessions.viewer(with_cookie(opened.secret), "zh") is None


async def test_an_audience_that_is_not_served_cannot_sign_in(own_database: Database, settings: Settings) -> None:
    shop = Sessions(settings.model_copy(update={"served_views": ("consumer",)}), own_database, system_clock, IDS)
    with pytest.raises(Refusal, match="SIGN_IN_REFUSED"):
        await signed_in(shop)


async def test_a_session_opened_elsewhere_is_a_stranger_where_its_audience_is_not_served(
    own_database: Database, settings: Settings, sessions: Sessions
) -> None:
    opened = await signed_in(sessions)
    shop = Sessions(settings.model_copy(update={"served_views": ("consumer",)}), own_database, system_clock, IDS)
    assert not (await shop.visitor(with_cookie(opened.secret), "zh")).signed_in
