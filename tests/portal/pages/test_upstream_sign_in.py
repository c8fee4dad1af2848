"""Signing in through an OpenID provider that runs beside the test: staff come in, everything untrue stays out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey, OctKey
from pydantic import SecretStr, ValidationError

from domain.identity.tables import LoginSession, Person, SignInAttempt
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from segments.audiences import ENTERPRISE
from tests.people import SYSTEM, TOTP_SECRET, authenticator, person, store
from tests.portal.graphql.live import served as on_a_port
from tests.portal.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.portal.served import Served, served
from tests.portal.signing_in import second_step

STAFF, NEW, BUYER, GONE = (f"{name}@example.com" for name in ("li.wei", "new", "buyer", "gone"))
WHO = {"query": "{ viewer { email } }"}
REFUSED = "/sign-in?refused=upstream"


@dataclass(frozen=True)
class House:
    """A running application and the provider that it believes."""

    served: Served
    provider: Provider
    database: Database


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> AsyncIterator[House]:
    staff = person(STAFF)
    others = (person(NEW), person(BUYER, ENTERPRISE), person(GONE, active=False))
    await store(own_database, staff, *others, authenticator(staff, settings))
    provider = Provider()
    with on_a_port(provider.app()) as address:
        provider.issuer = f"http://{address}"
        own = settings.model_copy(
            update={
                "database_name": own_database.addresses.owner.database,
                "upstream_issuer": provider.issuer,
                "upstream_client_id": CLIENT_ID,
                "upstream_client_secret": SecretStr(CLIENT_SECRET),
            }
        )
        async with served(own) as running:
            yield House(running, provider, own_database)


@pytest.fixture(autouse=True)
def provider(house: House) -> Provider:
    """The provider, honest at the start of each test."""
    honest = Provider(email=STAFF, issuer=house.provider.issuer, key=house.provider.key)
    for each in fields(Provider):
        setattr(house.provider, each.name, getattr(honest, each.name))
    return house.provider


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with transaction(house.database, SYSTEM) as session:
        await session.execute(sa.delete(SignInAttempt))
    async with house.served.client() as opened:
        yield opened


async def at_the_provider(client: httpx.AsyncClient, query: str = "") -> str:
    """Leave, be signed in there: the address to come back to."""
    left = await client.get(f"/sign-in/upstream{query}")
    assert left.status_code == 303
    async with httpx.AsyncClient(verify=False) as there:  # noqa: S501 - it speaks plain http to this machine.
        return (await there.get(left.headers["location"])).headers["location"]


async def there_and_back(client: httpx.AsyncClient, query: str = "") -> httpx.Response:
    return await client.get(await at_the_provider(client, query))


async def who(client: httpx.AsyncClient) -> str | None:
    viewer = (await client.post("/graphql", json=WHO)).json()["data"]["viewer"]
    return viewer and viewer["email"]


def proving(claims: dict[str, Any]) -> None:
    claims["amr"] = ["pwd", "otp", "own-word", 7]


async def newest_amr(database: Database) -> list[str] | None:
    async with transaction(database, SYSTEM) as session:
        return await session.scalar(sa.select(LoginSession.amr).order_by(LoginSession.created_at.desc()).limit(1))


async def test_the_sign_in_page_leads_there(client: httpx.AsyncClient) -> None:
    page = (await client.get("/sign-in?next=%2Fstaff%2Fcustomers")).text
    assert 'href="/sign-in/upstream?next=%2Fstaff%2Fcustomers"' in page


async def test_who_proved_two_factors_there_is_signed_in_here(client: httpx.AsyncClient, house: House) -> None:
    house.provider.wrong = proving
    response = await there_and_back(client, "?next=%2Fstaff%2Fcustomers")
    assert (response.status_code, response.headers["location"]) == (303, "/staff/customers")
    assert await who(client) == STAFF
    assert await newest_amr(house.database) == ["pwd", "otp"]


async def test_who_proved_less_takes_the_second_step_here(client: httpx.AsyncClient, house: House) -> None:
    response = await there_and_back(client, "?next=%2Fstaff%2Fcustomers")
    assert response.headers["location"] == "/sign-in/second-step?next=%2Fstaff%2Fcustomers"
    assert await who(client) is None
    done = await second_step(client, response.headers["location"], TOTP_SECRET)
    assert done.headers["location"] == "/staff/customers"
    assert await who(client) == STAFF
    assert await newest_amr(house.database) == ["otp", "mfa"]


async def test_who_has_no_factor_yet_sets_one_up(client: httpx.AsyncClient, house: House) -> None:
    house.provider.email = NEW
    response = await there_and_back(client)
    assert response.headers["location"] == "/sign-in/second-step"
    assert "验证器密钥的二维码" in (await client.get("/sign-in/second-step")).text


async def test_the_address_may_stand_in_userinfo(client: httpx.AsyncClient, house: House) -> None:
    house.provider.email_in_userinfo = True
    house.provider.email = f" {STAFF.upper()}"
    assert (await there_and_back(client)).headers["location"] == "/sign-in/second-step"
    house.provider.wrong = lambda claims: claims.update(sub="8") if "iss" not in claims else None
    assert (await there_and_back(client)).headers["location"] == REFUSED


@pytest.mark.parametrize("email", [BUYER, GONE, "nobody@example.com", "", "\x00"])
async def test_nobody_but_staff_comes_in_and_nobody_is_created(
    client: httpx.AsyncClient, house: House, email: str
) -> None:
    house.provider.email, house.provider.wrong = email, proving
    assert (await there_and_back(client)).headers["location"] == REFUSED
    assert await who(client) is None
    async with transaction(house.database, SYSTEM) as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Person)) == 4
    assert "没有通过单位统一身份登录" in (await client.get(REFUSED)).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://attacker.example"},
        {"aud": "another"},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"nonce": "planted"},
        {"nonce": None},
        {"exp": 1},
        {"exp": "tomorrow"},
        {"iat": 99999999999},
        {"iat": 1e300},
        {"sub": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
        {"email": [STAFF]},
    ],
    ids=str,
)
async def test_untrue_claims_are_refused(client: httpx.AsyncClient, house: House, wrong: dict[str, Any]) -> None:
    def change(claims: dict[str, Any]) -> None:
        proving(claims)
        claims |= wrong
        for name in [name for name, value in wrong.items() if value is None]:
            del claims[name]

    house.provider.wrong = change
    assert (await there_and_back(client)).headers["location"] == REFUSED
    assert await who(client) is None


@pytest.mark.parametrize(
    ("alg", "key"),
    [("ES256", ECKey.generate_key("P-256")), ("HS256", OctKey.import_key(CLIENT_SECRET)), ("none", None)],
    ids=["another key", "the secret as a key", "unsigned"],
)
async def test_untrue_signatures_are_refused(
    client: httpx.AsyncClient, house: House, alg: str, key: ECKey | OctKey | None
) -> None:
    house.provider.alg, house.provider.signs_with, house.provider.wrong = alg, key, proving
    assert (await there_and_back(client)).headers["location"] == REFUSED


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer.update(state="planted"),
        lambda answer: answer.pop("state"),
        lambda answer: answer.update(iss="https://attacker.example"),
        lambda answer: answer.pop("iss"),
        lambda answer: answer.update(code="code-99"),
        lambda answer: answer.pop("code"),
        lambda answer: [answer.pop("code"), answer.update(error="access_denied")],
    ],
    ids=["state", "no state", "iss", "no iss", "code", "no code", "denied"],
)
async def test_untrue_answers_are_refused(
    client: httpx.AsyncClient, house: House, change: Callable[[dict[str, Any]], None]
) -> None:
    house.provider.answers, house.provider.wrong = change, proving
    assert (await there_and_back(client)).headers["location"] == REFUSED
    assert await who(client) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(issuer="https://attacker.example"),
        lambda said: said.update(authorization_endpoint="http://attacker.example/authorize"),
        lambda said: said.update(authorization_endpoint=None),
        lambda said: said.update(authorization_endpoint="javascript:x"),
    ],
    ids=["issuer", "plain", "none", "script"],
)
async def test_untrue_metadata_lead_nowhere(
    client: httpx.AsyncClient, house: House, change: Callable[[dict[str, Any]], None]
) -> None:
    house.provider.metadata_wrong = change
    assert (await client.get("/sign-in/upstream")).headers["location"] == REFUSED


async def test_an_answer_counts_in_the_browser_that_asked_and_once(client: httpx.AsyncClient, house: House) -> None:
    house.provider.wrong = proving
    back = await at_the_provider(client)
    async with house.served.client() as other:
        assert (await other.get(back)).headers["location"] == REFUSED
        other.cookies.set("quadrant-upstream", "x.y.z", domain="localhost.local")
        assert (await other.get(back)).headers["location"] == REFUSED
    assert (await client.get(back)).headers["location"] == "/staff"
    client.cookies.delete("quadrant")
    assert (await client.get(back)).headers["location"] == REFUSED


async def test_it_leads_only_to_pages_of_ours(client: httpx.AsyncClient, house: House) -> None:
    house.provider.wrong = proving
    for wanted in ("https%3A%2F%2Fattacker.example", "%2F%2Fattacker.example", "%2Fmilitary"):
        client.cookies.delete("quadrant")
        assert (await there_and_back(client, f"?next={wanted}")).headers["location"] == "/staff"


async def test_an_unreachable_provider_is_no_fault(client: httpx.AsyncClient, house: House) -> None:
    upstream = house.served.app.state.assembly.upstream
    upstream.issuer, kept = "http://127.0.0.1:9", upstream.issuer
    try:
        assert (await client.get("/sign-in/upstream")).headers["location"] == REFUSED
    finally:
        upstream.issuer = kept


def test_a_provider_without_a_client_is_no_setting(settings: Settings) -> None:
    with pytest.raises(ValidationError, match="go together"):
        Settings(data_directory=settings.data_directory, upstream_issuer="https://id.example")
