"""Why a request is refused before anything runs. The engine turns these into GraphQL errors; the door adds the status.

RequestError            any refusal of a request as a whole
    InsufficientScope   the viewer lacks scopes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError


class RequestError(Exception):
    """The request is refused as a whole. `key` names the message in the catalogues, `code` is for programs."""

    def __init__(
        self, code: str, key: str, params: Mapping[str, object] | None = None, path: Sequence[str | int] | None = None
    ) -> None:
        super().__init__(key)
        self.code = code
        self.key = key
        self.params = dict(params or {})
        self.path = list(path) if path is not None else None


class InsufficientScope(RequestError):  # noqa: N818 - named as RFC 6750 names it
    """The viewer lacks `scopes`, which is the smallest missing set, for the field at `path`."""

    def __init__(self, scopes: Sequence[str], path: Sequence[str | int]) -> None:
        super().__init__("INSUFFICIENT_SCOPE", "request.insufficient_scope", {"scopes": " ".join(scopes)}, path)
        self.scopes = tuple(scopes)


class GraphQLFaults(Exception):  # noqa: N818 - it holds several errors
    """The document or its variables break the rules of GraphQL; graphql-core's errors say where."""

    def __init__(self, code: str, errors: Sequence[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = list(errors)

    def formatted(self) -> list[dict[str, Any]]:
        """The errors as clients receive them."""
        return [
            {**dict(error.formatted), "extensions": {**(error.extensions or {}), "code": self.code}}
            for error in self.errors
        ]


def bad_input(key: str, path: Sequence[str | int] | None = None, **params: object) -> RequestError:
    """A value that no rule of GraphQL forbids but ours does, such as a page of 101."""
    return RequestError("BAD_USER_INPUT", key, params, path)
