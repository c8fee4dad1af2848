"""From a request to its viewer: a bearer token, a browser's session, or nobody.

The viewer follows from the verified token or session alone, never from another header, a parameter or a host name. Tokens
count where programs ask (`/graphql` and its streams) and win over a cookie there; pages look at the cookie only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from domain.identity.tokens import InvalidTokenError
from foundation.language import LANGUAGES, translate
from portal.bearer import BearerTokens
from portal.language import accepted_language
from portal.pages.language_choice import COOKIE, known
from portal.sessions import Sessions
from segments.audiences import CONSUMER, DIVISION, Audience
from segments.viewer import Language, Viewer

ANONYMOUS = {language: Viewer.anonymous(language) for language in LANGUAGES}

CHALLENGE = "Bearer"
INVALID_TOKEN = 'Bearer error="invalid_token"'  # noqa: S105 - a challenge, not a secret.
INVALID_REQUEST = 'Bearer error="invalid_request"'


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `by_cookie`: a browser vouches for them, which other sites can make it do, so the CSRF rule must hold."""

    viewer: Viewer
    by_cookie: bool = False


@dataclass
class CallerRefusedError(Exception):
    """Nobody is answered: what was presented is not valid, or this installation does not serve them."""

    status: int
    code: str
    language: Language
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def message(self) -> str:
        """What the client is told."""
        return translate(f"caller.{self.code}", self.language)


class Callers:
    """Finds the viewer of requests to the GraphQL endpoints."""

    def __init__(
        self, sessions: Sessions, tokens: BearerTokens, served: frozenset[Audience], default: Language
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._served = served
        self._default: Language = default

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Who asks by HTTP, or by a WebSocket's opening request."""
        language = self.language(connection)
        presented = header_values(connection, b"authorization")
        if len(presented) > 1:
            raise CallerRefusedError(400, "AUTHORIZATION_MALFORMED", language, {"WWW-Authenticate": INVALID_REQUEST})
        if presented:
            return await self.bearer(presented[0], language)
        if header_values(connection, b"cookie"):
            viewer = await self._sessions.viewer(connection, language)
            if viewer is not None:
                return Caller(self._admitted(viewer), by_cookie=True)
        if CONSUMER not in self._served:
            raise CallerRefusedError(401, "SIGN_IN_NEEDED", language, {"WWW-Authenticate": CHALLENGE})
        return Caller(ANONYMOUS[language])

    async def bearer(self, authorization: str, language: Language) -> Caller:
        """Who asks with the value of an `Authorization` header, which WebSocket clients send in `connection_init`."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise CallerRefusedError(401, "AUTHORIZATION_MALFORMED", language, {"WWW-Authenticate": CHALLENGE})
        try:
            viewer = await self._tokens.viewer(token.strip(), language)
        except InvalidTokenError as error:
            raise CallerRefusedError(401, "TOKEN_INVALID", language, {"WWW-Authenticate": INVALID_TOKEN}) from error
        if viewer.audience is DIVISION and not await self._sessions.is_member(viewer):
            # The division works with what was military: its tokens end with the membership and not minutes later.
            raise CallerRefusedError(401, "TOKEN_INVALID", language, {"WWW-Authenticate": INVALID_TOKEN})
        return Caller(self._admitted(viewer))

    def language(self, connection: HTTPConnection) -> Language:
        """The language in which the caller is answered."""
        if header_values(connection, b"cookie") and (chosen := known(connection.cookies.get(COOKIE))):
            return chosen
        accepted = header_values(connection, b"accept-language")
        return accepted_language(accepted[0], self._default) if accepted else self._default

    def _admitted(self, viewer: Viewer) -> Viewer:
        if viewer.audience not in self._served:
            raise CallerRefusedError(403, "AUDIENCE_NOT_SERVED", viewer.language)
        return viewer


def header_values(connection: HTTPConnection, name: bytes) -> list[str]:
    """The values of a header, from the headers as they came.

    Most requests to the endpoints have neither cookies nor a language; Starlette's headers, which are made to be asked
    often, and its cookies would take two thirds of the time of finding a caller.
    """
    return [value.decode("latin-1") for each, value in connection.scope["headers"] if each == name]
