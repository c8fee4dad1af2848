"""`quadrant client`: programs come, get secrets and go."""

from __future__ import annotations

import json

import httpx
import pytest

from foundation.database import Database
from foundation.settings import Settings
from segments.audiences import STAFF
from tests.people import person, store
from tests.portal.cli.program import run
from tests.portal.served import served

EMAIL = "li.wei@example.com"


@pytest.fixture(scope="module", autouse=True)
async def people(own_database: Database) -> None:
    await store(own_database, person(EMAIL, STAFF, roles=("programme_manager",)))


async def answered(settings: Settings, client_id: str, *secrets: str) -> list[httpx.Response]:
    """What a server answers to a machine with each of these secrets."""
    async with served(settings) as running, running.client() as client:
        return [
            await client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret))
            for secret in secrets
        ]


async def test_a_machine_from_its_first_secret_to_its_end(own_settings: Settings) -> None:
    added = run(
        own_settings,
        *("client", "add", "machine", "--name", "机器", "--grant", "client_credentials"),
        *("--owner", EMAIL, "--scope", "programmes:cost"),
    )
    assert (added.code, added.said, added.out.count("\n")) == (0, "", 1)
    second = run(own_settings, "client", "secret", "machine")
    assert second.code == 0
    assert run(own_settings, "client", "secret", "machine").code == 1
    answers = await answered(own_settings, "machine", added.out.strip(), second.out.strip())
    assert [answer.json().get("scope") for answer in answers] == ["programmes:cost"] * 2
    assert run(own_settings, "client", "retire", "machine").out.strip() == "1"
    first, still = await answered(own_settings, "machine", added.out.strip(), second.out.strip())
    assert (first.status_code, still.status_code) == (401, 200)
    listed = [json.loads(line) for line in run(own_settings, "client", "list").out.splitlines()]
    assert [(each["client_id"], each["active"]) for each in listed] == [("machine", True)]
    assert listed[0]["last_used_at"]
    assert run(own_settings, "client", "disable", "machine").code == 0
    assert run(own_settings, "client", "disable", "machine").code == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--owner", "nobody@example.com", "--grant", "client_credentials"), "nobody signs in as nobody@example.com"),
        (("--redirect", "http://program.example.com/"), "address cannot be used"),
        (("--grant", "authorization_code"), "redirect address"),
        (("--grant", "client_credentials", "--auth", "none"), "needs a secret"),
        (("--grant", "client_credentials", "--scope", "no:such"), "no:such"),
        (("--grant", "client_credentials", "--scope", "customers:move", "--owner", EMAIL), "customers:move"),
        (("--grant", "password"), "grants cannot be combined"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(own_settings: Settings, arguments: tuple[str, ...], reason: str) -> None:
    ran = run(own_settings, "client", "add", "wrong", "--name", "程序", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert reason in ran.said
