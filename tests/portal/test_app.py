"""The application as a whole: probes, references, headers, faults that tell nothing, signing in from page to page."""

from __future__ import annotations

import difflib
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import sqlalchemy as sa
from starlette.requests import Request
from starlette.routing import Route

from domain.identity.tables import Authenticator, SignInAttempt
from foundation.database import Database
from foundation.logs import configure_logs
from foundation.migrations import head, owner_connection
from foundation.session import transaction
from foundation.settings import Settings
from portal.probes import NotMigratedError
from segments.audiences import ENTERPRISE, STAFF
from tests.people import PASSWORD, SYSTEM, TOTP_SECRET, authenticator, organisation, person, store, token_of
from tests.portal import signing_in
from tests.portal.served import Served, served

STAFF_EMAIL, BUYER_EMAIL = "li.wei@example.com", "wang.fang@example.com"
SECRET_TEXT = "secret row contents"


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> AsyncIterator[Served]:
    firm = organisation("某航测有限公司")
    buyer = person(BUYER_EMAIL, ENTERPRISE, name="王芳", customer_id=firm.id)
    clerk = person(STAFF_EMAIL, STAFF, roles=("account_manager",))
    await store(own_database, firm, clerk, buyer, authenticator(clerk, settings))
    async with served(settings.model_copy(update={"database_name": own_database.addresses.owner.database})) as running:
        running.app.router.routes.append(Route("/faulty", faulty))
        yield running


@pytest.fixture
async def client(house: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as opened:
        yield opened


@pytest.fixture(autouse=True)
async def no_attempts(own_database: Database, house: Served) -> None:
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.delete(SignInAttempt))
        await session.execute(sa.update(Authenticator).values(last_step=None))


async def faulty(_: Request) -> None:
    raise RuntimeError(SECRET_TEXT)


def form_token(page: httpx.Response) -> str:
    found = re.search(r'name="form-token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def sign_in(
    client: httpx.AsyncClient, email: str, password: str = PASSWORD, next_address: str = ""
) -> httpx.Response:
    query = f"?next={next_address}" if next_address else ""
    return await signing_in.sign_in(client, email, password, query=query, secret=TOTP_SECRET)


# ---- probes, references, headers


async def test_healthz_says_that_the_process_lives(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_readyz_asks_the_database_and_its_revision(client: httpx.AsyncClient, house: Served) -> None:
    assert (await client.get("/readyz")).json() == {"database": True, "migrations": True}
    await set_revision(house.settings, "earlier")
    try:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"database": True, "migrations": False})
        with pytest.raises(NotMigratedError, match="quadrant migrate"):
            async with served(house.settings):
                pass
    finally:
        await set_revision(house.settings, str(head()))
    assert (await client.get("/readyz")).status_code == 200


async def set_revision(settings: Settings, revision: str) -> None:
    async with owner_connection(settings) as owner:
        await owner.execute(sa.text("update alembic_version set version_num = :revision"), {"revision": revision})
        await owner.commit()


async def test_without_a_database_the_process_lives_and_is_not_ready(house: Served) -> None:
    async with served(house.settings) as running, running.client() as client:
        database = running.app.state.assembly.database
        await database.engine.dispose()
        nowhere = database.addresses.application.set(query={"host": "/nowhere", "port": "5432"})
        database.addresses = replace(database.addresses, application=nowhere)
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"database": False, "migrations": False})


async def test_every_answer_has_a_reference_of_its_own(client: httpx.AsyncClient) -> None:
    references = {
        (await client.get(path)).headers["x-request-id"] for path in ("/healthz", "/nowhere", "/sign-in", "/graphql")
    }
    assert len(references) == 4


@pytest.mark.parametrize("given", ["abc-123", "a" * 64, "3f2504e0.4f89_41d3"])
async def test_a_sane_reference_is_taken_over(client: httpx.AsyncClient, given: str) -> None:
    assert (await client.get("/healthz", headers={"x-request-id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "<script>", "a\tb", "编号".encode(), b"a\xff"])
async def test_any_other_reference_is_replaced(client: httpx.AsyncClient, given: str | bytes) -> None:
    answer = await client.get("/healthz", headers={"x-request-id": given})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/sign-in", "/graphql?query={__typename}", "/faulty"])
async def test_every_answer_has_the_headers_that_protect(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers.get_list("x-content-type-options") == ["nosniff"], "once, whoever sets it"
    if not path.startswith("/graphql"):
        assert headers.get_list("cross-origin-resource-policy") == ["same-origin"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


async def test_over_https_browsers_are_told_to_stay_there(house: Served) -> None:
    public = house.settings.model_copy(update={"public_url": "https://crm.example"})
    async with served(public) as running, running.client() as client:
        assert "max-age" in (await client.get("/healthz")).headers["strict-transport-security"]
        assert (await client.get("/sign-in")).headers["set-cookie"].startswith("__Host-quadrant-form=")


# ---- faults


async def test_a_fault_shows_its_reference_and_nothing_else(house: Served) -> None:
    log = io.StringIO()
    configure_logs(house.settings.model_copy(update={"log_format": "json"}), log)
    async with house.client() as client:
        answer = await client.get("/faulty", headers={"x-request-id": "reference-of-a-test"})
    assert answer.status_code == 500
    assert "reference-of-a-test" in answer.text
    assert SECRET_TEXT not in answer.text
    assert "RuntimeError" not in answer.text
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["request failed"]
    assert events[0]["reference"] == "reference-of-a-test"
    assert "faulty" in events[0]["exception"]


async def test_a_wrong_address_and_a_wrong_method_are_answered_as_such(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere")).status_code == 404
    assert (await client.post("/healthz")).status_code == 405
    assert (await client.delete("/sign-in")).status_code == 405


# ---- signing in


async def test_somebody_signs_in_and_out(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, STAFF_EMAIL)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff")
    assert "quadrant" in client.cookies
    page = await client.get("/nowhere")
    assert "李伟" in page.text
    answer = await client.post("/sign-out", data={"form-token": form_token(page)})
    assert answer.status_code == 303
    assert "quadrant" not in client.cookies
    assert "李伟" not in (await client.get("/nowhere")).text


async def test_each_audience_goes_to_its_own_portal(client: httpx.AsyncClient) -> None:
    assert (await sign_in(client, BUYER_EMAIL)).headers["location"] == "/enterprise"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://attacker.example/",
        "//attacker.example",
        "/%5Cattacker.example",
        "%5C%5Cattacker.example",
        "javascript:alert(1)",
        "/staff%0d%0aSet-Cookie:x=y",
        "%09//attacker.example",
        "/enterprise",
    ],
)
async def test_signing_in_leads_nowhere_else(client: httpx.AsyncClient, elsewhere: str) -> None:
    answer = await sign_in(client, STAFF_EMAIL, next_address=elsewhere)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff")


async def test_signing_in_leads_back_to_the_program_that_asked_for_it(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, STAFF_EMAIL, next_address="/oauth/authorize%3Fclient_id=x")
    assert answer.headers["location"] == "/oauth/authorize?client_id=x"


async def test_every_failure_reads_the_same(house: Served) -> None:
    texts: set[str] = set()
    for email, password in (
        (STAFF_EMAIL, "abcd1234"),
        ("nobody@example.com", "abcd1234"),
        ("nobody@example.com", PASSWORD),
    ):
        async with house.client() as client:
            answer = await sign_in(client, email, password)
            assert answer.status_code == 422
            assert "quadrant" not in client.cookies
            assert password not in answer.text
            # The token of the form and the page's clock differ from page to page.
            page = re.sub(r'(name="form-token" value=|data-now=)"[^"]+"', r"\1", answer.text)
            texts.add(page.replace(email, "EMAIL"))
    first, *others = texts
    assert others == [], "\n".join(difflib.unified_diff(first.splitlines(), others[0].splitlines()))


async def test_failures_are_told_in_the_language_of_the_page(client: httpx.AsyncClient) -> None:
    assert "账号或密码不正确。" in (await sign_in(client, STAFF_EMAIL, "wrong")).text
    await client.get("/sign-in?language=en")
    assert "The account or the password is not right." in (await sign_in(client, STAFF_EMAIL, "wrong")).text


async def test_too_many_attempts_are_refused_with_the_right_password_too(house: Served) -> None:
    async with house.client() as client:
        for _ in range(house.settings.sign_in_attempts_per_account):
            await sign_in(client, STAFF_EMAIL, "wrong")
        answer = await sign_in(client, STAFF_EMAIL)
    assert answer.status_code == 422
    assert "登录尝试过于频繁" in answer.text


async def test_a_sign_in_from_another_site_is_refused(client: httpx.AsyncClient, house: Served) -> None:
    token = form_token(await client.get("/sign-in"))
    fields = {"form-token": token, "account": STAFF_EMAIL, "password": PASSWORD}
    async with house.client() as other:
        assert (await other.post("/sign-in", data=fields)).status_code == 403, "without the cookie of the form"
    forged = await client.post("/sign-in", data=fields, headers={"origin": "https://attacker.example"})
    assert forged.status_code == 403
    assert (await client.post("/sign-in", data={**fields, "form-token": ""})).status_code == 403
    assert "quadrant" not in client.cookies


async def test_the_session_from_before_the_sign_in_is_worth_nothing(house: Served) -> None:
    planted = "p" * 43
    async with house.client() as client:
        client.cookies.set("quadrant", planted, domain="localhost.local")
        await sign_in(client, STAFF_EMAIL)
        assert client.cookies.get("quadrant", domain="localhost.local") != planted
    async with house.client() as attacker:
        attacker.cookies.set("quadrant", planted, domain="localhost.local")
        assert "李伟" not in (await attacker.get("/nowhere")).text


# ---- asking by GraphQL


async def test_tokens_and_sessions_ask_in_their_own_view(
    client: httpx.AsyncClient, own_database: Database, house: Served
) -> None:
    query = {"query": "{ viewer { email } }"}
    assert (await client.post("/graphql", json=query)).json() == {"data": {"viewer": None}}
    await sign_in(client, STAFF_EMAIL)
    assert (await client.post("/graphql", json=query)).json() == {"data": {"viewer": {"email": STAFF_EMAIL}}}
    buyer = person("buyer@example.com", ENTERPRISE)
    await store(own_database, buyer)
    bearer = {"authorization": f"Bearer {await token_of(own_database, house.settings, buyer)}"}
    answer = await client.post("/graphql", json=query, headers=bearer)
    assert answer.json() == {"data": {"viewer": {"email": "buyer@example.com"}}}


async def test_an_invalid_token_is_challenged(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers={"authorization": "Bearer a.b.c"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["errors"][0]["extensions"] == {"code": "TOKEN_INVALID"}


async def test_pages_do_not_look_at_tokens(client: httpx.AsyncClient, own_database: Database, house: Served) -> None:
    someone = person("program@example.com", STAFF, name="程序员")
    await store(own_database, someone)
    bearer = {"authorization": f"Bearer {await token_of(own_database, house.settings, someone)}"}
    assert "程序员" not in (await client.get("/nowhere", headers=bearer)).text


async def test_another_sites_page_cannot_ask_with_the_cookie(client: httpx.AsyncClient) -> None:
    await sign_in(client, STAFF_EMAIL)
    forged = {"origin": "https://attacker.example"}
    answer = await client.post("/graphql", json={"query": "{ viewer { email } }"}, headers=forged)
    assert answer.status_code == 403
    assert "data" not in answer.json()
