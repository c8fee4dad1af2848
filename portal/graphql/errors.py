"""What the door refuses, with which status and code, and how a refusal is written.

    ProtocolError           the request itself is at fault: always 4xx, nothing was looked up for it
        (its codes are below, one function for each refusal that more than one module makes)

Everything has one form, `{"errors": [{"message": …, "extensions": {"code": …}}]}`, in the caller's language.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import structlog

from foundation.language import translate
from foundation.logs import request_reference
from resolvers.planner.engine import Answer
from segments.viewer import Language

LOGGER = structlog.get_logger("portal.graphql")

# Statuses of refused operations that are not 400, and hold for `application/json` too: what HTTP itself must know.
STATUSES = {
    "INSUFFICIENT_SCOPE": 403,
    "VIEW_NOT_SERVED": 403,
    "METHOD_NOT_ALLOWED": 405,
    "KEY_BUSY": 409,
    "INTERNAL": 500,
    "OVERLOADED": 503,
    "TIMEOUT": 503,
}


class ProtocolError(Exception):
    """A request that is not one. `key` names the message in the catalogues, `code` is for programs."""

    def __init__(
        self, status: int, code: str, key: str, headers: Mapping[str, str] | None = None, **params: object
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.key = key
        self.headers = dict(headers or {})
        self.params = params

    def message(self, language: Language) -> str:
        """What the client is told."""
        return translate(self.key, language, **self.params)


def bad_request(key: str, **params: object) -> ProtocolError:
    """The parameters are not those of a GraphQL request."""
    return ProtocolError(400, "BAD_REQUEST", key, None, **params)


def invalid_json(name: str, reason: str) -> ProtocolError:
    """The body or a parameter is not JSON."""
    return ProtocolError(400, "INVALID_JSON", "protocol.json", name=name, reason=reason)


def over_limit(limit: str, maximum: float, status: int = 400) -> ProtocolError:
    """A limit of the door; those of documents are `resolvers.planner.limits.LimitExceeded`."""
    return ProtocolError(status, f"LIMIT_{limit.upper()}", f"limit.{limit}", maximum=maximum)


def not_allowed(*methods: str) -> ProtocolError:
    """The address does not take this method."""
    allowed = ", ".join(methods)
    return ProtocolError(405, "METHOD_NOT_ALLOWED", "protocol.method", {"Allow": allowed}, allowed=allowed)


def error_body(message: str, code: str, **extensions: object) -> bytes:
    """A refusal as JSON."""
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": code, **extensions}}]})


def timed_out(seconds: float, language: Language) -> Answer:
    """The answer of an operation that was cancelled for its time."""
    body = error_body(translate("limit.seconds", language, maximum=f"{seconds:g}"), "TIMEOUT")
    return Answer(body, refused=True, code="TIMEOUT")


def failed(error: Exception, language: Language) -> Answer:
    """The answer when we are at fault: logged with its reference, of which alone the client learns."""
    reference = request_reference.get() or "-"
    LOGGER.error("request failed", exc_info=error)
    body = error_body(translate("protocol.internal", language, reference=reference), "INTERNAL", reference=reference)
    return Answer(body, refused=True, code="INTERNAL")


def refusal_headers(answer: Answer) -> dict[str, str]:
    """The headers that HTTP asks for beside the status of a refused operation."""
    if answer.code == "INSUFFICIENT_SCOPE":
        # RFC 6750 §3.1; scopes are names of ours, so nothing in them needs quoting.
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{" ".join(answer.scopes)}"'}
    if answer.code == "METHOD_NOT_ALLOWED":
        return {"Allow": "POST"}
    return {"Retry-After": "1"} if answer.code in {"OVERLOADED", "KEY_BUSY"} else {}
