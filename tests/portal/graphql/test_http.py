from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from portal.graphql.deadlines import Deadlines
from portal.graphql.door import Door
from tests.portal.graphql.small_engine import NamedCallers, SmallEngine

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


async def post(client: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/graphql", content=content, headers={"content-type": JSON} | named)


def code(response: httpx.Response) -> str:
    assert set(response.json()) == {"errors"}
    return response.json()["errors"][0]["extensions"]["code"]


async def test_an_answer(client: httpx.AsyncClient) -> None:
    response = await post(
        client, {"query": "query Q($n: String) { hello(name: $n) }", "variables": {"n": "四方"}, "operationName": "Q"}
    )
    assert response.json() == {"data": {"hello": "Hello, 四方!"}}
    assert "connection" not in response.headers


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: String!) { hello(name: $n) }", "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", "OPERATION_NOT_FOUND"),
        ("subscription { ticks }", "SUBSCRIPTION_NOT_STREAMED"),
    ],
)
async def test_a_refused_operation_has_200_as_plain_json_and_400_as_graphql_response(
    client: httpx.AsyncClient, query: str, expected: str
) -> None:
    for accept, status in ((JSON, 200), (GRAPHQL, 400)):
        response = await post(client, {"query": query}, accept=accept)
        assert (response.status_code, code(response)) == (status, expected)
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"


async def test_an_error_within_an_execution_is_a_success_of_http(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": "{ hello fault }"}, accept=GRAPHQL)
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "Hello, world!", "fault": None}


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_a_missing_scope_is_named_to_http(client: httpx.AsyncClient, accept: str) -> None:
    response = await post(client, {"query": "{ secret }"}, accept=accept)
    assert response.status_code == 403
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="secret:read"'


class TestNegotiation:
    @pytest.mark.parametrize(
        ("accept", "answered"),
        [
            (GRAPHQL, GRAPHQL),
            (JSON, JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            ("", JSON),
            (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
            (f"{JSON}, {GRAPHQL}", GRAPHQL),
            (f"{JSON};q=0.9, {GRAPHQL};q=0.8", JSON),
            (f"text/html, */*;q=0.1, {GRAPHQL};q=0.2", GRAPHQL),
            (f"{GRAPHQL};q=0, */*", JSON),
            (f"{JSON};q=0, application/*", GRAPHQL),
            ('APPLICATION/JSON; Charset="UTF-8"', JSON),
            (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
            (f"{GRAPHQL};charset=utf-8, {JSON};charset=utf-8", GRAPHQL),
            ("text/html, *;q=0.2, */*;q=0.2", JSON),
        ],
    )
    async def test_accepted(self, client: httpx.AsyncClient, accept: str, answered: str) -> None:
        response = await post(client, {"query": "{ hello }"}, accept=accept)
        assert (response.status_code, response.headers["content-type"]) == (200, f"{answered}; charset=utf-8")

    @pytest.mark.parametrize(
        "accept",
        [
            "text/html",
            f"{JSON};q=0",
            "*/*;q=0",
            "application/json;charset=utf-16",
            "application/json;q=x",
            ";;,,/",
            "json",
        ],
    )
    async def test_not_acceptable(self, client: httpx.AsyncClient, accept: str) -> None:
        response = await post(client, {"query": "{ hello }"}, accept=accept)
        assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")
        assert response.headers["content-type"] == "application/json; charset=utf-8"

    async def test_no_accept_header_at_all(self, client: httpx.AsyncClient) -> None:
        del client.headers["accept"]
        assert (await post(client, {"query": "{ hello }"})).headers["content-type"].startswith(JSON)

    async def test_several_accept_headers_are_one_list(self, client: httpx.AsyncClient) -> None:
        request = client.build_request("POST", "/graphql", json={"query": "{ hello }"})
        request.headers = httpx.Headers([("content-type", JSON), ("accept", "text/html"), ("accept", GRAPHQL)])
        assert (await client.send(request)).headers["content-type"].startswith(GRAPHQL)

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql", "json",
            "application/json; charset=latin-1", "application/json; charset=utf-16", "application/jsonx", "application/json, text/plain",
        ],
    )  # fmt: skip
    async def test_bodies_of_other_types_are_refused(self, client: httpx.AsyncClient, content_type: str) -> None:
        response = await post(client, {"query": "{ hello }"}, content_type=content_type)
        assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")

    async def test_a_body_without_a_type_is_refused(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/graphql", content=b'{"query":"{ hello }"}')
        assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")

    @pytest.mark.parametrize(
        "content_type", ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"', "application/json; x=y"]
    )
    async def test_json_in_utf8_is_taken(self, client: httpx.AsyncClient, content_type: str) -> None:
        assert (await post(client, {"query": "{ hello }"}, content_type=content_type)).status_code == 200

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
    async def test_other_methods(self, client: httpx.AsyncClient, method: str) -> None:
        response = await client.request(method, "/graphql")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


class TestBody:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"", "INVALID_JSON"), (b" ", "INVALID_JSON"), (b"{", "INVALID_JSON"), (b"nonsense", "INVALID_JSON"), (b"NaN", "INVALID_JSON"),
            (b'{"query": "{ hello }"} x', "INVALID_JSON"), (b"\xef\xbb\xbf{}", "INVALID_JSON"), (b"1" * 5_000, "INVALID_JSON"),
            (b'{"query":"{ hello }","variables":{"n":' + b"9" * 5_000 + b"}}", "INVALID_JSON"),
            (b'{"query":"{ hello }","variables":{"n":"\\ud800"}}', "INVALID_JSON"), (b'{"query":"\\udc00"}', "INVALID_JSON"),
            (b"\xff\xfe{\x00", "INVALID_UTF8"), (b'{"query":"\xed\xa0\x80"}', "INVALID_UTF8"), (b'{"query":"\xc0\x80"}', "INVALID_UTF8"),
            (b"[" * 5_000, "LIMIT_JSON_DEPTH"), (b"[" * 1_000 + b"]" * 1_000, "LIMIT_JSON_DEPTH"), (b'{"a":' * 3_000, "LIMIT_JSON_DEPTH"),
            (b'{"query":"{ hello }","variables":{"n":' + b"[" * 40 + b"]" * 40 + b"}}", "LIMIT_JSON_DEPTH"),
            (b"null", "BAD_REQUEST"), (b"1", "BAD_REQUEST"), (b'"x"', "BAD_REQUEST"), (b"true", "BAD_REQUEST"), (b"{}", "BAD_REQUEST"),
            (b"[]", "BATCHING_NOT_SUPPORTED"), (b'[{"query":"{ hello }"}]', "BATCHING_NOT_SUPPORTED"),
            (b'{"query":"{ hello }","variables":{"n":"a\\u0000b"}}', "NUL_IN_TEXT"), (b'{"query":"{ hello }","variables":{"a\\u0000":1}}', "NUL_IN_TEXT"),
            (b'{"query":"{ hello(name: \\"\\\\u0000\\") }"}', "NUL_IN_TEXT"), (b'{"query":"{ hello(name: \\"\\\\u{00}\\") }"}', "NUL_IN_TEXT"),
            (b'{"query":"\\u0000"}', "NUL_IN_TEXT"),
        ],
    )  # fmt: skip
    async def test_what_is_no_request(self, client: httpx.AsyncClient, body: bytes, expected: str) -> None:
        for accept in (JSON, GRAPHQL):
            response = await post(client, body, accept=accept)
            assert (response.status_code, code(response)) == (400, expected)
            assert response.headers["content-type"].startswith(accept)

    @pytest.mark.parametrize("name", ["query", "variables", "operationName", "extensions", "documentId"])
    @pytest.mark.parametrize("wrong", [0, False, ["array"], {"obj": "ect"}, "string"])
    async def test_parameters_of_the_wrong_type(self, client: httpx.AsyncClient, name: str, wrong: Any) -> None:
        right: type = dict if name in {"variables", "extensions"} else str
        if isinstance(wrong, right):
            return
        response = await post(client, {"query": "{ hello }"} | {name: wrong})
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
        assert name in response.json()["errors"][0]["message"]

    async def test_null_and_unknown_parameters_are_absent(self, client: httpx.AsyncClient) -> None:
        body = {
            "query": "{ hello }",
            "variables": None,
            "operationName": None,
            "extensions": None,
            "documentId": None,
            "other": [1],
        }
        assert (await post(client, body)).json() == {"data": {"hello": "Hello, world!"}}

    async def test_an_empty_operation_name_is_none(self, client: httpx.AsyncClient) -> None:
        assert "data" in (await post(client, {"query": "{ hello }", "operationName": ""})).json()

    async def test_the_last_of_two_equal_keys_counts(self, client: httpx.AsyncClient) -> None:
        response = await post(client, b'{"query":"{ fault }","query":"{ hello }"}')
        assert response.json() == {"data": {"hello": "Hello, world!"}}

    async def test_text_that_only_looks_like_nul_passes(self, client: httpx.AsyncClient) -> None:
        body = {"query": 'query($n: String) { hello(name: $n) a: hello(name: "\\\\u0000") b: hello(name: """\\u0000""") }',
                "variables": {"n": "\\u0000"}}  # fmt: skip
        assert "data" in (await post(client, body)).json()

    async def test_brackets_in_text_are_not_depth(self, client: httpx.AsyncClient) -> None:
        body = {"query": "query($n: String) { hello(name: $n) }", "variables": {"n": "[{" * 100}}
        assert "data" in (await post(client, body)).json()

    async def test_too_many_variables(self, client: httpx.AsyncClient) -> None:
        body = {"query": "{ hello }", "variables": {f"v{number}": 1 for number in range(101)}}
        assert code(await post(client, body)) == "LIMIT_VARIABLES"

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip"])
    async def test_compressed_bodies(self, client: httpx.AsyncClient, encoding: str) -> None:
        response = await post(client, b"\x1f\x8b\x08\x00", content_encoding=encoding)
        assert (response.status_code, code(response)) == (415, "UNSUPPORTED_CONTENT_ENCODING")

    async def test_a_body_that_says_it_is_too_large(self, client: httpx.AsyncClient) -> None:
        response = await post(client, {"query": "{ hello }", "x": "x" * 20_000})
        assert (response.status_code, code(response), response.headers["connection"]) == (
            413,
            "LIMIT_BODY_BYTES",
            "close",
        )
        assert (await post(client, b"", content_length="9" * 400)).status_code == 413

    async def test_a_body_that_does_not_say_it_is_too_large_is_cut_while_it_is_read(
        self, client: httpx.AsyncClient
    ) -> None:
        sent = 0

        async def parts() -> Any:
            nonlocal sent
            while sent < 10_000_000:
                sent += 1_000
                yield b"x" * 1_000

        response = await client.post("/graphql", content=parts(), headers={"content-type": JSON})
        assert (response.status_code, code(response)) == (413, "LIMIT_BODY_BYTES")
        assert sent <= 45_000

    async def test_a_body_in_parts(self, client: httpx.AsyncClient) -> None:
        async def parts() -> Any:
            for part in (b'{"query":', b'"{ hel', b'lo }"}'):
                yield part

        response = await client.post("/graphql", content=parts(), headers={"content-type": JSON})
        assert response.json() == {"data": {"hello": "Hello, world!"}}

    async def test_a_body_that_does_not_come(self, client: httpx.AsyncClient, door: Door) -> None:
        door.deadlines = Deadlines(0.05)

        async def parts() -> Any:
            yield b"{"
            await asyncio.sleep(1)

        response = await client.post("/graphql", content=parts(), headers={"content-type": JSON})
        assert (response.status_code, code(response)) == (408, "BODY_TIMEOUT")

    async def test_refusals_are_in_the_language_of_the_caller(self, client: httpx.AsyncClient) -> None:
        response = await post(client, b"[]", accept_language="zh")
        assert response.json()["errors"][0]["message"].startswith("不支持批量")


class TestGet:
    async def test_a_query(self, client: httpx.AsyncClient) -> None:
        params = {
            "query": "query Q($n: String) { hello(name: $n) }",
            "variables": '{"n":"a b+c"}',
            "operationName": "Q",
            "extensions": "{}",
        }
        assert (await client.get("/graphql", params=params)).json() == {"data": {"hello": "Hello, a b+c!"}}

    async def test_empty_parameters_are_absent(self, client: httpx.AsyncClient) -> None:
        params = {"query": "{ hello }", "variables": "", "operationName": "", "extensions": ""}
        response = await client.get("/graphql", params=params)
        assert "data" in response.json()
        # An answer to GET may be stored unless it says otherwise.
        assert response.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("accept", [JSON, GRAPHQL])
    async def test_a_mutation(self, client: httpx.AsyncClient, engine: SmallEngine, accept: str) -> None:
        params = {"query": 'mutation { remember(text: "x") }'}
        response = await client.get("/graphql", params=params, headers={"accept": accept})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert not engine.remembered

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", "BAD_REQUEST"), ("query=", "BAD_REQUEST"), ("query={hello}&query={hello}", "BAD_REQUEST"),
            ("query={hello}&variables=[]", "BAD_REQUEST"), ("query={hello}&variables=x", "INVALID_JSON"),
            ("query={hello}&variables=1&variables=2", "BAD_REQUEST"), ("query=%ff", "INVALID_UTF8"), ("query=%ed%a0%80", "INVALID_UTF8"),
            ("query={hello}%00", "NUL_IN_TEXT"), ('query={hello}&variables={"a":"\\u0000"}', "NUL_IN_TEXT"),
            ("query={hello}&variables=" + "[" * 5_000, "LIMIT_JSON_DEPTH"), ("&".join(f"a{n}=1" for n in range(200)), "LIMIT_VARIABLES"),
            ("query={hello}&extensions=3", "BAD_REQUEST"), ("query={hello}&variables=" + "1" * 5_000, "INVALID_JSON"),
        ],
    )  # fmt: skip
    async def test_what_is_no_request(self, client: httpx.AsyncClient, query: str, expected: str) -> None:
        response = await client.get("/graphql?" + query)
        assert (response.status_code, code(response)) == (400, expected)

    async def test_a_long_url(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/graphql?query=" + "x" * 21_000)).status_code == 414


class TestCaller:
    async def test_a_token(self, client: httpx.AsyncClient) -> None:
        response = await post(client, {"query": "{ me }"}, authorization="Bearer good")
        assert response.json()["data"]["me"]

    async def test_a_bad_token(self, client: httpx.AsyncClient) -> None:
        response = await post(client, {"query": "{ me }"}, authorization="Bearer bad")
        assert (response.status_code, code(response)) == (401, "TOKEN_INVALID")
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


class TestCrossSite:
    """Who is known by a cookie only must have come from our own pages."""

    async def allowed(self, client: httpx.AsyncClient, method: str, **headers: str) -> bool:
        named = {name.replace("_", "-"): value for name, value in headers.items()} | {"cookie": "quadrant=anna"}
        if method == "POST":
            response = await post(client, {"query": "{ me }"}, **named)
        else:
            response = await client.get("/graphql?query={me}", headers=named)
        assert response.status_code == 200 or (response.status_code == 403 and code(response) == "CROSS_SITE_REQUEST")
        return response.status_code == 200

    @pytest.mark.parametrize(
        ("headers", "by_post", "by_get"),
        [
            ({}, True, False),
            ({"content_type": "application/json"}, True, True),
            ({"x_quadrant_request": "1"}, True, True),
            ({"graphql_require_preflight": "1"}, True, True),
            ({"origin": "http://localhost:8000"}, True, True),
            ({"origin": "http://localhost:8001"}, False, False),
            ({"origin": "https://evil.example"}, False, False),
            ({"origin": "https://evil.example:8000"}, False, False),
            ({"origin": "http://localhost:8000.evil.example"}, False, False),
            ({"origin": "null"}, False, False),
            ({"origin": ""}, False, False),
            ({"origin": "https://evil.example", "x_quadrant_request": "1"}, True, True),
            ({"sec_fetch_site": "same-origin"}, True, True),
            ({"sec_fetch_site": "same-site"}, False, False),
            ({"sec_fetch_site": "cross-site"}, False, False),
            ({"sec_fetch_site": "none"}, False, False),
        ],
    )
    async def test_headers(
        self, client: httpx.AsyncClient, headers: dict[str, str], by_post: bool, by_get: bool
    ) -> None:
        assert await self.allowed(client, "POST", **headers) == by_post
        assert await self.allowed(client, "GET", **headers) == by_get

    async def test_no_rule_for_tokens_and_strangers(self, client: httpx.AsyncClient) -> None:
        elsewhere = {"origin": "https://evil.example", "sec_fetch_site": "cross-site"}
        assert (await post(client, {"query": "{ me }"}, authorization="Bearer good", **elsewhere)).status_code == 200
        assert (await post(client, {"query": "{ me }"}, **elsewhere)).status_code == 200

    async def test_the_body_is_not_even_read(self, client: httpx.AsyncClient, engine: SmallEngine) -> None:
        body = {"query": 'mutation { remember(text: "x") }'}
        await post(client, body, cookie="quadrant=anna", origin="https://evil.example")
        assert not engine.remembered


class TestFaults:
    async def test_time_is_limited(self, client: httpx.AsyncClient, door: Door, engine: SmallEngine) -> None:
        door.deadlines = Deadlines(0.05)
        response = await post(client, {"query": "{ wait(seconds: 5) }"})
        assert (response.status_code, code(response)) == (503, "TIMEOUT")
        assert engine.cancelled == 1

    async def test_an_engine_that_fails_says_nothing_of_why(
        self, client: httpx.AsyncClient, engine: SmallEngine
    ) -> None:
        engine.crash = True
        response = await post(client, {"query": "{ hello }"})
        assert (response.status_code, code(response)) == (500, "INTERNAL")
        assert "secret" not in response.text

    async def test_callers_that_fail_say_nothing_of_why(self, client: httpx.AsyncClient, callers: NamedCallers) -> None:
        callers.away = True
        response = await post(client, {"query": "{ hello }"})
        assert (response.status_code, code(response)) == (500, "INTERNAL")
        assert "secret" not in response.text
