"""Between Starlette's requests and Authlib's, and between Authlib's synchronous grants and our asynchronous rules.

Authlib runs inside `AsyncSession.run_sync`, in the request's own transaction; `wait` lets its hooks call our rules there.
It writes what clients sent into `error_description` and raises `ValueError` for characters that may not stand there, so
parameters are looked at here first.
"""

# Authlib's stubs say that a parameter may be there and be None.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request
from sqlalchemy.util import await_
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from portal.pages.submit import read_form

Pairs = Iterable[tuple[str, str]]

PARAMETERS_MAX = 60
VALUE_CHARACTERS_MAX = 8_192
# What may stand in `error_description` (RFC 6749 §4.1.2.1), where Authlib repeats these.
PLAIN = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", re.ASCII)
PRINTABLE = re.compile(r"[\x20-\x7e]*", re.ASCII)
# Words of people, in which any character may stand.
WORDS = frozenset({"login_hint", "logout_hint", "ui_locales", "claims"})
OPAQUE = frozenset({"state", "client_secret", "authorization_details"})
# RFC 8707 lets a client name several.
REPEATABLE = frozenset({"resource"})

# No cookie is looked at where these stand, so any page may ask (browser programs do) and no browser keeps the answer.
ANSWER_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate, DPoP-Nonce",
}

wait = await_


class Payload(OAuth2Payload):
    """The parameters of a request. An empty one counts as left out (RFC 6749 §3.1)."""

    def __init__(self, pairs: Pairs) -> None:
        self._several: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._several[name].append(value)
        self._one = {name: values[0] for name, values in self._several.items() if values[0]}

    @property
    def data(self) -> dict[str, str]:
        """The first value of each."""
        return self._one

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """All values of each."""
        return self._several


class OAuthRequest(OAuth2Request):
    """A request as Authlib sees it. `http` is Starlette's own."""

    def __init__(self, http: Request, pairs: Pairs, *, method: str | None = None) -> None:
        # Authlib wants TLS and looks at the address; whether there is TLS is the proxy's and the settings' affair.
        uri = f"https://{http.url.netloc}{http.url.path}"
        super().__init__(method or http.method, uri, headers=http.headers)  # pyright: ignore[reportUnknownMemberType] - a deprecated argument has no type.
        self.http = http
        self.parameters = Payload(pairs)
        self.payload = self.parameters

    @property
    def args(self) -> dict[str, str]:
        """The parameters."""
        return self.parameters.data

    @property
    def form(self) -> dict[str, str]:
        """The parameters likewise: the token endpoint is given those of the body alone, never the query's."""
        return self.parameters.data

    @property
    def resources(self) -> list[str]:
        """For which resources a token shall be (RFC 8707)."""
        return [each for each in self.parameters.datalist.get("resource", ()) if each]


def check_parameters(request: OAuthRequest) -> None:
    """Refuse parameters that are given twice or that hold what no parameter can."""
    several = request.parameters.datalist
    if len(several) > PARAMETERS_MAX:
        raise InvalidRequestError("Too many parameters.")
    for name, values in several.items():
        if not PLAIN.fullmatch(name):
            raise InvalidRequestError("A parameter's name is malformed.")
        if len(values) > 1 and name not in REPEATABLE:
            raise InvalidRequestError(f"Multiple '{name}' in request.")
        for value in values:
            if len(value) > VALUE_CHARACTERS_MAX or not fits(name, value):
                raise InvalidRequestError(f"Parameter '{name}' is malformed.")


def fits(name: str, value: str) -> bool:
    """Whether a parameter may have this value at all."""
    if name in WORDS:
        return "\x00" not in value and value.encode("utf-8", "replace").decode() == value
    return bool((PRINTABLE if name in OPAQUE else PLAIN).fullmatch(value))


async def read_parameters(request: Request) -> Pairs:
    """The parameters of a form's body; none when it is not a form, so that the refusal is about what is missing."""
    try:
        return (await read_form(request)).pairs
    except ValueError:
        return []


def answer(status: int, body: Any, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """What Authlib answers, as Starlette sends it: JSON, or a redirection by GET."""
    sent = dict(headers)
    if isinstance(body, dict):
        kept = {name: value for name, value in sent.items() if name.lower() != "content-type"}
        return JSONResponse(body, status, headers={**kept, **ANSWER_HEADERS})
    if location := sent.get("Location"):
        return RedirectResponse(location, 303, headers={"Cache-Control": "no-store"})
    return Response(body, status, headers={**sent, **ANSWER_HEADERS})
