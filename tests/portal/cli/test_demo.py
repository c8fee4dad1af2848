"""`quadrant demo`: from nothing to a running platform, and who signs in there."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from socket import socket

import httpx
import pytest

from foundation.settings import Settings
from portal.demo import partner
from segments.audiences import Audience
from segments.classification import Classification
from segments.scopes import AUDIENCE_ROLES
from tests.portal.cli.program import run, serving, started


def test_the_people_are_json(settings: Settings) -> None:
    ran = run(settings, "demo", "--people")
    assert (ran.code, ran.said) == (0, "")
    people = json.loads(ran.out)
    assert len({person["email"] for person in people}) == len(people) >= 12
    assert {person["audience"] for person in people} == {audience.value for audience in Audience}
    for person in people:
        assert set(person["roles"]) <= AUDIENCE_ROLES[Audience(person["audience"])]
        assert Classification(person["clearance"])
        assert isinstance(person["compartments"], list)
        assert person["password"]
        assert (person["totp_secret"] is not None) is (
            person["audience"] in {"staff", "division"} or Classification(person["clearance"]).rank > 1
        )


def test_people_of_audiences_that_are_not_served_are_left_out(settings: Settings) -> None:
    people = json.loads(run(settings, "demo", "--people", QUADRANT_SERVED_VIEWS="consumer").out)
    assert {person["audience"] for person in people} == {"consumer"}


@pytest.mark.slow
def test_one_command_leads_from_nothing_to_a_running_platform(tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path / "var", database_durable=False)
    people = json.loads(run(settings, "demo", "--people").out)
    with serving(settings, "demo") as first:
        assert httpx.get(f"{first.address}/sign-in").status_code == 200
        token = run(settings, "token", "--person", people[0]["email"]).out.strip()
        answer = httpx.post(
            f"{first.address}/graphql",
            json={"query": "{ viewer { email } products(first: 1) { nodes { name } } }"},
            headers={"authorization": f"Bearer {token}"},
        )
        assert answer.json()["data"]["viewer"] == {"email": people[0]["email"]}
        assert len(answer.json()["data"]["products"]["nodes"]) == 1
        got = httpx.post(
            f"{first.address}/oauth/token",
            auth=(partner.CLIENT_ID, partner.SECRET),
            data={"grant_type": "client_credentials"},
        )
        assert got.json()["scope"] == " ".join(partner.SCOPES)
        assert first.stop() == 0
        said = first.said
    assert partner.curl(first.address) in said
    assert "Traceback" not in said
    for person in people:
        assert person["email"] in said
    assert f"{first.address}/staff" in said
    assert not (tmp_path / "var" / "postgres" / "postmaster.pid").exists(), "the last user stops the server"
    started = time.monotonic()
    with serving(settings, "demo") as second:
        assert time.monotonic() - started < 20
        assert second.stop() == 0


def test_a_port_in_use_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path / "var")
    with socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ran = run(settings, "demo", "--port", str(other.getsockname()[1]))
    assert (ran.code, ran.out) == (1, "")
    assert "PORT=9000 make demo" in ran.said
    assert not settings.data_directory.exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_before_it_serves_it_leaves_no_server(tmp_path: Path, number: signal.Signals) -> None:
    settings = Settings(data_directory=tmp_path / "var", database_durable=False)
    server = settings.data_directory / "postgres" / "postmaster.pid"
    with started(settings, "demo") as running:
        deadline = time.monotonic() + 60
        while not server.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        running.stop(number)
        assert "Traceback" not in running.said
    assert not server.exists()
