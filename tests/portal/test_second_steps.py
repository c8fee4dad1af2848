"""The second step of signing in, as a browser takes it: codes, setting up, and what a waiting session is worth."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa

from domain.identity.authenticators import code_of, step_at
from domain.identity.tables import Authenticator, LoginSession, RecoveryCode, SignInAttempt
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from segments.audiences import ENTERPRISE, GOVERNMENT
from segments.classification import Classification
from tests.people import PASSWORD, SYSTEM, TOTP_SECRET, authenticator, person, store
from tests.portal.pages.html_checks import complaints, form
from tests.portal.served import Served, served
from tests.portal.signing_in import second_step, sign_in

STAFF, NEW, BUYER, CAREFUL, CLEARED = (
    f"{name}@example.com" for name in ("li.wei", "new", "buyer", "careful", "cleared")
)
STEP = "/sign-in/second-step"
WHO = {"query": "{ viewer { email } }"}


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> AsyncIterator[Served]:
    staff, careful = person(STAFF, roles=("account_manager",)), person(CAREFUL, ENTERPRISE, clearance=PUBLIC)
    buyer, cleared = person(BUYER, ENTERPRISE, clearance=PUBLIC), person(CLEARED, GOVERNMENT, clearance=CONFIDENTIAL)
    apps = [authenticator(someone, settings) for someone in (staff, careful)]
    await store(own_database, staff, person(NEW), buyer, careful, cleared, *apps)
    async with served(settings.model_copy(update={"database_name": own_database.addresses.owner.database})) as running:
        yield running


PUBLIC, CONFIDENTIAL = Classification.PUBLIC, Classification.CONFIDENTIAL


@pytest.fixture
async def client(house: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as opened:
        yield opened


@pytest.fixture(autouse=True)
async def afresh(own_database: Database, house: Served) -> None:
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.delete(SignInAttempt))
        await session.execute(sa.update(Authenticator).values(last_step=None))


async def first_step(client: httpx.AsyncClient, account: str, query: str = "") -> httpx.Response:
    hidden = form((await client.get(f"/sign-in{query}")).text, "sign-in")
    return await client.post(f"/sign-in{query}", data={**hidden, "account": account, "password": PASSWORD})


async def sent(client: httpx.AsyncClient, code: str, action: str = "second-step") -> httpx.Response:
    return await client.post(STEP, data={**form((await client.get(STEP)).text, action), "code": code})


async def who(client: httpx.AsyncClient) -> str | None:
    viewer = (await client.post("/graphql", json=WHO)).json()["data"]["viewer"]
    return viewer and viewer["email"]


def present(secret: str = TOTP_SECRET, steps: int = 0) -> str:
    return code_of(secret, step_at(system_clock()) + steps)


async def test_between_the_steps_nobody_is_signed_in(client: httpx.AsyncClient) -> None:
    response = await first_step(client, STAFF, "?next=%2Fstaff%2Fcustomers")
    assert response.headers["location"] == f"{STEP}?next=%2Fstaff%2Fcustomers"
    waiting = client.cookies["quadrant"]
    assert await who(client) is None
    assert (await client.get("/staff")).headers["location"].startswith("/sign-in")
    assert (await client.get("/sign-in")).status_code == 200
    done = await second_step(client, response.headers["location"], TOTP_SECRET)
    assert (done.status_code, done.headers["location"]) == (303, "/staff/customers")
    assert client.cookies["quadrant"] != waiting, "the id is renewed"
    assert await who(client) == STAFF
    client.cookies.set("quadrant", waiting, domain="localhost.local")
    assert await who(client) is None
    assert (await client.get(STEP)).headers["location"] == "/sign-in"


async def test_the_session_says_what_was_proved(client: httpx.AsyncClient, own_database: Database) -> None:
    await sign_in(client, STAFF, PASSWORD, secret=TOTP_SECRET)
    async with transaction(own_database, SYSTEM) as session:
        newest = sa.select(LoginSession.amr).order_by(LoginSession.created_at.desc()).limit(1)
        assert await session.scalar(newest) == ["pwd", "otp", "mfa"]


async def test_a_code_works_once(client: httpx.AsyncClient, house: Served) -> None:
    code = present()
    await first_step(client, STAFF)
    assert (await sent(client, code)).status_code == 303
    async with house.client() as other:
        await first_step(other, STAFF)
        again = await sent(other, code)
    assert again.status_code == 422
    assert "验证码不正确，或已经用过。" in again.text
    assert complaints(again.text) == []


@pytest.mark.parametrize("code", ["", "abcdef", "12345", "\x00", "四五六七八九", "x" * 5000])
async def test_wrong_codes_are_refused_and_not_sent_back(client: httpx.AsyncClient, code: str) -> None:
    await first_step(client, STAFF)
    response = await sent(client, code)
    assert response.status_code == 422
    assert not code or f'value="{code}"' not in response.text
    assert await who(client) is None


async def test_who_must_have_a_factor_sets_one_up_before_anything_else(client: httpx.AsyncClient) -> None:
    for account in (NEW, CLEARED):
        client.cookies.clear()
        await first_step(client, account)
        page = (await client.get(STEP)).text
        assert complaints(page) == []
        assert "shown-code" not in page, "only a demonstration tells"
        found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
        assert found is not None
        secret = found[1].replace(" ", "")
        assert (await client.get(STEP)).text.count(found[1]) == 1, "a reload shows the same"
        assert (await sent(client, "000000", "enrolment")).status_code == 422
        done = await sent(client, present(secret), "enrolment")
        assert done.status_code == 200
        assert complaints(done.text) == []
        assert done.headers["cache-control"] == "no-store"
        codes = re.findall(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", done.text)
        assert len(codes) == 10
        assert await who(client) == account
    client.cookies.clear()
    await first_step(client, CLEARED)
    assert (await sent(client, codes[3])).status_code == 303
    assert await who(client) == CLEARED
    client.cookies.clear()
    await first_step(client, CLEARED)
    assert (await sent(client, codes[3])).status_code == 422, "a recovery code works once"


async def test_whoever_knows_the_password_too_sets_up_nothing_beside_the_owner(
    client: httpx.AsyncClient, house: Served, own_database: Database
) -> None:
    late = "late@example.com"
    owner = person(late)
    await store(own_database, owner)
    async with house.client() as thief:
        await first_step(thief, late)
        theirs = await thief.get(STEP)
        hidden = form(theirs.text, "enrolment")
        await first_step(client, late)
        mine = (await client.get(STEP)).text
        secrets = [re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0] for page in (theirs.text, mine)]
        assert secrets[0] != secrets[1]
        assert (await sent(client, present(secrets[1].replace(" ", "")), "enrolment")).status_code == 200
        refused = await thief.post(STEP, data={**hidden, "code": present(secrets[0].replace(" ", ""))})
        assert refused.status_code == 422
        assert await who(thief) is None
    async with transaction(own_database, SYSTEM) as session:
        codes = sa.select(sa.func.count()).where(RecoveryCode.person_id == owner.id)
        assert await session.scalar(codes) == 10


async def test_who_need_not_is_asked_once_they_have_a_factor(client: httpx.AsyncClient) -> None:
    assert (await first_step(client, BUYER)).headers["location"] == "/enterprise"
    client.cookies.clear()
    assert (await first_step(client, CAREFUL)).headers["location"] == STEP


async def test_codes_are_counted_with_passwords(client: httpx.AsyncClient, house: Served) -> None:
    await first_step(client, STAFF)
    for _ in range(house.settings.sign_in_attempts_per_account - 1):
        assert "验证码不正确" in (await sent(client, "000000")).text
    limited = await sent(client, present())
    assert limited.status_code == 422
    assert "过于频繁" in limited.text
    assert await who(client) is None
    async with house.client() as other:
        assert (await first_step(other, STAFF)).status_code == 422, "a password again would begin the count anew"


async def test_the_second_step_alone_leads_to_the_first(client: httpx.AsyncClient) -> None:
    assert (await client.get(STEP)).headers["location"] == "/sign-in"
    hidden = form((await client.get("/sign-in")).text, "sign-in")
    assert (await client.post(STEP, data={**hidden, "code": "123456"})).headers["location"] == "/sign-in"
    assert (await client.post(STEP, data={"code": "123456"})).status_code == 403


async def test_without_an_upstream_provider_there_is_no_such_page(client: httpx.AsyncClient) -> None:
    assert "/sign-in/upstream" not in (await client.get("/sign-in")).text
    for path in ("/sign-in/upstream", "/sign-in/upstream/callback"):
        assert (await client.get(path)).status_code == 404
