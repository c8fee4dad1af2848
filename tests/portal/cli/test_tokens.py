"""`quadrant token` and `quadrant keys`: tokens that the server takes, refusals in one line, keys that come and go."""

from __future__ import annotations

import json

import httpx
import pytest
import sqlalchemy as sa

from domain.audit.tables import AuditEvent, AuditKind
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from segments.audiences import DIVISION, STAFF
from tests.domain.audit.chains import AUDITOR
from tests.people import person, store
from tests.portal.cli.program import run
from tests.portal.served import served

EMAIL, GONE = "li.wei@example.com", "gone@example.com"


@pytest.fixture(scope="module", autouse=True)
async def people(own_database: Database) -> None:
    await store(
        own_database,
        person(EMAIL, STAFF, roles=("programme_manager",)),
        person(GONE, STAFF, active=False),
        person("sun.li@example.com", DIVISION, roles=("catalogue_editor",)),
    )


async def viewer_email(settings: Settings, *tokens: str) -> list[httpx.Response]:
    """What a server that starts now answers to each token."""
    async with served(settings) as running, running.client() as client:
        return [
            await client.post(
                "/graphql", json={"query": "{ viewer { email } }"}, headers={"authorization": f"Bearer {token}"}
            )
            for token in tokens
        ]


async def test_the_token_stands_alone_and_the_server_takes_it(own_settings: Settings) -> None:
    ran = run(own_settings, "token", "--person", EMAIL, "--scope", "programmes:cost", "--scope", "programmes:write")
    assert (ran.code, ran.said) == (0, "")
    assert ran.out.count("\n") == 1
    # Another port than the server's: an installation without a public address is one and the same on every port.
    answer = (await viewer_email(own_settings.model_copy(update={"port": 9123}), ran.out.strip()))[0]
    assert answer.json() == {"data": {"viewer": {"email": EMAIL}}}


async def test_a_token_of_the_command_leaves_its_entry(own_settings: Settings, own_database: Database) -> None:
    ran = run(own_settings, "token", "--person", EMAIL, "--scope", "programmes:cost")
    async with transaction(own_database, AUDITOR.row_settings()) as session:
        issued = AuditEvent.kind == AuditKind.TOKEN_ISSUED
        last = (await session.scalars(sa.select(AuditEvent).where(issued).order_by(AuditEvent.at.desc()))).first()
    assert last is not None
    assert (last.client_id, last.audience) == ("quadrant-cli", "staff")
    assert json.loads(last.details)["scopes"] == ["programmes:cost"]
    assert ran.out.strip() not in last.details


@pytest.mark.parametrize("email", [" LI.WEI@example.com ", EMAIL])
def test_the_person_is_found_however_the_address_is_typed(own_settings: Settings, email: str) -> None:
    assert run(own_settings, "token", "--person", email).code == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--person", "nobody@example.com"), "nobody signs in as nobody@example.com"),
        (("--person", GONE), "nobody signs in as gone@example.com"),
        (("--person", EMAIL, "--scope", "no:such"), "no:such"),
        (("--person", EMAIL, "--scope", "customers:move"), "You do not hold the scope customers:move"),
        (("--person", EMAIL, "--scope", "catalogue:read"), "You do not hold the scope catalogue:read"),
        (("--person", EMAIL, "--scope", "programmes:cost catalogue:read"), "programmes:cost catalogue:read"),
    ],
    ids=["unknown", "left", "no scope", "role", "audience", "two in one"],
)
def test_a_refusal_prints_no_token(own_settings: Settings, arguments: tuple[str, ...], reason: str) -> None:
    ran = run(own_settings, "token", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert reason in ran.said
    assert "Traceback" not in ran.said


def test_nobody_of_an_audience_that_is_not_served_gets_a_token(own_settings: Settings) -> None:
    ran = run(own_settings, "token", "--person", "sun.li@example.com", QUADRANT_SERVED_VIEWS="consumer,staff")
    assert (ran.code, ran.out) == (1, "")
    assert "does not serve the audience division" in ran.said


async def test_keys_rotate_and_are_revoked(own_settings: Settings) -> None:
    old = run(own_settings, "token", "--person", EMAIL).out.strip()
    assert run(own_settings, "keys", "rotate").code == 0
    new = run(own_settings, "token", "--person", EMAIL).out.strip()
    assert [answer.status_code for answer in await viewer_email(own_settings, old, new)] == [200, 200]
    assert run(own_settings, "keys", "revoke").out == "3\n", "the old one, the new one, the next one"
    assert [answer.status_code for answer in await viewer_email(own_settings, old, new)] == [401, 401]
