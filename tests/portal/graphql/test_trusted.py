from __future__ import annotations

import hashlib
import json
from pathlib import Path

import httpx
import pytest

from foundation.settings import Settings
from portal.graphql.door import Door
from portal.graphql.routes import open_door
from portal.graphql.trusted import TrustedDocuments, UntrustworthyFileError
from tests.portal.graphql.conftest import REGISTERED
from tests.portal.graphql.small_engine import NamedCallers, SmallEngine

REGISTERED_ANSWER = {"data": {"hello": "Hello, registered!"}}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_extension(text: str) -> dict[str, object]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}}


@pytest.mark.parametrize("text", [REGISTERED, REGISTERED.strip()])
async def test_a_registered_document_by_its_name(client: httpx.AsyncClient, text: str) -> None:
    document_id = f"sha256:{digest(text)}"
    for body in ({"documentId": document_id}, by_extension(text), by_extension(text) | {"documentId": document_id}):
        assert (await client.post("/graphql", json=body)).json() == REGISTERED_ANSWER
    assert (await client.get("/graphql", params={"documentId": document_id})).json() == REGISTERED_ANSWER
    extensions = json.dumps(by_extension(text)["extensions"])
    assert (await client.get("/graphql", params={"extensions": extensions})).json() == REGISTERED_ANSWER


async def test_an_unknown_document_is_refused_so_that_apollo_sends_it_whole(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=by_extension("{ hello }"))
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    response = await client.post("/graphql", json=by_extension("{ hello }") | {"query": "{ hello }"})
    assert response.json() == {"data": {"hello": "Hello, world!"}}
    # It was run, not registered: only files are.
    assert (await client.post("/graphql", json=by_extension("{ hello }"))).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "abc"},
        {"documentId": "md5:" + "0" * 64},
        {"documentId": "sha256:" + "0" * 63},
        {"documentId": "sha256:" + "A" * 64},
        {"documentId": "sha256:" + "0" * 64, "query": "{ hello }"},
        {"documentId": "sha256:" + "0" * 64} | by_extension(REGISTERED),
        {"query": "{ hello }"} | by_extension(REGISTERED),
        {"query": "{ hello }", "extensions": {"persistedQuery": 1}},
        {"query": "{ hello }", "extensions": {"persistedQuery": {}}},
        {"query": "{ hello }", "extensions": {"persistedQuery": {"sha256Hash": ["x"]}}},
    ],
)
async def test_names_that_are_none_or_another_documents(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    response = await client.post("/graphql", json=body)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_only_registered_documents_for_who_is_not_signed_in(client: httpx.AsyncClient, door: Door) -> None:
    door._trusted = TrustedDocuments([REGISTERED], only_for_anonymous=True)
    response = await client.post("/graphql", json={"query": "{ hello }"})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (403, "DOCUMENT_NOT_TRUSTED")
    for body in ({"query": REGISTERED}, {"query": REGISTERED.strip()}, by_extension(REGISTERED)):
        assert (await client.post("/graphql", json=body)).json() == REGISTERED_ANSWER
    signed_in = {"authorization": "Bearer good"}
    assert (await client.post("/graphql", json={"query": "{ hello }"}, headers=signed_in)).status_code == 200


def test_documents_come_from_the_pages_and_from_the_settings_folder(tmp_path: Path) -> None:
    pages, registered = tmp_path / "pages", tmp_path / "registered"
    (pages / "staff").mkdir(parents=True)
    registered.mkdir()
    (pages / "staff" / "home.graphql").write_text("# title: 首页\n{ hello }\n", encoding="utf-8")
    (registered / "app.graphql").write_text("{ rows }", encoding="utf-8")
    settings = Settings(trusted_documents=registered, trusted_documents_only_for_anonymous=True)
    door = open_door(SmallEngine(), NamedCallers(), settings, [pages])
    assert len(door._trusted) == 3


def test_a_file_that_is_no_document_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "broken.graphql").write_text("{ hello", encoding="utf-8")
    with pytest.raises(UntrustworthyFileError, match=r"broken\.graphql"):
        open_door(SmallEngine(), NamedCallers(), Settings(), [tmp_path])
