"""`quadrant client`: programs come, get secrets and go.

One run is a process of its own; starting more would take seconds each, so the rest calls what the commands call.
"""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from domain.identity.clients import MACHINE_GRANT, Registration
from foundation.database import Database
from foundation.refusals import Refusal
from foundation.settings import Settings
from portal.cli import clients
from portal.cli.reporting import CommandError
from segments.audiences import STAFF
from tests.people import person, store
from tests.portal.cli.program import run
from tests.portal.served import served

EMAIL = "li.wei@example.com"
MACHINE = Registration("机器", grants=(MACHINE_GRANT,), scopes=("programmes:cost",))


@pytest.fixture(scope="module", autouse=True)
async def people(own_database: Database) -> None:
    await store(own_database, person(EMAIL, STAFF, roles=("programme_manager",)))


async def test_the_secret_stands_alone_and_the_server_takes_it(own_settings: Settings) -> None:
    added = run(
        own_settings,
        *("client", "add", "process", "--name", "机器", "--grant", MACHINE_GRANT),
        *("--owner", EMAIL, "--scope", "programmes:cost"),
    )
    assert (added.code, added.said, added.out.count("\n")) == (0, "", 1)
    auth = ("process", added.out.strip())
    async with served(own_settings) as running, running.client() as client:
        answer = await client.post("/oauth/token", data={"grant_type": MACHINE_GRANT}, auth=httpx.BasicAuth(*auth))
    assert answer.json()["scope"] == "programmes:cost"


async def test_a_program_from_its_first_secret_to_its_end(own_settings: Settings) -> None:
    first = await clients._added(own_settings, "machine", MACHINE, EMAIL)
    second = await clients._another_secret(own_settings, "machine")
    assert first not in {None, second}
    with pytest.raises(Refusal, match="CLIENT_SECRETS_TOO_MANY"):
        await clients._another_secret(own_settings, "machine")
    assert await clients._retired(own_settings, "machine") == 1
    listed = {each["client_id"]: each for each in await clients._listed(own_settings)}
    assert (listed["machine"]["active"], listed["machine"]["scopes"]) == (True, ["programmes:cost"])
    await clients._disabled(own_settings, "machine")
    with pytest.raises(CommandError, match="there is no program machine"):
        await clients._disabled(own_settings, "machine")
    with pytest.raises(CommandError, match="already"):
        await clients._added(own_settings, "machine", MACHINE, EMAIL)


async def test_nobody_owns_a_program_that_nobody_signs_in_for(own_settings: Settings) -> None:
    with pytest.raises(CommandError, match="nobody signs in as nobody"):
        await clients._added(own_settings, "other", MACHINE, "nobody@example.com")
    wide = Registration("机器", grants=(MACHINE_GRANT,), scopes=("customers:move",))
    with pytest.raises(Refusal, match="SCOPE_NOT_HELD"):
        await clients._added(own_settings, "other", wide, EMAIL)


async def test_an_invitation_has_bounds(own_settings: Settings) -> None:
    assert len(await clients._invited(own_settings, EMAIL, 1, dt.timedelta(days=7))) == 43
    for uses, days in ((0, 7), (1, 0), (1, 365), (10_000, 7)):
        with pytest.raises(Refusal, match="INVITATION_TOO_WIDE"):
            await clients._invited(own_settings, EMAIL, uses, dt.timedelta(days=days))
