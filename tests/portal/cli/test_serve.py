"""`quadrant serve`: one or several processes that answer, and end when they are told to."""

from __future__ import annotations

import signal

import httpx
import pytest

from foundation.database import Database
from foundation.settings import Settings
from segments.audiences import STAFF
from tests.people import person, store
from tests.portal.cli.program import run, serving

EMAIL = "li.wei@example.com"


@pytest.fixture(scope="module", autouse=True)
async def people(own_database: Database) -> None:
    await store(own_database, person(EMAIL, STAFF))


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "number"), [("1", signal.SIGINT), ("2", signal.SIGTERM)])
def test_a_server_answers_and_ends_when_told_to(own_settings: Settings, workers: str, number: signal.Signals) -> None:
    token = run(own_settings, "token", "--person", EMAIL).out.strip()
    with serving(own_settings, "serve", "--workers", workers) as server:
        assert httpx.get(f"{server.address}/healthz").text == "ok\n"
        for _ in range(4):
            answer = httpx.post(
                f"{server.address}/graphql",
                json={"query": "{ viewer { email } }"},
                headers={"authorization": f"Bearer {token}"},
            )
            assert answer.json() == {"data": {"viewer": {"email": EMAIL}}}
        assert "server" not in answer.headers
        assert server.stop(number) == 0
        said = server.said
    assert "Traceback" not in said
    assert "POST /graphql 200" in said
    assert token not in said


def test_a_database_that_is_not_migrated_is_refused_at_once(own_settings: Settings) -> None:
    ran = run(own_settings, "serve", QUADRANT_DATABASE_NAME="postgres")
    assert ran.code == 1
    assert "Traceback" not in ran.said
