"""Passkeys through HTTP: a device registers, signs in, and is refused for whatever it should not have signed."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from domain.identity.tables import LoginSession, Passkey, PasskeyChallenge, Person, SignInAttempt
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from segments.audiences import ENTERPRISE
from segments.classification import Classification
from tests.people import PASSWORD, SYSTEM, TOTP_SECRET, authenticator, person, store
from tests.portal.device import PRESENT, SYNCABLE, VERIFIED, Device
from tests.portal.pages.html_checks import complaints, form
from tests.portal.pages.portals import text_of
from tests.portal.served import Served, served
from tests.portal.signing_in import sign_in

STAFF, NEW, BUYER = "li.wei@example.com", "new@example.com", "buyer@example.com"
WHO = {"query": "{ viewer { email } }"}


@dataclass(frozen=True)
class House:
    """A running application in which a member of staff has a passkey."""

    served: Served
    database: Database
    staff: Person
    device: Device


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> AsyncIterator[House]:
    staff, buyer = person(STAFF), person(BUYER, ENTERPRISE, clearance=Classification.PUBLIC)
    await store(own_database, staff, buyer, authenticator(staff, settings))
    own = settings.model_copy(update={"database_name": own_database.addresses.owner.database})
    async with served(own) as running:
        yield House(running, own_database, staff, Device("localhost", settings.base_url))


@pytest.fixture(scope="module")
async def registered(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The browser in which the passkey was registered, signed in."""
    async with house.served.client() as client:
        await sign_in(client, STAFF, PASSWORD, secret=TOTP_SECRET)
        answer = await register(client, house.device, name="办公电脑")
        assert answer.status_code == 200, text_of(answer.text)
        assert len(re.findall(r"<code>[A-Z2-7-]{19}</code>", answer.text)) == 10
        yield client


@pytest.fixture
async def stranger(house: House, registered: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Another browser, in which nobody is signed in."""
    assert registered
    async with transaction(house.database, SYSTEM) as session:
        await session.execute(sa.delete(SignInAttempt))
    async with house.served.client() as client:
        yield client


async def register(client: httpx.AsyncClient, device: Device, name: str = "") -> httpx.Response:
    hidden = form((await client.get("/security")).text, "passkey")
    options = await client.post("/security/passkey-options", data=hidden)
    credential = device.create(options.json())
    return await client.post("/security", data={**hidden, "credential": credential, "name": name})


async def asked(client: httpx.AsyncClient) -> tuple[dict[str, str], dict[str, Any]]:
    """The hidden fields of the sign-in form, and what a device is asked to sign."""
    hidden = form((await client.get("/sign-in")).text, "passkey")
    answer = await client.post("/sign-in/passkey-options", data=hidden)
    assert answer.headers["cache-control"] == "no-store"
    return hidden, answer.json()


async def enter(client: httpx.AsyncClient, device: Device, query: str = "") -> httpx.Response:
    hidden, options = await asked(client)
    return await client.post(f"/sign-in/passkey{query}", data={**hidden, "credential": device.get(options)})


async def who(client: httpx.AsyncClient) -> str | None:
    viewer = (await client.post("/graphql", json=WHO)).json()["data"]["viewer"]
    return viewer and viewer["email"]


async def test_a_passkey_signs_in_without_password_and_code(stranger: httpx.AsyncClient, house: House) -> None:
    response = await enter(stranger, house.device, "?next=%2Fstaff%2Fcustomers")
    assert (response.status_code, response.headers["location"]) == (303, "/staff/customers")
    assert await who(stranger) == STAFF
    async with transaction(house.database, SYSTEM) as session:
        newest = sa.select(LoginSession.amr).order_by(LoginSession.created_at.desc()).limit(1)
        assert await session.scalar(newest) == ["hwk", "user", "mfa"]
        assert await session.scalar(sa.select(Passkey.last_used_at)) is not None


async def test_options_name_no_key_and_demand_verification(stranger: httpx.AsyncClient) -> None:
    _, options = await asked(stranger)
    assert options["allowCredentials"] == []
    assert (options["userVerification"], options["rpId"]) == ("required", "localhost")


async def test_a_challenge_is_answered_once(stranger: httpx.AsyncClient, house: House) -> None:
    hidden, options = await asked(stranger)
    sent = {**hidden, "credential": house.device.get(options)}
    assert (await stranger.post("/sign-in/passkey", data=sent)).status_code == 303
    stranger.cookies.delete("quadrant")
    hidden = form((await stranger.get("/sign-in")).text, "passkey")
    assert (await stranger.post("/sign-in/passkey", data={**sent, **hidden})).status_code == 422
    # A wrong answer spends it too.
    hidden, options = await asked(stranger)
    wrong = replace(house.device, flags=PRESENT).get(options)
    assert (await stranger.post("/sign-in/passkey", data={**hidden, "credential": wrong})).status_code == 422
    right = house.device.get(options)
    assert (await stranger.post("/sign-in/passkey", data={**hidden, "credential": right})).status_code == 422
    assert await who(stranger) is None


async def test_a_challenge_of_another_purpose_or_of_nobody_is_refused(
    stranger: httpx.AsyncClient, registered: httpx.AsyncClient, house: House
) -> None:
    hidden, _ = await asked(stranger)
    theirs = form((await registered.get("/security")).text, "passkey")
    to_register = (await registered.post("/security/passkey-options", data=theirs)).json()
    for options in (to_register, {"challenge": "A" * 43}):
        sent = {**hidden, "credential": house.device.get(options)}
        assert (await stranger.post("/sign-in/passkey", data=sent)).status_code == 422


async def test_a_late_answer_is_refused(stranger: httpx.AsyncClient, house: House) -> None:
    hidden, options = await asked(stranger)
    async with transaction(house.database, SYSTEM) as session:
        past = PasskeyChallenge.expires_at - sa.literal("6 minutes").cast(sa.Interval())
        await session.execute(sa.update(PasskeyChallenge).values(expires_at=past))
    sent = {**hidden, "credential": house.device.get(options)}
    assert (await stranger.post("/sign-in/passkey", data=sent)).status_code == 422


@pytest.mark.parametrize(
    "changed",
    [
        lambda device: replace(device, flags=PRESENT),
        lambda device: replace(device, flags=VERIFIED),
        lambda device: replace(device, origin="https://attacker.example"),
        lambda device: replace(device, host="attacker.example"),
        lambda device: replace(device, credential=b"x" * 32),
        lambda device: replace(device, owner=b"x" * 16),
        lambda device: replace(device, key=Device("", "").key),
        lambda device: replace(device, signatures=-1),
    ],
    ids=["unverified", "absent", "origin", "site", "credential", "owner", "key", "cloned"],
)
async def test_what_should_not_have_been_signed_is_refused(
    stranger: httpx.AsyncClient, house: House, changed: Callable[[Device], Device]
) -> None:
    await enter(stranger, house.device)
    stranger.cookies.delete("quadrant")
    response = await enter(stranger, changed(house.device))
    assert response.status_code == 422
    assert "设备没有通过验证" in response.text
    assert complaints(response.text) == []
    assert await who(stranger) is None


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"response": 1}',
        '{"rawId": 1, "response": {"clientDataJSON": "e30"}}',
        "[" * 5_000,
        '{"a": ' * 2_000,
        "9" * 5_000,
        "\x00",
        "\ud800",
    ],
)
async def test_whatever_is_no_answer_is_refused(stranger: httpx.AsyncClient, credential: str) -> None:
    hidden, _ = await asked(stranger)
    content = httpx.QueryParams({**hidden, "credential": credential.encode("utf-8", "replace").decode()})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = await stranger.post("/sign-in/passkey", content=str(content), headers=headers)
    assert response.status_code == 422


@pytest.mark.parametrize("broken", ["clientDataJSON", "authenticatorData", "signature"])
async def test_broken_answers_to_a_true_challenge_are_refused(
    stranger: httpx.AsyncClient, house: House, broken: str
) -> None:
    for value in ("", "AAAA", "!", 1, None, {"a": 1}):
        hidden, options = await asked(stranger)
        answer = json.loads(house.device.get(options))
        if broken != "clientDataJSON" or value == "":
            answer["response"][broken] = value
        else:
            answer["id"] = value
        response = await stranger.post("/sign-in/passkey", data={**hidden, "credential": json.dumps(answer)})
        assert response.status_code == 422


async def test_our_own_pages_alone_get_a_challenge(stranger: httpx.AsyncClient) -> None:
    await stranger.get("/sign-in")
    for path in ("/sign-in/passkey-options", "/security/passkey-options", "/sign-in/passkey"):
        assert (await stranger.post(path, data={"form-token": "x"})).status_code == 403
        assert (await stranger.get(path)).status_code == 405
    hidden = form((await stranger.get("/sign-in")).text, "passkey")
    assert (await stranger.post("/security/passkey-options", data=hidden)).status_code == 403


async def test_who_left_does_not_sign_in(stranger: httpx.AsyncClient, house: House) -> None:
    async with transaction(house.database, SYSTEM) as session:
        await session.execute(sa.update(Person).where(Person.email == STAFF).values(active=False))
    try:
        assert (await enter(stranger, house.device)).status_code == 422
    finally:
        async with transaction(house.database, SYSTEM) as session:
            await session.execute(sa.update(Person).where(Person.email == STAFF).values(active=True))


async def test_a_device_that_a_vendor_copies_says_so(stranger: httpx.AsyncClient, house: House) -> None:
    await sign_in(stranger, BUYER, PASSWORD)
    device = Device("localhost", house.device.origin, flags=PRESENT | VERIFIED | SYNCABLE)
    assert (await register(stranger, device)).status_code == 200
    assert (await register(stranger, device)).status_code == 422, "it is registered already"
    assert (await register(stranger, replace(device, credential=b"y" * 32, flags=PRESENT))).status_code == 422
    stranger.cookies.delete("quadrant")
    assert (await sign_in(stranger, BUYER, PASSWORD)).status_code == 422, "whoever has a factor needs it"
    assert (await enter(stranger, device)).status_code == 303
    page = (await stranger.get("/security")).text
    assert "未命名" in page
    async with transaction(house.database, SYSTEM) as session:
        newest = sa.select(LoginSession.amr).order_by(LoginSession.created_at.desc()).limit(1)
        assert await session.scalar(newest) == ["swk", "user", "mfa"]
    removed = {**form(page, "passkey-remove"), "id": re.findall(r'name="id" value="([^"]+)"', page)[0]}
    assert (await stranger.post("/security", data=removed)).status_code == 303
    assert "共 0 个" in text_of((await stranger.get("/security")).text)


async def test_a_key_may_be_the_first_factor_of_who_must_have_one(stranger: httpx.AsyncClient, house: House) -> None:
    """Where telephones stay outside, nobody has an authenticator."""
    await store(house.database, person(NEW))
    path = "/sign-in/second-step/passkey-options"
    before = form((await stranger.get("/sign-in")).text, "passkey")
    assert (await stranger.post(path, data=before)).status_code == 403, "nobody waits"
    await first_step(stranger)
    hidden = form((await stranger.get("/sign-in/second-step")).text, "passkey-enrolment")
    device = Device("localhost", house.device.origin)
    wrong = replace(device, flags=PRESENT).create((await stranger.post(path, data=hidden)).json())
    refused = await stranger.post("/sign-in/second-step", data={**hidden, "credential": wrong})
    assert refused.status_code == 422
    assert "设备没有通过验证" in refused.text
    assert await who(stranger) is None
    made = device.create((await stranger.post(path, data=hidden)).json())
    done = await stranger.post("/sign-in/second-step", data={**hidden, "credential": made})
    assert len(re.findall(r"<code>[A-Z2-7-]{19}</code>", done.text)) == 10
    assert await who(stranger) == NEW
    stranger.cookies.delete("quadrant")
    assert (await enter(stranger, device)).status_code == 303
    # Who has a factor adds none without proving one.
    stranger.cookies.delete("quadrant")
    hidden = await first_step(stranger)
    assert (await stranger.post(path, data=hidden)).status_code == 403
    thief = Device("localhost", house.device.origin).create({"user": {"id": "AAAA"}, "challenge": "A" * 43})
    sent = {**hidden, "form-action": "passkey-enrolment", "credential": thief}
    assert (await stranger.post("/sign-in/second-step", data=sent)).status_code != 200
    assert await who(stranger) is None


async def first_step(client: httpx.AsyncClient) -> dict[str, str]:
    """The right password; the hidden fields of a form of ours."""
    hidden = form((await client.get("/sign-in")).text, "sign-in")
    await client.post("/sign-in", data={**hidden, "account": NEW, "password": PASSWORD})
    return hidden


async def test_nobody_removes_the_passkey_of_somebody_else(
    stranger: httpx.AsyncClient, registered: httpx.AsyncClient, house: House
) -> None:
    found = re.findall(r'name="id" value="([^"]+)"', (await registered.get("/security")).text)[0]
    await sign_in(stranger, BUYER, PASSWORD)
    hidden = {**form((await stranger.get("/security")).text, "password"), "form-action": "passkey-remove", "id": found}
    await stranger.post("/security", data=hidden)
    assert "办公电脑" in (await registered.get("/security")).text
    stranger.cookies.delete("quadrant")
    assert (await enter(stranger, house.device)).status_code == 303
