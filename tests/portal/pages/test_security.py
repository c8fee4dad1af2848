"""One's own account's security, as a browser sees it: password, authenticator, recovery codes, sessions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa

from domain.identity.authenticators import code_of, step_at
from domain.identity.tables import Authenticator, LoginSession, Person, SignInAttempt
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from portal.pages.browsers import browser_of
from segments.audiences import ENTERPRISE
from segments.classification import Classification
from tests.people import PASSWORD, PASSWORD_HASH, SYSTEM, TOTP_SECRET, authenticator, person, store
from tests.portal.pages.html_checks import complaints, form
from tests.portal.pages.portals import text_of
from tests.portal.served import Served, served
from tests.portal.signing_in import sign_in

STAFF, BUYER = "li.wei@example.com", "buyer@example.com"
NEW_PASSWORD = "另一个 long enough 密码"


@pytest.fixture(scope="module")
async def people(own_database: Database, settings: Settings) -> dict[str, Person]:
    staff = person(STAFF, roles=("account_manager",))
    buyer = person(BUYER, ENTERPRISE, clearance=Classification.PUBLIC)
    await store(own_database, staff, buyer, authenticator(staff, settings))
    return {STAFF: staff, BUYER: buyer}


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings, people: dict[str, Person]) -> AsyncIterator[Served]:
    assert people
    async with served(settings.model_copy(update={"database_name": own_database.addresses.owner.database})) as running:
        yield running


@pytest.fixture(autouse=True)
async def afresh(own_database: Database, people: dict[str, Person]) -> AsyncIterator[None]:
    yield
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.delete(SignInAttempt))
        await session.execute(sa.delete(LoginSession))
        await session.execute(sa.update(Person).values(password_hash=PASSWORD_HASH))
        await session.execute(sa.delete(Authenticator).where(Authenticator.person_id == people[BUYER].id))
        await session.execute(sa.update(Authenticator).values(last_step=None))


@pytest.fixture
async def buyer(house: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as client:
        await sign_in(client, BUYER, PASSWORD)
        yield client


@pytest.fixture
async def staff(house: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as client:
        await sign_in(client, STAFF, PASSWORD, secret=TOTP_SECRET)
        yield client


async def page(client: httpx.AsyncClient, address: str = "/security") -> str:
    response = await client.get(address)
    assert response.status_code == 200
    assert complaints(response.text) == []
    return response.text


async def act(client: httpx.AsyncClient, action: str, status: int = 303, **entered: str) -> str:
    """Send a form of the page: the page that follows, or the one that comes back."""
    response = await client.post("/security", data={**form(await page(client), action), **entered})
    assert response.status_code == status, text_of(response.text)
    if status == 303:
        return await page(client, response.headers["location"])
    assert complaints(response.text) == []
    return response.text


async def age(database: Database, minutes: int) -> None:
    """Let time pass since everybody proved who they are."""
    then = system_clock() - dt.timedelta(minutes=minutes)
    async with transaction(database, SYSTEM) as session:
        await session.execute(sa.update(LoginSession).values(authenticated_at=then))


async def test_everybody_finds_it_in_the_header(buyer: httpx.AsyncClient, staff: httpx.AsyncClient) -> None:
    for client, portal in ((buyer, "大客户俱乐部"), (staff, "客户关系管理")):
        assert 'href="/security"' in (await client.get("/nowhere")).text
        assert portal in await page(client)


async def test_strangers_sign_in_and_come_back(house: Served) -> None:
    async with house.client() as client:
        assert (await client.get("/security")).headers["location"] == "/sign-in?next=%2Fsecurity"
        hidden = form((await client.get("/sign-in")).text, "sign-in")
        assert (await client.post("/security", data=hidden)).headers["location"].startswith("/sign-in")
        response = await sign_in(client, BUYER, PASSWORD, query="?next=%2Fsecurity")
        assert response.headers["location"] == "/security"


async def test_forms_of_others_are_refused(buyer: httpx.AsyncClient) -> None:
    assert (await buyer.post("/security", data={"form-action": "sessions-end"})).status_code == 403
    hidden = form(await page(buyer), "password")
    assert (await buyer.post("/security", data={**hidden, "form-action": "nothing"})).status_code == 400


# ---- the password


async def test_a_new_password_ends_all_other_sessions(buyer: httpx.AsyncClient, house: Served) -> None:
    async with house.client() as elsewhere:
        await sign_in(elsewhere, BUYER, PASSWORD)
        new = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
        assert "密码已更改" in await act(buyer, "password", password=PASSWORD, **new)
        assert (await elsewhere.get("/security")).status_code == 303
        assert (await buyer.get("/security")).status_code == 200
        assert (await sign_in(elsewhere, BUYER, PASSWORD)).status_code == 422
        assert (await sign_in(elsewhere, BUYER, NEW_PASSWORD)).status_code == 303


@pytest.mark.parametrize(
    ("password", "new", "again", "words"),
    [
        ("wrong", NEW_PASSWORD, NEW_PASSWORD, "密码不正确。"),
        ("", NEW_PASSWORD, NEW_PASSWORD, "密码不正确。"),
        (PASSWORD, NEW_PASSWORD, "else", "两次输入的新密码不同。"),
        (PASSWORD, "short", "short", "密码至少 12 个字符。"),
        (PASSWORD, "", "", "密码至少 12 个字符。"),
        (PASSWORD, "x" * 257, "x" * 257, "密码最多 256 个字符。"),
        (PASSWORD, "aaaaaaaaaaaab", "aaaaaaaaaaaab", "太容易猜到"),
        (PASSWORD, "Buyer 2026 Buyer", "Buyer 2026 Buyer", "太容易猜到"),
    ],
)
async def test_a_refused_password_changes_nothing(
    buyer: httpx.AsyncClient, password: str, new: str, again: str, words: str
) -> None:
    entered = {"password": password, "new_password": new, "new_password_again": again}
    answer = await act(buyer, "password", 422, **entered)
    assert words in answer
    assert NEW_PASSWORD not in answer


async def test_guesses_at_the_password_are_counted(buyer: httpx.AsyncClient, house: Served) -> None:
    for _ in range(house.settings.sign_in_attempts_per_account):
        wrong = await act(buyer, "password", 422, password="wrong", new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD)  # fmt: skip
        assert "密码不正确" in wrong
    new = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    assert "过于频繁" in await act(buyer, "password", 422, password=PASSWORD, **new)


# ---- factors


async def test_an_authenticator_is_set_up_by_its_code_and_brings_recovery_codes(
    buyer: httpx.AsyncClient, house: Served
) -> None:
    shown = await act(buyer, "authenticator-begin")
    secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', shown)[0].replace(" ", "")
    assert "验证码不正确" in await act(buyer, "authenticator", 422, code="000000")
    codes = await act(buyer, "authenticator", 200, code=code_of(secret, step_at(system_clock())))
    assert len(re.findall(r"<code>[A-Z2-7-]{19}</code>", codes)) == 10
    assert "剩 10 个" in await page(buyer)
    async with house.client() as client:
        assert (await sign_in(client, BUYER, PASSWORD, secret=TOTP_SECRET)).status_code == 422
        later = code_of(secret, step_at(system_clock()) + 1)
        response = await client.post(
            "/sign-in/second-step", data={**form((await client.get("/sign-in/second-step")).text, "second-step"), "code": later}
        )  # fmt: skip
        assert response.status_code == 303
    assert "验证器已停用" in await act(buyer, "authenticator-remove")
    assert "恢复码" not in text_of(await page(buyer)), "they stand in for a factor, and there is none"


async def test_a_first_factor_ends_the_sessions_that_proved_none(buyer: httpx.AsyncClient, house: Served) -> None:
    async with house.client() as elsewhere:
        await sign_in(elsewhere, BUYER, PASSWORD)
        shown = await act(buyer, "authenticator-begin")
        secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', shown)[0].replace(" ", "")
        # There the password alone would take the authenticator away again.
        hidden = form(await page(elsewhere), "password")
        await act(buyer, "authenticator", 200, code=code_of(secret, step_at(system_clock())))
        answer = await elsewhere.post("/security", data={**hidden, "form-action": "authenticator-remove"})
        assert answer.headers["location"].startswith("/sign-in")
    assert "剩 10 个" in await page(buyer)


async def test_who_must_have_a_factor_keeps_the_last(staff: httpx.AsyncClient, own_database: Database) -> None:
    assert "请先添加另一个" in await act(staff, "authenticator-remove", 422)
    async with transaction(own_database, SYSTEM) as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Authenticator)) == 1


async def test_recovery_codes_are_renewed_by_who_has_a_factor(
    staff: httpx.AsyncClient, buyer: httpx.AsyncClient
) -> None:
    first, second = [re.findall(r"<code>(.*?)</code>", await act(staff, "codes", 200)) for _ in range(2)]
    assert not set(first) & set(second)
    hidden = {**form(await page(buyer), "password"), "form-action": "codes"}
    assert (await buyer.post("/security", data=hidden)).status_code == 422


async def test_after_some_minutes_the_password_is_asked_for_once_more(
    staff: httpx.AsyncClient, own_database: Database
) -> None:
    hidden = form(await page(staff), "codes")
    await age(own_database, 16)
    refused = await staff.post("/security", data=hidden)
    assert refused.status_code == 422
    assert "请先再次输入密码" in refused.text
    assert "换一批恢复码" not in await page(staff)
    assert "密码不正确" in await act(staff, "prove", 422, password="wrong")
    await act(staff, "prove", password=PASSWORD)
    assert "换一批恢复码" in await page(staff)


# ---- sessions


async def test_sessions_are_listed_and_ended(buyer: httpx.AsyncClient, house: Served) -> None:
    async with house.client() as first, house.client() as second:
        for client, agent in ((first, "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"), (second, "curl/8")):
            client.headers["user-agent"] = agent
            await sign_in(client, BUYER, PASSWORD)
        listed = text_of(await page(buyer))
        assert "共 3 处" in listed
        assert "Firefox · Windows" in listed
        await act(buyer, "sessions-end")
        assert (await first.get("/security")).status_code == 303
        assert "共 1 处" in text_of(await page(buyer))
        await sign_in(second, BUYER, PASSWORD)
        await act(buyer, "session-end", id=re.findall(r'name="id" value="([^"]+)"', await page(buyer))[0])
        assert (await second.get("/security")).status_code == 303
        assert (await buyer.get("/security")).status_code == 200


async def test_nobody_ends_the_session_of_somebody_else(
    buyer: httpx.AsyncClient, staff: httpx.AsyncClient, own_database: Database, people: dict[str, Person]
) -> None:
    async with transaction(own_database, SYSTEM) as session:
        theirs = sa.select(LoginSession.id).where(
            LoginSession.person_id == people[STAFF].id, LoginSession.ended_at.is_(None)
        )
        found = (await session.execute(theirs)).scalars().all()
    hidden = {**form(await page(buyer), "password"), "form-action": "session-end"}
    for each in found:
        assert (await buyer.post("/security", data={**hidden, "id": str(each)})).status_code == 303
    assert (await buyer.post("/security", data={**hidden, "id": "x"})).status_code == 422
    assert (await staff.get("/security")).status_code == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari · iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_browsers_are_told_apart(agent: str, words: str) -> None:
    assert browser_of(agent) == words
