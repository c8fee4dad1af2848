"""The parameters of a GraphQL request, from a JSON object or from a URL; what else they hold is ignored, as the specification asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, cast
from urllib.parse import parse_qsl

from graphql import GraphQLError
from graphql.language import Lexer, Source, TokenKind

from portal.graphql.body import NUL, check_within, decode, parsed
from portal.graphql.errors import ProtocolError, bad_request, over_limit

# Where Apollo's clients put a document's hash: `extensions.persistedQuery.sha256Hash`.
PERSISTED_QUERY = "persistedQuery"
# What a parameter is, when it is there and not null.
SHAPE: Mapping[str, tuple[type, str]] = {
    "query": (str, "string"),
    "documentId": (str, "string"),
    "operationName": (str, "string"),
    "variables": (dict, "object"),
    "extensions": (dict, "object"),
}
PLAIN = frozenset({int, float, bool, type(None)})
NO_VARIABLES: Mapping[str, Any] = {}
URL_PARAMETERS_MAX = 100


# A well-formed request: its document, the SHA-256 in hexadecimal by which it names one, or both; its variables; which
# operation. Not a named tuple, which takes a call to make.
Parameters = tuple[str | None, str | None, Mapping[str, Any], str | None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the parameters of one request may hold."""

    body_bytes: int
    json_depth: int
    variables: int
    tokens: int


def from_body(raw: bytes, bounds: Bounds) -> Parameters:
    """The parameters in the body of a POST: a JSON object; a list would be a batch."""
    body = parsed(raw, "body", bounds.json_depth)
    kind: object = type(body)  # pyright: ignore[reportUnknownVariableType]
    if kind is dict and len(body) == 2:
        # What nearly everybody sends: a document and plain variables, in which there is nothing more to look for.
        query, variables = body.get("query"), body.get("variables")
        if type(query) is str and "\\" not in query and "\0" not in query and is_plain(variables, bounds):
            return query, None, variables, None
    check_within(raw, body, bounds.json_depth)
    if isinstance(body, dict):
        return from_object(cast("dict[str, Any]", body), bounds)
    if isinstance(body, list):
        raise ProtocolError(400, "BATCHING_NOT_SUPPORTED", "protocol.batch")
    raise bad_request("protocol.not_an_object")


def is_plain(variables: Any, bounds: Bounds) -> TypeGuard[dict[str, Any]]:
    """Whether these are variables, not too many, and each a text, number or truth that holds nothing more."""
    if type(variables) is not dict or len(variables) > bounds.variables:  # pyright: ignore[reportUnknownArgumentType]
        return False
    for name, value in variables.items():  # pyright: ignore[reportUnknownVariableType]
        kind = type(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        if (kind is str and "\0" in value) or (kind is not str and kind not in PLAIN) or "\0" in name:
            return False
    return True


def from_object(body: Mapping[str, Any], bounds: Bounds) -> Parameters:
    """The parameters in an object: the body of a POST, or the payload of a WebSocket's `subscribe`."""
    given: dict[str, Any] = {}
    for name, value in body.items():
        if value is not None and name in SHAPE:
            kind, expected = SHAPE[name]
            if not isinstance(value, kind):
                raise wrong_type(name, expected)
            given[name] = value
    variables: Mapping[str, Any] = given.get("variables", NO_VARIABLES)
    if len(variables) > bounds.variables:
        raise over_limit("variables", bounds.variables)
    query: str | None = given.get("query")
    digest = None
    if "documentId" in given or "extensions" in given:
        digest = named_digest(given.get("documentId"), given.get("extensions", {}))
    if query is None and digest is None:
        raise bad_request("protocol.no_document")
    if query is not None and "\\u" in query:
        refuse_nul(query, bounds.tokens)
    # A name that is empty is none: GraphiQL and others send it so.
    return query, digest, variables, given.get("operationName") or None


def from_url(query_string: bytes, bounds: Bounds) -> Parameters:
    """The parameters in the query component of a GET; empty ones count as absent."""
    if len(query_string) > bounds.body_bytes:
        raise over_limit("body_bytes", bounds.body_bytes, 414)
    try:
        pairs = parse_qsl(query_string.decode(), errors="strict", max_num_fields=URL_PARAMETERS_MAX)
    except UnicodeDecodeError as error:
        raise ProtocolError(400, "INVALID_UTF8", "protocol.body_utf8", name="URL") from error
    except ValueError as error:
        raise over_limit("variables", URL_PARAMETERS_MAX) from error
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise bad_request("protocol.repeated", name=name[:50])
        if NUL in value:
            raise ProtocolError(400, "NUL_IN_TEXT", "protocol.nul")
        written_as_json = name in {"variables", "extensions"}
        found[name] = decode(value.encode(), name, bounds.json_depth) if written_as_json else value
    return from_object(found, bounds)


def named_digest(document_id: str | None, extensions: Mapping[str, object]) -> str | None:
    """The digest by which a request names its document: `documentId` of the specification, or Apollo's extension."""
    digests = [] if document_id is None else [sha256_of(document_id, prefix="sha256:")]
    persisted = extensions.get(PERSISTED_QUERY)
    if persisted is not None:
        if not isinstance(persisted, dict):
            raise wrong_type(f"extensions.{PERSISTED_QUERY}", "object")
        digests.append(sha256_of(cast("dict[str, object]", persisted).get("sha256Hash"), prefix=""))
    if len(set(digests)) > 1:
        raise bad_request("protocol.two_documents")
    return digests[0] if digests else None


def sha256_of(identifier: object, prefix: str) -> str:
    """The 64 lower-case hexadecimal digits of an identifier."""
    if not isinstance(identifier, str):
        raise wrong_type(f"extensions.{PERSISTED_QUERY}.sha256Hash", "string")
    digest = identifier.removeprefix(prefix)
    if not identifier.startswith(prefix) or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise bad_request("protocol.document_id")
    return digest


def wrong_type(name: str, expected: str) -> ProtocolError:
    """The parameter has another type."""
    return bad_request("protocol.wrong_type", name=name, expected=expected)


def refuse_nul(query: str, tokens_max: int) -> None:
    """Refuse U+0000 written as an escape inside a literal of the document; the raw character was refused before."""
    lexer = Lexer(Source(query))
    try:
        for _ in range(tokens_max):
            token = lexer.advance()
            if token.kind is TokenKind.EOF:
                return
            if token.value is not None and NUL in token.value:
                raise ProtocolError(400, "NUL_IN_TEXT", "protocol.nul")
    except GraphQLError:
        # Not a document, which is for the engine to say.
        return
